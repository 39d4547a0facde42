"""What ``git fast-import`` reads to make one commit (git-fast-import(1))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is new or has changed; ``chunks`` yields exactly ``size`` bytes."""

    path: str
    is_executable: bool
    size: int
    chunks: Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Author:
    """Whose commit it is."""

    name: str
    email: str

    def __str__(self) -> str:
        """Return the line that git keeps; what would end it early is left out."""
        name, email = (
            "".join(one for one in text if one.isprintable() and one not in "<>\n")
            for text in (self.name, self.email)
        )
        return f"{name.strip() or 'TwinHub'} <{email.strip()}>"


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit to be made: what differs from its first parent."""

    parent: str | None
    written: tuple[Written, ...]
    removed: tuple[str, ...]
    message: str
    author: Author
    at: datetime


def import_stream(commit: NewCommit, ref: str) -> Iterator[bytes]:
    """Yield what makes the commit, under a name of its own, which must be free."""
    for mark, one in enumerate(commit.written, 1):
        yield b"blob\nmark :%d\ndata %d\n" % (mark, one.size)
        yield from one.chunks()
        yield b"\n"
    message = commit.message.encode()
    yield f"commit {ref}\ncommitter {commit.author} {int(commit.at.timestamp())} +0000\n".encode()
    yield b"data %d\n%b\n" % (len(message), message)
    if commit.parent:
        yield f"from {commit.parent}\n".encode()
    for path in commit.removed:
        yield b"D %b\n" % _quoted(path)
    for mark, one in enumerate(commit.written, 1):
        mode = b"100755" if one.is_executable else b"100644"
        yield b"M %b :%d %b\n" % (mode, mark, _quoted(one.path))
    yield b"\ndone\n"


def _quoted(path: str) -> bytes:
    escaped = path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"%b"' % escaped
