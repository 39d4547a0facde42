"""Secrets that a run is given: told through a pipe, so that no disk has them.

The runner writes one line of JSON, names and values, into the pipe ``INSIDE/secrets`` as soon as
somebody reads it. That they have come is noted in ``OUTSIDE/supplied.json``, without them.
"""

from __future__ import annotations

import os
import time

from twinhub_agent.journal import write_when_there_is_room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PIPE, NOTE = "secrets", "supplied.json"
_CHUNK = 1 << 16
_PAUSE_SECONDS = 0.01


def take_secrets(
    inside: str, outside: str, is_given_up: Callable[[], bool]
) -> dict[str, str] | None:
    """Wait for the secrets, by the names that stand for them in text; None if that is given up."""
    pipe = os.open(f"{inside}/{PIPE}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    told = b""
    try:
        while not told.endswith(b"\n"):
            if is_given_up():
                return None
            try:
                came = os.read(pipe, _CHUNK)
            except BlockingIOError:
                came = b""
            told += came
            if not came:
                time.sleep(_PAUSE_SECONDS)
    finally:
        os.close(pipe)
    write_when_there_is_room(f"{outside}/{NOTE}", {})
    import json  # noqa: PLC0415 - half of the time that the agent takes to start

    return {str(name): str(value) for name, value in json.loads(told).items()}
