"""Files of a commit as one side of a merge."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import NotThereError

from twinhub_library.merging import FileMark
from twinhub_library.repositories.objects import MOST_POINTER_BYTES, Pointer, parse_pointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from twinhub_library.repositories.objects import GitFile
    from twinhub_library.repository import Repository

_CHUNK = 1 << 20
_SMALL, _MANY_SMALL = 32 << 10, 1000
"""Bytes of a small file, and how many of them are remembered."""


class CommitContent:
    """Some files of a commit; those that Git LFS keeps are what it keeps, where that is here."""

    def __init__(self, repository: Repository, files: Mapping[str, GitFile]) -> None:
        """Take files of a commit of a repository that stays open meanwhile."""
        self._repository = repository
        self._files = files
        self._marks: dict[str, FileMark] | None = None
        self._small: dict[str, bytes] = {}

    def list_files(self) -> Mapping[str, FileMark]:
        """Return the files by path; each is read once."""
        if self._marks is None:
            self._marks = {
                path: FileMark(self._digest(path), one.is_executable)
                for path, one in self._files.items()
            }
        return self._marks

    def read(self, path: str) -> bytes:
        """Return what is in a file."""
        return b"".join(self.chunks(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield what is in a file."""
        found = self._files.get(path)
        if found is None:
            raise NotThereError(f"{path} is not there.")
        if (small := self._small.pop(path, None)) is not None:
            yield small
            return
        large = self._large(found)
        if large is None:
            yield from self._repository.blob_chunks(found.blob)
            return
        with large.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def _digest(self, path: str) -> str:
        """Return the digest of a file; some small ones are remembered, for one more reading."""
        digest, size = hashlib.sha256(), self._files[path].size
        is_small = size <= _SMALL and len(self._small) < _MANY_SMALL
        if is_small:
            self._small[path] = content = self.read(path)
            digest.update(content)
            return digest.hexdigest()
        for chunk in self.chunks(path):
            digest.update(chunk)
        return digest.hexdigest()

    def _large(self, file: GitFile) -> Path | None:
        """Return where the content is kept of what is a pointer of Git LFS."""
        if file.size > MOST_POINTER_BYTES or not self._repository.large.has_any:
            return None
        pointer = parse_pointer(self._repository.read_blob(file.blob))
        return self._repository.large.find(pointer) if pointer else None


def changed_files(
    old: Mapping[str, GitFile], new: Mapping[str, GitFile]
) -> tuple[dict[str, GitFile], dict[str, GitFile]]:
    """Return, of each side, the files that the other has not or has differently."""
    return (
        {path: one for path, one in old.items() if new.get(path) != one},
        {path: one for path, one in new.items() if old.get(path) != one},
    )


def list_pointers(
    repository: Repository, files: Mapping[str, GitFile], all_files: Mapping[str, GitFile]
) -> dict[str, Pointer]:
    """Return which of some files of a commit are kept by Git LFS, by path."""
    if not any(_is_for_lfs(repository, path, one) for path, one in all_files.items()):
        return {}
    found = {
        path: parse_pointer(repository.read_blob(one.blob))
        for path, one in files.items()
        if one.size <= MOST_POINTER_BYTES
    }
    return {path: pointer for path, pointer in found.items() if pointer}


def _is_for_lfs(repository: Repository, path: str, file: GitFile) -> bool:
    is_rules = path == ".gitattributes" or path.endswith("/.gitattributes")
    return is_rules and b"filter=lfs" in repository.read_blob(file.blob)


def missing_of(repository: Repository, pointers: Iterable[Pointer]) -> list[Pointer]:
    """Return the pointers whose content is not here yet."""
    return [one for one in pointers if repository.large.find(one) is None]
