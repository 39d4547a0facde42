"""A library beside real git servers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.callers import Caller
from twinhub_kit.database import Database
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.sealing import load_sealer
from twinhub_library.areas import OWN_FOLDER
from twinhub_library.publishing.secrets import find_secrets
from twinhub_library.repositories.connections import Connections, Wanted
from twinhub_library.repositories.credentials import (
    Credential,
    CredentialKind,
    NoLogins,
)
from twinhub_library.repositories.looking import Looking
from twinhub_library.settings import GitSettings, LibrarySettings
from twinhub_library.store.base import Base
from twinhub_library.sync import Around, Syncing
from twinhub_library.tree import Tree

from tests.fixtures.git_servers import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_library.store.repositories import RepositoryRow

ALICE = Caller("alice")
TOKEN = Credential(CredentialKind.TOKEN, USER, PASSWORD)
TOKEN_SENT = {"kind": "token", "user": USER, "secret": PASSWORD}
"""The same, as a client sends it."""


@dataclass
class Bench:
    """A library's part that syncs, over a folder."""

    root: Path
    tree: Tree
    database: Database
    connections: Connections
    syncing: Syncing
    looking: Looking

    def connect(
        self, url: str, place: str = "alice/models/tank", *, credential: Credential = TOKEN,
        branch: str = "", folder: str = "", host_key: str = "",
    ) -> RepositoryRow:  # fmt: skip
        """Connect a place as alice."""
        wanted = Wanted(RelativePath.parse(place), url, branch, folder, credential, host_key)
        return self.connections.connect(ALICE, wanted)

    def cloned(self, url: str, place: str = "alice/models/tank") -> RepositoryRow:
        """Connect a place and pull for the first time."""
        row = self.connect(url, place)
        self.syncing.pull(ALICE, row.id)
        return row

    def write(self, path: str, content: str | bytes) -> Path:
        """Have alice write a file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def files(self, place: str = "alice/models/tank") -> dict[str, str]:
        """Return what lies in a place."""
        top = self.root / place
        return {
            str(file.relative_to(top)): file.read_text(errors="replace")
            for file in sorted(top.rglob("*"))
            if file.is_file()
        }


@pytest.fixture
def library_settings(library_root: Path, tmp_path: Path) -> LibrarySettings:
    settings = LibrarySettings(library_root, tmp_path / "state")
    return replace(settings, git=GitSettings(allow_loopback=True))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    root = tmp_path / "assets"
    for name in ("alice/models", OWN_FOLDER):
        (root / name).mkdir(parents=True)
    with make_bench(root, tmp_path / "state") as made:
        yield made


def make_bench(root: Path, state: Path) -> _Open:
    """Return a context that opens a bench over a root."""
    return _Open(root, state)


class _Open:
    def __init__(self, root: Path, state: Path) -> None:
        self._root, self._state = root, state

    def __enter__(self) -> Bench:
        self._state.mkdir(exist_ok=True)
        settings = GitSettings(allow_loopback=True)
        self._tree = Tree(self._root)
        self._database = Database(f"sqlite:///{self._state}/library.sqlite")
        self._database.make_tables(Base)
        connections = Connections(
            self._root, self._database, settings,
            sealer=load_sealer([], self._state / "credentials.key"), logins=NoLogins(),
        )  # fmt: skip
        around = Around(find_secrets, announce=lambda _: None)
        syncing = Syncing(self._tree, connections, around, email_domain="example.org")
        return Bench(
            self._root, self._tree, self._database, connections, syncing,
            Looking(self._tree, connections),
        )  # fmt: skip

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._tree.close()
