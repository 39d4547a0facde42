"""One side of a merge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from twinhub_kit.files.errors import NotThereError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.tree import Tree


@dataclass(frozen=True, slots=True)
class FileMark:
    """What tells one file from another."""

    digest: str
    """SHA-256 of its content in hexadecimal digits."""
    is_executable: bool = False


class Content(Protocol):
    """One side of a merge, which does not change while it is used."""

    def list_files(self) -> Mapping[str, FileMark]:
        """Return the files by their path in it, with ``/`` between names."""

    def read(self, path: str) -> bytes:
        """Return what is in a file."""


def chunks_of(content: Content, path: str) -> Iterable[bytes]:
    """Return a file in parts where its side can give it so, else in one."""
    chunks = getattr(content, "chunks", None)
    return chunks(path) if chunks else [content.read(path)]


class NoContent:
    """A side on which nothing is: the base of what came from nowhere."""

    def list_files(self) -> Mapping[str, FileMark]:
        """Return no file."""
        return {}

    def read(self, path: str) -> bytes:
        """Refuse: there is no file."""
        raise NotThereError(f"{path} is not there.")


class FolderContent:
    """The regular files of a folder of the library; links and devices in it do not count."""

    def __init__(
        self, tree: Tree, path: RelativePath, *, skip: Callable[[str, bool], bool] | None = None
    ) -> None:
        """Look at a folder; ``skip`` is told a path and whether it is a folder."""
        self._tree = tree
        self._path = path
        self._skip = skip

    def list_files(self) -> Mapping[str, FileMark]:
        """Return the files by their path; each one is read once.

        Raises:
            NotThereError: there is no such folder.
        """
        with self._tree.open_folder(self._path) as folder:
            return {
                found.path: FileMark(folder.digest(found.path), found.is_executable)
                for found in folder.walk(skip=self._skip)
                if found.is_file
            }

    def read(self, path: str) -> bytes:
        """Return what is in a file."""
        return b"".join(self.chunks(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield what is in a file, in parts."""
        with self._tree.open_folder(self._path) as folder:
            yield from folder.chunks(path)
