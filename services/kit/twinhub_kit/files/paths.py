"""Paths that people write: names with ``/`` between them, and nothing that leads out."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass

from twinhub_kit.files.errors import BadPathError

MOST_BYTES_OF_A_NAME = 255
MOST_NAMES = 64
MOST_BYTES = 3800
"""Less than the kernel's PATH_MAX, so that a root's own path fits before it."""

REPLACEMENT = "\ufffd"
"""What stands for bytes that are no text, in addresses and in listings; no name may hold it."""
_UNSEEN = frozenset({"Cc", "Cs"})
_SHOWN = 60
_NO_NAMES = frozenset({"", "."})
_SHORT = MOST_BYTES_OF_A_NAME
"""No name in a text of so many plain characters is too long."""


@dataclass(frozen=True, slots=True)
class RelativePath:
    """A path below a root; without names it is the root itself."""

    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> RelativePath:
        """Return the path that text stands for; ``.`` and a slash at the end do not count.

        Raises:
            BadPathError: it is absolute, leads out of its root, or no file can be called so.
        """
        return _parse_short(text) if len(text) <= _SHORT else _parse(text)

    @property
    def name(self) -> str:
        """Return the last name; empty for the root."""
        return self.names[-1] if self.names else ""

    @property
    def parent(self) -> RelativePath:
        """Return the folder that it is in; the root is in itself."""
        return RelativePath(self.names[:-1])

    def __truediv__(self, name: str) -> RelativePath:
        """Return what has a name in this folder."""
        return RelativePath((*self.names, check_name(name)))

    def __str__(self) -> str:
        """Return the names with slashes between them; ``.`` for the root."""
        return "/".join(self.names) or "."


def _parse(text: str) -> RelativePath:
    if text.startswith("/"):
        raise BadPathError(f"{_shown(text)} is absolute: begin with the name of an area or kind.")
    names = tuple(name for name in text.split("/") if name not in _NO_NAMES)
    if not (text.isascii() and text.isprintable()) or ".." in names or len(text) > _SHORT:
        for name in names:
            check_name(name)
    if len(names) > MOST_NAMES:
        raise BadPathError(
            f"A path of {len(names)} folders is too deep: at most {MOST_NAMES} are allowed."
        )
    if len(text.encode()) > MOST_BYTES:
        raise BadPathError(f"A path has at most {MOST_BYTES:,} bytes: shorten its names.")
    return RelativePath(names)


_parse_short = functools.lru_cache(2048)(_parse)
"""For short texts: people ask for the same ones again and again."""


def check_name(name: str) -> str:
    """Return a name that a file can have.

    Raises:
        BadPathError: it is empty, ``.`` or ``..``, too long, or holds what cannot be seen.
    """
    if name in {"", ".", ".."}:
        raise BadPathError(f"{_shown(name)} is no name: name a file or folder.")
    if "/" in name or "\0" in name:
        raise BadPathError(f"{_shown(name)} is no name: it holds a slash or a NUL character.")
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise BadPathError(f"{_shown(name)} is no text in UTF-8: rename it.") from error
    if size > MOST_BYTES_OF_A_NAME:
        raise BadPathError(
            f"A name has at most {MOST_BYTES_OF_A_NAME} bytes, and this one has {size}: shorten it."
        )
    if REPLACEMENT in name:
        raise BadPathError(f"{_shown(name)} holds what was no text in UTF-8: rename it.")
    if not name.isprintable() and any(unicodedata.category(one) in _UNSEEN for one in name):
        raise BadPathError(f"{_shown(name)} holds a character that cannot be seen: rename it.")
    return name


def _shown(text: str) -> str:
    plain = text.encode("unicode_escape", "backslashreplace").decode("ascii")
    return repr(plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…")


def shown_name(name: str) -> str:
    """Return a name on the disk as text; ``\ufffd`` for what is none or cannot be seen."""
    if name.isprintable():
        return name
    return "".join(
        REPLACEMENT if unicodedata.category(character) in _UNSEEN else character
        for character in name
    )
