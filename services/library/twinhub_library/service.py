"""The library as a process of an installation: ``python -m twinhub_library.service``.

All that it is told comes in its environment: ``TWINHUB_LIBRARY_SETTINGS`` as JSON, and secrets each
in a variable of its own. They are taken out of the environment before anything else is started.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import TYPE_CHECKING, Self

from pydantic import TypeAdapter, ValidationError
from twinhub_api.log_lines import log_to_stderr
from twinhub_kit.hub import HubIdentity
from twinhub_kit.hub_groups import HubGroups
from twinhub_kit.rights import RightsError, become
from twinhub_kit.serving import serve, share_heaps
from twinhub_kit.sign_in import Addresses, SignIn

from twinhub_library.gone_groups import watch_groups
from twinhub_library.library import open_library
from twinhub_library.main import make_library_application
from twinhub_library.repositories.logins import open_logins
from twinhub_library.settings import LibrarySettings  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_log = logging.getLogger(__name__)

NAME = "library"
PAGES = "/open"

_SETTINGS, _TOKEN, _CRYPT_KEYS = (
    "TWINHUB_LIBRARY_SETTINGS", "TWINHUB_LIBRARY_TOKEN", "TWINHUB_LIBRARY_CRYPT_KEYS",
)  # fmt: skip


class ServiceSettingsError(Exception):
    """The environment does not tell what the service needs; the text says what is missing."""


@dataclass(frozen=True)
class ServiceSettings:
    """What the process is told beside what the library is told."""

    library: LibrarySettings
    port: int
    """On loopback; the edge is before it."""
    uid: int
    """Who it works as, when root starts it."""
    needed: tuple[Path, ...] = ()
    """Further folders that it reads."""
    token: str = field(default="", repr=False)
    """Its own token at the hub, which is its secret as an OAuth client too."""

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> Self:
        """Take the settings out of an environment.

        Raises:
            ServiceSettingsError: something is missing or wrong.
        """
        try:
            text, token = environment.pop(_SETTINGS), environment.pop(_TOKEN)
            found = TypeAdapter(cls).validate_json(text)
        except KeyError as error:
            raise ServiceSettingsError(f"{error.args[0]} is not set.") from error
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ServiceSettingsError(f"{_SETTINGS}: {place}: {first['msg']}.") from error
        keys = tuple(environment.pop(_CRYPT_KEYS, "").split())
        return replace(found, token=token, library=replace(found.library, crypt_keys=keys))


async def run(settings: ServiceSettings) -> None:
    """Serve a library until told to end."""
    library_settings = settings.library
    addresses = Addresses(
        hub_public=f"{library_settings.public_url}/hub",
        hub_api=library_settings.hub_api_url,
        callback=f"{library_settings.public_address}/oauth_callback",
        pages=PAGES,
    )
    sign_in = SignIn(addresses, f"service-{NAME}", settings.token)
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(sign_in.close)
        identity = await opened.enter_async_context(HubIdentity(library_settings.hub_api_url))
        logins = opened.enter_context(open_logins(library_settings, settings.token))
        library = opened.enter_context(open_library(library_settings, logins=logins))
        groups = opened.enter_context(HubGroups(library_settings.hub_api_url, settings.token))
        watch_groups(library, groups.has)
        application = make_library_application(library, identity, sign_in=sign_in)
        _log.info("library opened port=%d", settings.port)
        await serve(application, port=settings.port)
        _log.info("library ends")


def main() -> int:
    """Run the process; return its exit code."""
    share_heaps()
    log_to_stderr(NAME)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request
    try:
        settings = ServiceSettings.from_environment(os.environ)
        library = settings.library
        become(settings.uid, writable=(library.root, library.state), readable=settings.needed)
    except (ServiceSettingsError, RightsError) as error:
        _log.error("%s", error)
        return 1
    asyncio.run(run(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
