"""``python3 start.py INSIDE OUTSIDE [LIMIT=NUMBER …]``: run the phase of ``plan.json``, once."""

from __future__ import annotations

import fcntl
import os
import sys

from twinhub_agent import holding
from twinhub_agent.bare import load
from twinhub_agent.journal import when_there_is_room, write_when_there_is_room
from twinhub_agent.phase import Phase
from twinhub_agent.spawning import let_nobody_in, take_limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

DONE_BEFORE = 97
"""Status of a sandbox whose phase another one runs, or has run."""


def main() -> int:
    """Run a phase; its status and why it ended are in ``OUTSIDE/result.json`` afterwards.

    A lock on ``INSIDE/lock`` is held as long as this process lives, so that others see whether it
    does, and which process it is (fcntl(2), ``F_GETLK``): a phase reads that folder only, so it
    cannot take the file away. A phase that was begun is not begun again, whoever starts another
    sandbox for the same try.
    """
    inside, outside, *limits = sys.argv[1:]
    memory = take_limits(limits)
    if limits:
        let_nobody_in()
    if os.getpid() == 1:  # on a machine of one's own sudo is sudo
        programs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
        os.environ["PATH"] = f"{programs}:{os.environ.get('PATH', os.defpath)}"
    plan = {**load(f"{inside}/plan.json"), "memory_bytes": memory}
    only = os.open(f"{outside}/lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(only, fcntl.LOCK_EX | fcntl.LOCK_NB)
        holding.hold(f"{inside}/lock")
        begun = os.open(f"{outside}/begun", os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        return DONE_BEFORE
    os.fsync(begun)  # after a power cut it is not begun again either
    os.close(begun)
    secrets, ended = _build(plan, inside, outside)
    if ended is None:
        ended = when_there_is_room(lambda: Phase(plan, inside, outside, secrets)).run()
    status, reason = ended
    write_when_there_is_room(f"{outside}/result.json", {"status": status, "reason": reason})
    return int(status)


def _build(
    plan: Mapping[str, Any], inside: str, outside: str
) -> tuple[Mapping[str, str] | None, tuple[int, str] | None]:
    if not plan.get("build"):
        return None, None
    from twinhub_agent.building import build  # noqa: PLC0415 - most have nothing to build

    return build(plan, inside, outside)
