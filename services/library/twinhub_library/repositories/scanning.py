"""What lies in a folder of the library, as git would name it; only what has changed is read.

The names are kept beside the git directory with the marks (inode, size, times) of the files that
they are of, and hold while those are the same: git's own index works so. A file that has just been
changed is not trusted yet, since clocks are coarse.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import ChangedError
from twinhub_kit.files.etags import etag_of

from twinhub_library.repositories.objects import (
    MOST_POINTER_BYTES,
    LeftOut,
    Pointer,
    blob_name,
    is_like_git,
    parse_pointer,
    why_unfit,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from twinhub_library.opened import Found, OpenFolder

RULES = frozenset({".gitignore", ".twinignore", ".gitattributes"})
"""The library's own `.twinignore` leaves out what `.gitignore` could too."""
_YOUNG_SECONDS = 1.0
_MOST_RULE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of the tree as git would keep it."""

    blob: str
    is_executable: bool
    size: int
    """Bytes of the file itself."""
    etag: str
    pointer: Pointer | None = None
    """What git keeps of it, where it is one for Git LFS."""


@dataclass(frozen=True)
class Scan:
    """What lies in a folder."""

    files: Mapping[str, TreeFile]
    left_out: tuple[LeftOut, ...]


@dataclass
class Names:
    """Names that git gives to files, by path and mark."""

    known: dict[str, list[str]] = field(default_factory=dict)
    has_changed: bool = False

    @classmethod
    def load(cls, path: Path) -> Names:
        """Read what `save` wrote; nothing is known where it cannot be read."""
        try:
            known = json.loads(path.read_bytes())
        except (FileNotFoundError, ValueError):
            return cls()
        return cls(known if isinstance(known, dict) else {})

    def save(self, path: Path) -> None:
        """Write it, as a whole or not at all."""
        if not self.has_changed:
            return
        new = path.with_suffix(".new")
        new.write_text(json.dumps(self.known))
        new.replace(path)


class Rules:
    """What a repository leaves out, and what it gives to Git LFS."""

    def __init__(
        self,
        ignored: Callable[[list[str]], set[str]],
        large: Callable[[list[str]], set[str]],
        put: Callable[[str, bytes], None],
    ) -> None:
        """Ask git by functions; ``put`` shows it one file with rules."""
        self._ignored, self._large, self._put = ignored, large, put

    def read(
        self, folder: OpenFolder, paths: Iterable[str], known: frozenset[str]
    ) -> tuple[set[str], set[str]]:
        """Return which paths are left out, ``known`` ones never, and which Git LFS has."""
        paths = list(paths)
        has_ignored = has_large = False
        for path in paths:
            name = path.rpartition("/")[2]
            if name not in RULES:
                continue
            content = folder.read(path)[:_MOST_RULE_BYTES]
            self._put(path, content)
            has_ignored |= name != ".gitattributes"
            has_large |= b"filter=lfs" in content
        new = [path for path in paths if path not in known] if has_ignored else []
        ignored = self._ignored(new) if new else set()
        return ignored, self._large(paths) if has_large else set()


def scan(
    folder: OpenFolder, names: Names, rules: Rules, *, known: frozenset[str],
    check: Callable[[], None],
) -> Scan:  # fmt: skip
    """Return what lies in a folder; ``known`` are the paths that the repository has already.

    Raises:
        ChangedError: a file changed while it was read.
    """
    found, left_out = _walk(folder)
    ignored, large = rules.read(folder, found, known)
    left_out += [LeftOut(path, "left out by .gitignore") for path in sorted(ignored)]
    files, kept, now = {}, {}, time.time()
    for path, one in found.items():
        if path in ignored:
            continue
        check()
        file = _name(folder, one, names.known.get(path), is_large=path in large)
        if file is None:
            continue
        files[path] = file
        if now - one.status.st_ctime > _YOUNG_SECONDS:
            digest = file.pointer.digest if file.pointer else ""
            kept[path] = [file.etag, file.blob, digest]
    names.has_changed = names.known != kept
    names.known = kept
    return Scan(files, tuple(left_out))


def _walk(folder: OpenFolder) -> tuple[dict[str, Found], list[LeftOut]]:
    left_out: list[LeftOut] = []

    def is_skipped(path: str, is_folder: bool) -> bool:  # noqa: FBT001 - `OpenFolder.walk` asks so
        if is_like_git(path.rpartition("/")[2]):
            what = "folder" if is_folder else "file"
            left_out.append(LeftOut(path, f"a {what} of git's own, which the library never opens"))
            return True
        return False

    found, owner = {}, folder.status().st_uid
    for one in folder.walk(skip=is_skipped):
        if one.is_folder:
            continue
        reason = why_unfit(one.path) if one.is_file else "no plain file"
        if one.status.st_nlink > 1 and one.status.st_uid != owner:
            reason = "a second name of somebody else's file"
        if reason:
            left_out.append(LeftOut(one.path, reason))
        else:
            found[one.path] = one
    return found, left_out


def _name(
    folder: OpenFolder, found: Found, known: list[str] | None, *, is_large: bool
) -> TreeFile | None:
    """Return a file's name in git; None when it is gone meanwhile."""
    etag, size = etag_of(found.status), found.status.st_size
    if known and known[0] == etag and bool(known[2]) == is_large:
        pointer = Pointer(known[2], size) if is_large else None
        return TreeFile(known[1], found.is_executable, size, etag, pointer)
    try:
        if not is_large:
            blob = blob_name(size, exact_chunks(folder, found.path, etag))
            return TreeFile(blob, found.is_executable, size, etag)
        if size <= MOST_POINTER_BYTES:  # one whose content was not fetched stays what it is
            content = b"".join(exact_chunks(folder, found.path, etag))
            if parse_pointer(content):
                return TreeFile(blob_name(size, [content]), found.is_executable, size, etag)
        digest = hashlib.sha256()
        for chunk in exact_chunks(folder, found.path, etag):
            digest.update(chunk)
    except FileNotFoundError:
        return None
    pointer = Pointer(digest.hexdigest(), size)
    blob = blob_name(len(pointer.text), [pointer.text])
    return TreeFile(blob, found.is_executable, size, etag, pointer)


def exact_chunks(folder: OpenFolder, path: str, etag: str) -> Iterator[bytes]:
    """Yield the content of the file that had a mark.

    Raises:
        ChangedError: it is another one, or became another while it was read.
    """
    descriptor = folder.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        status = os.fstat(descriptor)
        left = status.st_size
        while left and etag_of(status) == etag and (chunk := file.read(min(left, 1 << 20))):
            left -= len(chunk)
            yield chunk
        if left or etag_of(os.fstat(descriptor)) != etag:
            raise ChangedError(f"{path} was changed while it was read: sync again.")
