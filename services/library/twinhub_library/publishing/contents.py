r"""Content that never changes, by its digest: `common/.store` and the bases of imports.

The digest is the SHA-256 of one line for each name in it, in order of the names' bytes: of a file
``<path>\0x\0<SHA-256 of the content>\n`` if it may be run and ``<path>\0-\0<SHA-256>\n`` if
not, of a folder ``<path>/\n``. Equal content is kept once.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import COMMON, OWN_FOLDER, STORE_NAME
from twinhub_library.errors import LibraryError, TooMuchError
from twinhub_library.ignoring import walk_kept
from twinhub_library.publishing.errors import NotPublishableError
from twinhub_library.tree import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twinhub_kit.files.walking import Found

    from twinhub_library.opened import OpenFolder
    from twinhub_library.tree import Tree

STORE = RelativePath((COMMON, STORE_NAME))
"""Content of published versions, which workspaces read."""
BASES = RelativePath((OWN_FOLDER, "bases"))
"""Content that nobody but the library reads: proposals, and what imports of plain assets were."""
STAGED = "work"
MOST_FILES = 200_000
_FOLDER_MODE, _FILE_MODE, _PROGRAM_MODE = 0o555, 0o444, 0o555


@dataclass(frozen=True, slots=True)
class Staged:
    """A copy that is not yet in a store."""

    id: str
    digest: str
    files: int
    size: int

    @property
    def path(self) -> RelativePath:
        """Where it lies."""
        return RelativePath((OWN_FOLDER, STAGED, self.id))


@dataclass(slots=True)
class _Copying:
    """A copy under way."""

    target: OpenFolder
    lines: list[bytes]
    files: int = 0
    size: int = 0

    def take(self, source: OpenFolder, path: str, prefix: str, *, is_executable: bool) -> None:
        digest = hashlib.sha256()

        def chunks() -> Iterator[bytes]:
            for chunk in source.chunks(path):
                digest.update(chunk)
                self.size += len(chunk)
                yield chunk

        mode = _PROGRAM_MODE if is_executable else _FILE_MODE
        self.target.write(f"{prefix}{path}", chunks(), mode=mode)
        self.add(f"{prefix}{path}", digest.hexdigest(), is_executable=is_executable)

    def add(self, path: str, digest: str, *, is_executable: bool) -> None:
        self.files += 1
        if self.files > MOST_FILES:
            raise TooMuchError(f"An asset has at most {MOST_FILES:,} files: pack some of them.")
        mark = b"x" if is_executable else b"-"
        self.lines.append(b"\0".join((path.encode(), mark, digest.encode())))

    def make_folder(self, path: str) -> None:
        self.target.make_folders(path)
        self.lines.append(f"{path}/".encode())

    def digest(self) -> str:
        return hashlib.sha256(b"".join(line + b"\n" for line in sorted(self.lines))).hexdigest()


def stage_folder(tree: Tree, source: RelativePath) -> Staged:
    """Copy a folder, without what its ``.twinignore`` leaves out.

    Raises:
        NotThereError: there is no such folder.
        NotPublishableError: something in it is neither a file nor a folder.
        TooMuchError: there are too many files.
    """
    with _staging(tree) as (name, copying), tree.open_folder(source) as folder:
        _copy(copying, folder, source, prefix="")
        return Staged(name, copying.digest(), copying.files, copying.size)


def stage_names(
    tree: Tree, folder: RelativePath, names: Iterable[str]
) -> Staged:  # fmt: skip
    """Copy names of a folder, each a file or a folder; names of which nothing is are left out.

    Raises:
        NotPublishableError: one of them, or something in it, is neither a file nor a folder.
        TooMuchError: there are too many files.
    """
    with _staging(tree) as (name, copying), tree.open_folder(folder) as source:
        for one in names:
            found = source.find(one)
            if found is not None and found.is_folder:
                copying.make_folder(one)
                with source.open_folder(one) as inner:
                    _copy(copying, inner, folder / one, prefix=f"{one}/")
            elif found is not None and found.is_file:
                copying.take(source, one, "", is_executable=found.is_executable)
            elif found is not None:
                raise _no_file(folder / one)
        return Staged(name, copying.digest(), copying.files, copying.size)


def discard(tree: Tree, staged: Staged) -> None:
    """Remove a copy that is not needed."""
    with tree.open_folder(RelativePath((OWN_FOLDER,))) as own:
        own.remove_all(f"{STAGED}/{staged.id}")


def remove_leftovers(tree: Tree) -> None:
    """Remove the copies that a crash left."""
    with tree.open_folder(RelativePath((OWN_FOLDER,))) as own:
        own.remove_all(STAGED)


@contextlib.contextmanager
def _staging(tree: Tree) -> Iterator[tuple[str, _Copying]]:
    name = secrets.token_hex(12)
    with (
        translated(RelativePath((OWN_FOLDER, STAGED))),
        tree.open_folder(RelativePath((OWN_FOLDER,))) as own,
    ):
        own.be_lazy()
        try:
            own.make_folders(f"{STAGED}/{name}")
            with own.open_folder(f"{STAGED}/{name}") as target:
                yield name, _Copying(target, [])
            own.flush()
        except Exception:
            own.remove_all(f"{STAGED}/{name}")
            raise


def _copy(copying: _Copying, source: OpenFolder, place: RelativePath, *, prefix: str) -> None:
    for found in walk_kept(source.fileno()):
        if found.is_folder:
            copying.make_folder(f"{prefix}{found.path}")
        elif found.is_file:
            copying.take(source, found.path, prefix, is_executable=_may_run(found))
        else:
            raise _no_file(RelativePath((*place.names, *found.names)))


def _may_run(found: Found) -> bool:
    return bool(found.status.st_mode & 0o100)


def _no_file(path: RelativePath) -> NotPublishableError:
    return NotPublishableError(
        f"{path} is a link or a device: put a copy of what it leads to in its place, or name it in "
        ".twinignore."
    )


class ContentStore:
    """One folder of contents, by digest."""

    def __init__(self, tree: Tree, folder: RelativePath) -> None:
        """Keep contents in a folder, which is made at the first."""
        self._tree = tree
        self.folder = folder

    def path(self, digest: str, inside: str = "") -> RelativePath:
        """Return where a content lies, or what is in it."""
        path = self.folder / digest
        return path / inside if inside else path

    def has(self, digest: str) -> bool:
        """Return whether a content is there."""
        with self._opened() as store:
            return store.find(digest) is not None

    def keep(self, staged: Staged) -> None:
        """Move a copy to its place, unless the same is there already; its age begins anew.

        Raises:
            LibraryError: what stands in the way; then the copy is gone.
        """
        try:
            self._tree.ensure_folder(self.folder)
            with self._tree.open_folder(RelativePath()) as root, translated(self.folder):
                target = str(self.path(staged.digest))
                if root.find(target) is None:
                    root.move(str(staged.path), target)
                else:
                    discard(self._tree, staged)
                self._protect(root, target)
        except LibraryError:
            discard(self._tree, staged)
            raise

    def adopt(self, other: ContentStore, digest: str) -> None:
        """Copy a content from another store, unless it is here already."""
        if not self.has(digest):
            self.keep(_stage_all(self._tree, other.path(digest)))

    def list_digests(self) -> list[str]:
        """Return what is there."""
        with self._opened() as store:
            return store.list_names()

    def remove(self, digest: str) -> None:
        """Remove a content; whoever reads it meanwhile reads on."""
        with self._tree.open_folder(RelativePath()) as root:
            aside = f"{OWN_FOLDER}/{STAGED}/{secrets.token_hex(12)}"
            root.make_folders(f"{OWN_FOLDER}/{STAGED}")
            root.set_mode(str(self.path(digest)), 0o755)
            root.move(str(self.path(digest)), aside)
            root.remove_all(aside)

    @staticmethod
    def _protect(root: OpenFolder, target: str) -> None:
        """Take the right to write from all folders; files were made without it."""
        found = root.find(target)
        if found is not None and found.status.st_mode & 0o777 != _FOLDER_MODE:
            with root.open_folder(target) as content:
                for inner in content.walk():
                    if inner.is_folder:
                        content.set_mode(inner.path, _FOLDER_MODE)
        root.set_mode(target, _FOLDER_MODE)  # last: it tells that all is done, and since when

    @contextlib.contextmanager
    def _opened(self) -> Iterator[OpenFolder]:
        self._tree.ensure_folder(self.folder)
        with self._tree.open_folder(self.folder) as store:
            yield store


def _stage_all(tree: Tree, source: RelativePath) -> Staged:
    """Copy a content as it is; nothing in it is left out."""
    with _staging(tree) as (name, copying), tree.open_folder(source) as folder:
        for found in folder.walk():
            if found.is_folder:
                copying.make_folder(found.path)
            else:
                copying.take(folder, found.path, "", is_executable=found.is_executable)
        return Staged(name, copying.digest(), copying.files, copying.size)
