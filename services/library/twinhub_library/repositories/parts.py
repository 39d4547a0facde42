"""The parts that sync with repositories, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.sealing import load_sealer

from twinhub_library.publishing.secrets import find_secrets
from twinhub_library.repositories.connections import Connections
from twinhub_library.repositories.credentials import CredentialSource, NoLogins
from twinhub_library.repositories.looking import Looking
from twinhub_library.sync import Around, Syncing

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_kit.database import Database
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.settings import LibrarySettings
    from twinhub_library.tree import Tree


@dataclass(frozen=True)
class Repositories:
    """What routes use of repositories."""

    connections: Connections
    syncing: Syncing
    looking: Looking


def open_repositories(
    settings: LibrarySettings, tree: Tree, database: Database, *,
    announce: Callable[[RelativePath], None], check_room: Callable[[RelativePath, int], None],
    logins: CredentialSource | None = None,
) -> Repositories:  # fmt: skip
    """Put the parts together; git directories that a crash left are removed."""
    connections = Connections(
        settings.root, database, settings.git,
        sealer=load_sealer(settings.crypt_keys, settings.state / "credentials.key"),
        logins=logins or NoLogins(),
    )  # fmt: skip
    connections.recover()
    around = Around(find_secrets=find_secrets, announce=announce, check_room=check_room)
    syncing = Syncing(tree, connections, around, email_domain=settings.git.email_domain)
    return Repositories(connections, syncing, Looking(tree, connections))
