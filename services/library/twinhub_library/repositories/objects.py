"""What is in a commit, and what the library makes of it: files, and what it leaves to git.

Links, submodules and names that no file of the library has are never written into an area; they
stay in the repository as they are.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import BadPathError
from twinhub_kit.files.paths import RelativePath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FILE, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
MOST_POINTER_BYTES = 1024
_TEMPORARY = ".twinhub-"
_PLAIN = re.compile(
    r"(?:\w[\w+=@,() -]{0,80}(?:\.[\w+=@,() -]{1,80}){0,3}(?:/(?=.)|$)){1,20}", re.ASCII
)
"""Paths of plain names, which most are: they are looked at no further."""
_LIKE_GIT = re.compile(r"\.git[ .:]*|git~\d+", re.IGNORECASE)
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*"
    rb"oid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n"
)


@dataclass(frozen=True, slots=True)
class GitFile:
    """One file of a commit."""

    mode: str
    blob: str
    """Name of its content in git."""
    size: int

    @property
    def is_executable(self) -> bool:
        """Whether its owner may run it."""
        return self.mode == PROGRAM


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is in a commit or a folder, and is not synced."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a commit below one folder."""

    files: Mapping[str, GitFile]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, as its history tells of it."""

    id: str
    parents: tuple[str, ...]
    author: str
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """What git keeps of a large file: its name and size (git-lfs/docs/spec.md)."""

    digest: str
    size: int

    @property
    def text(self) -> bytes:
        """The pointer as git-lfs writes it."""
        return (
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.digest}\n"
            f"size {self.size}\n"
        ).encode()


def parse_pointer(content: bytes) -> Pointer | None:
    """Return the pointer that content is; None for any other."""
    found = _POINTER.fullmatch(content) if len(content) <= MOST_POINTER_BYTES else None
    return Pointer(found[1].decode(), int(found[2])) if found else None


Lines = dict[tuple[bytes, str], tuple[str, "GitFile | LeftOut"]]
"""What lines of listings say, by line and folder: most are the same from commit to commit."""


def parse_listing(output: bytes, folder: str, known: Lines) -> Listing:
    """Return the files of ``git ls-tree -r -l -z`` with a full tree, by path below a folder.

    Lines that are known already are not read again; new ones are added.
    """
    files: dict[str, GitFile] = {}
    left_out: list[LeftOut] = []
    for line in output.split(b"\0"):
        if not line:
            continue
        found = known.get((line, folder))
        if found is None:
            found = known[line, folder] = _parse_line(line, folder)
        path, one = found
        if isinstance(one, GitFile):
            files[path] = one
        else:
            left_out.append(one)
    return Listing(files, tuple(left_out))


def _parse_line(line: bytes, folder: str) -> tuple[str, GitFile | LeftOut]:
    facts, _, raw = line.partition(b"\t")
    mode, _, blob, size = facts.decode("ascii").split()
    path = raw.decode("utf-8", "backslashreplace").removeprefix(f"{folder}/" if folder else "")
    reason = _why_not(raw, path, mode)
    return path, LeftOut(path, reason) if reason else GitFile(mode, blob, int(size))


def parse_parents(commit: bytes) -> list[str]:
    """Return the parents of a commit as ``git cat-file`` shows it."""
    head = commit.partition(b"\n\n")[0].split(b"\n")
    return [line[7:].decode("ascii") for line in head if line.startswith(b"parent ")]


LOG_FORMAT = "%H%x00%P%x00%an%x00%at%x00%B%x00"


def parse_log(output: bytes) -> Iterator[Commit]:
    """Yield the commits of ``git log -z`` in that format."""
    words = output.decode("utf-8", "replace").split("\0")
    for start in range(0, len(words) - 5, 6):
        name, parents, author, at, message, _ = words[start : start + 6]
        when = datetime.fromtimestamp(int(at or 0), UTC)
        yield Commit(name.strip(), tuple(parents.split()), author, when, message.strip())


def _why_not(raw: bytes, path: str, mode: str) -> str:
    if mode == LINK:
        return "a link: links are not synced"
    if mode == SUBMODULE:
        return "a submodule: submodules are not synced"
    if mode not in {FILE, PROGRAM}:
        return "no plain file"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "its name is no text in UTF-8"
    return why_unfit(path)


def why_unfit(path: str) -> str:
    """Return why a path is not synced in either direction; empty where it is."""
    return "" if _PLAIN.fullmatch(path) else _why_unfit(path)


def _why_unfit(path: str) -> str:
    names = path.split("/")
    if any(is_like_git(name) for name in names):
        return "a name that git keeps for itself"
    if any(name.startswith(_TEMPORARY) for name in names):
        return "a name that the library keeps for itself"
    if "\\" in path:
        return "its name holds a backslash"
    if path.startswith("/") or not {"", ".", ".."}.isdisjoint(names):
        return "a path that leads elsewhere"
    try:
        RelativePath.parse(path)
    except BadPathError as error:
        return str(error)
    return ""


def is_like_git(name: str) -> bool:
    """Return whether a name is ``.git`` on some file system (git's ``is_hfs_dotgit`` and such)."""
    if name.isascii() and name[:1] != "." and "~" not in name:
        return False
    seen = "".join(one for one in name if unicodedata.category(one) != "Cf")
    return bool(_LIKE_GIT.fullmatch(seen))


def blob_name(size: int, chunks: Iterable[bytes]) -> str:
    """Return the name that git gives to content of a size."""
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
