"""The library as a process of an installation: ``python -m twinhub_library.service``.

All that it is told comes in its environment: ``TWINHUB_LIBRARY_SETTINGS`` as JSON, and secrets each
in a variable of its own. They are taken out of the environment before anything else is started.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import TYPE_CHECKING, Self

from twinhub_kit.hub import HubIdentity
from twinhub_kit.hub_groups import HubGroups
from twinhub_kit.process import run_process, take_settings
from twinhub_kit.serving import serve
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
        told = take_settings(NAME, cls, environment)
        library = replace(told.settings.library, crypt_keys=told.crypt_keys)
        return replace(told.settings, token=told.token, library=library)

    @property
    def writable(self) -> tuple[Path, ...]:
        """Folders that it writes to."""
        return (self.library.root, self.library.state)


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
    return run_process(NAME, ServiceSettings.from_environment, run)


if __name__ == "__main__":
    sys.exit(main())
