"""A place and its repository, side by side: what lies in the one and what the other knows."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import OWN_FOLDER
from twinhub_library.repositories.addresses import check_commit
from twinhub_library.repositories.content import CommitContent, list_pointers, missing_of
from twinhub_library.repositories.errors import (
    GitUnavailableError,
    LargeFileMissingError,
    TooLargeError,
)
from twinhub_library.repositories.imports import Author, NewCommit, Written
from twinhub_library.repositories.reports import ChangeKind, FileChange
from twinhub_library.repositories.running import Silent
from twinhub_library.repositories.scanning import Names, Rules, Scan, exact_chunks, scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twinhub_library.opened import OpenFolder
    from twinhub_library.repositories.connections import Connections, Opened
    from twinhub_library.repositories.objects import GitFile, Listing
    from twinhub_library.repositories.remotes import Remote
    from twinhub_library.repositories.running import Listener
    from twinhub_library.repositories.scanning import TreeFile
    from twinhub_library.tree import Tree

BASE, PUSHING, KEPT = "refs/twinhub/base", "refs/twinhub/pushing", "refs/twinhub/kept/"
MOST_KEPT = 50
_NAMES = "names.json"


@dataclass(frozen=True)
class Changes:
    """What lies in a place and differs from a commit."""

    written: Mapping[str, TreeFile]
    removed: tuple[str, ...]
    listed: tuple[FileChange, ...]

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(self.listed)


class Desk:
    """What one operation works with."""

    def __init__(self, tree: Tree, opened: Opened, listener: Listener) -> None:
        """Use a repository that is open for this operation alone."""
        self.tree, self.listener = tree, listener
        self.row, self.repository, self.place = opened.row, opened.repository, opened.place

    # -- the repository's side

    @property
    def remote_ref(self) -> str:
        """Ref of what the other side's branch was at the last fetch."""
        return f"refs/remotes/origin/{self.row.branch}"

    def base(self) -> str | None:
        """Return the commit that was synced last."""
        return self.repository.refs.find(BASE)

    def find_commit(self, name: str) -> str:
        """Return the commit that digits name.

        Raises:
            NotThereError: there is none.
        """
        found = self.repository.find_commit(check_commit(name))
        if found is None:
            raise NotThereError(f"There is no commit {name}.")
        return found

    def listing(self, commit: str | None) -> Listing:
        """Return the files of a commit that belong to the place."""
        return self.repository.list_files(commit, self.row.folder)

    def content(self, files: Mapping[str, GitFile]) -> CommitContent:
        """Return files of a commit as one side of a merge."""
        return CommitContent(self.repository, files)

    def fetch_large(
        self, remote: Remote | None, commit: str, files: Mapping[str, GitFile],
        all_files: Mapping[str, GitFile],
    ) -> tuple[str, ...]:  # fmt: skip
        """Bring what Git LFS keeps of some files; return what to tell a person."""
        pointers = list_pointers(self.repository, files, all_files)
        if not missing_of(self.repository, pointers.values()):
            return ()
        if remote is not None:
            self.listener.say("Fetching large files")
            try:
                self.repository.fetch_large(remote, commit, self.listener)
            except GitUnavailableError as error:
                return (str(error),)
            except LargeFileMissingError:
                pass  # said below, by name
        missing = sorted(
            path for path, one in pointers.items() if not self.repository.large.find(one)
        )
        return tuple(f"{path}: its content is not at the Git LFS server." for path in missing)

    # -- the place's side

    def has_place(self) -> bool:
        """Return whether the folder of the place is there."""
        try:
            self.tree.open_folder(self.place).close()
        except NotThereError:
            return False
        return True

    def folder(self) -> OpenFolder:
        """Open the folder of the place.

        Raises:
            NotThereError: it is gone.
        """
        return self.tree.open_folder(self.place)

    def scan(self, known: Iterable[str]) -> Scan:
        """Return what lies in the place; ``known`` paths are synced whatever ``.gitignore`` says.

        Raises:
            NotThereError: the place is gone.
            ChangedError: a file changed while it was read.
        """
        self.listener.say("Looking at the files")
        self.repository.empty_work()
        names = Names.load(self.repository.folder / _NAMES)
        rules = Rules(self.repository.list_ignored, self.repository.list_large, self._put)
        with self.folder() as folder:
            found = scan(folder, names, rules, known=frozenset(known), check=self.listener.check)
        names.save(self.repository.folder / _NAMES)
        return found

    def _put(self, path: str, content: bytes) -> None:
        """Show git one file with rules; it knows `.twinignore` by the name of its own."""
        target = self.repository.work / path
        if target.name == ".twinignore":
            target = target.with_name(".gitignore")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as file:
            file.write(content + b"\n")

    def commit(
        self, found: Changes, parent: str | None, message: str, author: Author
    ) -> str:  # fmt: skip
        """Make a commit of what differs from its parent; no ref names it yet.

        Raises:
            ChangedError: a file is another one than it was when it was looked at.
        """
        self.listener.say("Making a commit")
        prefix = f"{self.row.folder}/" if self.row.folder else ""
        with self.folder() as folder:
            written = tuple(
                self._written(folder, path, f"{prefix}{path}", one)
                for path, one in found.written.items()
            )
            removed = tuple(f"{prefix}{path}" for path in found.removed)
            new = NewCommit(parent, written, removed, message, author, datetime.now(UTC))
            return self.repository.commit(new, self.listener)

    def _written(self, folder: OpenFolder, path: str, target: str, one: TreeFile) -> Written:
        if one.pointer:
            pointer = one.pointer
            if self.repository.large.find(pointer) is None:
                self.repository.large.keep(pointer, exact_chunks(folder, path, one.etag))
            text = pointer.text
            return Written(target, one.is_executable, len(text), lambda: [text])
        chunks = exact_chunks(folder, path, one.etag)
        return Written(target, one.is_executable, one.size, lambda: chunks)

    def keep_file(self, path: str, most_bytes: int) -> str | None:
        """Give a file of the place to git as content; return its name, None where none is there.

        Raises:
            TooLargeError: it has more bytes than that.
        """
        with self.folder() as folder:
            found = folder.find(path)
            if found is None or not found.is_file:
                return None
            if found.status.st_size > most_bytes:
                raise TooLargeError(f"{path} is too large to show what differs in it.")
            return self.repository.hash_content(folder.read(path))

    def keep(self, found: Changes, base: str | None, *, is_lasting: bool = True) -> str | None:
        """Keep what lies in the place before it is changed; return the commit that has it.

        It is base itself where nothing differs. The newest are kept, see `MOST_KEPT`.
        """
        if not found:
            return base
        author = Author("TwinHub", "")
        made = self.commit(found, base, "What was here before", author)
        if not is_lasting:
            return made
        names = list(self.repository.refs.list(KEPT))
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        old: dict[str, str | None] = dict.fromkeys(names[MOST_KEPT - 1 :])
        self.repository.refs.change(old | {f"{KEPT}{stamp}": made})
        return made

    # -- a first copy

    def write_place(self, listing: Listing, base_name: str) -> None:
        """Make the place, which is not there, of the files of a commit: whole, or not at all."""
        self.listener.say("Writing the files", 0, len(listing.files))
        self.repository.export(listing.files, self.listener)
        for path, pointer in list_pointers(
            self.repository, listing.files, listing.files
        ).items():  # fmt: skip
            large = self.repository.large.find(pointer)
            if large:
                shutil.copyfile(large, self.repository.work / path)
        self._take_work()
        work = RelativePath((OWN_FOLDER, "git", self.row.id, "work"))
        self._make_parents()
        with self.tree.open_folder(work.parent) as own:
            own.be_lazy()
            own.flush()
        self.tree.move(work, self.place)
        self.repository.work.mkdir(mode=0o755)
        self.repository.give(self.repository.work)
        self.repository.refs.change({BASE: base_name})

    def _take_work(self) -> None:
        """Take over what git wrote as another user, which it does where we are root."""
        if os.geteuid() != 0:
            return
        owner = (self.repository.folder.parents[2]).stat()
        for folder, _, files in os.walk(self.repository.work):
            for name in (".", *files):
                os.chown(f"{folder}/{name}", owner.st_uid, owner.st_gid, follow_symlinks=False)

    def _make_parents(self) -> None:
        for count in range(2, len(self.place.names)):
            with contextlib.suppress(FileExistsError):
                parent = RelativePath(self.place.names[:count])
                if not _is_there(self.tree, parent):
                    self.tree.make_folder(parent)

    @cached_property
    def label(self) -> str:
        """What is in the name of a copy that keeps what was changed here."""
        return f"yours {datetime.now(UTC):%Y-%m-%d}"


@contextlib.contextmanager
def open_desk(
    tree: Tree, connections: Connections, repository_id: str, listener: Listener | None, *,
    is_shared: bool = False,
) -> Iterator[Desk]:  # fmt: skip
    """Open a repository for one operation, beside its place.

    Raises:
        NotThereError: there is none such.
        BusyRepositoryError: somebody works on it.
    """
    with connections.open(repository_id, is_shared=is_shared) as opened:
        yield Desk(tree, opened, listener or Silent())


def _is_there(tree: Tree, path: RelativePath) -> bool:
    try:
        tree.get_entry(path)
    except NotThereError:
        return False
    return True


def compare(found: Scan, listing: Listing) -> Changes:
    """Return what lies in a place and differs from the files of a commit."""
    left_out = {one.path for one in found.left_out}
    beyond = {one.path for one in listing.left_out}
    written, listed = {}, []
    for path, one in found.files.items():
        old = listing.files.get(path)
        if old and (old.blob, old.is_executable) == (one.blob, one.is_executable):
            continue
        if path in beyond:
            continue
        written[path] = one
        listed.append(FileChange(path, ChangeKind.CHANGED if old else ChangeKind.ADDED))
    removed = tuple(
        path for path in listing.files if path not in found.files and path not in left_out
    )
    listed += [FileChange(path, ChangeKind.REMOVED) for path in removed]
    return Changes(written, removed, tuple(sorted(listed, key=lambda one: one.path)))
