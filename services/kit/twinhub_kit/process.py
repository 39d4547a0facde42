"""A service as a process of an installation: what it is told, who it works as, how it ends.

All that it is told comes in its environment: ``TWINHUB_<NAME>_SETTINGS`` as JSON, and secrets each
in a variable of its own, ``…_TOKEN`` and ``…_CRYPT_KEYS``. They are taken out of the environment
before anything else is started.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from twinhub_api.log_lines import log_to_stderr

from twinhub_kit.rights import RightsError, become
from twinhub_kit.serving import share_heaps

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, MutableMapping
    from pathlib import Path
    from typing import Protocol

    class OfService(Protocol):
        """What every service is told."""

        @property
        def uid(self) -> int:
            """Return who it works as, when root starts it."""

        @property
        def writable(self) -> tuple[Path, ...]:
            """Return the folders that it writes to."""

        @property
        def needed(self) -> tuple[Path, ...]:
            """Return further folders that it reads."""


_log = logging.getLogger(__name__)

T = TypeVar("T")
S = TypeVar("S", bound="OfService")


class ServiceSettingsError(Exception):
    """The environment does not tell what a service needs; the text says what is missing."""


@dataclass(frozen=True)
class Told(Generic[T]):
    """What a service finds in its environment."""

    settings: T
    token: str
    """Its own token at the hub."""
    crypt_keys: tuple[str, ...]
    """Keys of secrets: the first encrypts, all decrypt."""


def take_settings(
    name: str, kind: type[T], environment: MutableMapping[str, str]
) -> Told[T]:  # fmt: skip
    """Take what a service is told out of an environment.

    Raises:
        ServiceSettingsError: something is missing or wrong.
    """
    start = f"TWINHUB_{name.upper()}"
    try:
        text, token = environment.pop(f"{start}_SETTINGS"), environment.pop(f"{start}_TOKEN")
        found = TypeAdapter(kind).validate_json(text)
    except KeyError as error:
        raise ServiceSettingsError(f"{error.args[0]} is not set.") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ServiceSettingsError(f"{start}_SETTINGS: {place}: {first['msg']}.") from error
    keys = environment.pop(f"{start}_CRYPT_KEYS", "")
    return Told(found, token, tuple(keys.split()))


def run_process(
    name: str, load: Callable[[MutableMapping[str, str]], S],
    run: Callable[[S], Coroutine[None, None, None]],
) -> int:  # fmt: skip
    """Run a service in this process until it is told to end; return the exit code."""
    share_heaps()
    log_to_stderr(name)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request
    try:
        settings = load(os.environ)
        become(settings.uid, writable=settings.writable, readable=settings.needed)
    except (ServiceSettingsError, RightsError) as error:
        _log.error("%s", error)
        return 1
    asyncio.run(run(settings))
    return 0
