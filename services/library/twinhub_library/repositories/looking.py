"""Looking at repositories: how they stand, what their history tells, what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_kit.files.errors import NotThereError

from twinhub_library.repositories.desk import KEPT, compare, open_desk
from twinhub_library.repositories.reports import Status
from twinhub_library.repositories.running import Silent

if TYPE_CHECKING:
    import contextlib

    from twinhub_kit.callers import Caller

    from twinhub_library.repositories.connections import Connections
    from twinhub_library.repositories.desk import Desk
    from twinhub_library.repositories.objects import Commit
    from twinhub_library.tree import Tree

_MOST_SHOWN = 2 << 20


class Looking:
    """Status, history and differences of the connected repositories; nothing is changed."""

    def __init__(self, tree: Tree, connections: Connections) -> None:
        """Look at repositories beside a tree."""
        self._tree, self._connections = tree, connections

    def _desk(
        self, repository_id: str, *, is_shared: bool = True
    ) -> contextlib.AbstractContextManager[Desk]:
        return open_desk(self._tree, self._connections, repository_id, None, is_shared=is_shared)

    def status(
        self, caller: Caller, repository_id: str, *, fetch: bool = False
    ) -> Status:  # fmt: skip
        """Return how a place and its repository stand to each other.

        Raises:
            LibraryError: the place is gone; with ``fetch`` the other side does not answer.
        """
        with self._desk(repository_id, is_shared=False) as desk:
            if fetch:
                remote = self._connections.remote(caller, desk.row)
                desk.repository.fetch(remote, desk.row.branch, Silent())
            base, head = desk.base(), desk.repository.refs.find(desk.remote_ref)
            listing = desk.listing(base)
            found = desk.scan(listing.files) if desk.has_place() else None
            differs = compare(found, listing) if found else None
            row = desk.row
            return Status(
                base, int(bool(differs)),
                desk.repository.count_commits(base, head) if head else 0,
                bool(base and head and not desk.repository.is_ancestor(base, head)),
                differs.listed if differs else (),
                (*listing.left_out, *(found.left_out if found else ())),
                tuple(row.conflicts.splitlines()), row.fault, row.synced_at,
            )  # fmt: skip

    def history(
        self, repository_id: str, *, path: str = "", skip: int = 0, count: int = 50
    ) -> list[Commit]:
        """Return the commits of the branch, the newest first; with a path those that changed it."""
        with self._desk(repository_id) as desk:
            head = desk.repository.refs.find(desk.remote_ref) or desk.base()
            if head is None:
                return []
            whole = "/".join(one for one in (desk.row.folder, path) if one)
            return desk.repository.list_commits(head, path=whole, skip=skip, count=count)

    def kept(self, repository_id: str) -> list[Commit]:
        """Return what was kept before pulls and restores, the newest first."""
        with self._desk(repository_id) as desk:
            refs = desk.repository.refs.list(KEPT)
            return [
                one
                for commit in refs.values()
                for one in desk.repository.list_commits(commit, skip=0, count=1)
            ]

    def difference(self, repository_id: str, path: str, commit: str | None = None) -> str:
        """Return what differs in a file: since the last sync, or between a commit and its parent.

        Raises:
            NotThereError: there is no such file, or commit.
        """
        with self._desk(repository_id) as desk:
            repository = desk.repository
            if commit:
                new_commit = desk.find_commit(commit)
                old_files = desk.listing(repository.find_commit(f"{new_commit}^")).files
                new = desk.listing(new_commit).files.get(path)
                new_blob = new.blob if new else None
            else:
                old_files = desk.listing(desk.base()).files
                new_blob = desk.keep_file(path, _MOST_SHOWN)
            old = old_files.get(path)
            if old is None and new_blob is None:
                raise NotThereError(f"{path} is not there.")
            empty = repository.hash_content(b"")
            return repository.difference(old.blob if old else empty, new_blob or empty)
