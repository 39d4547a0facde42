"""What GraphQL reads of the library: folders and text files that a caller may read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import NotThereError, RefusedFileError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.newfile import TEMPORARY
from twinhub_kit.files.paths import RelativePath

from twinhub_library.access import readable_areas
from twinhub_library.areas import COMMON, KEPT, OWN_FOLDER, TEAMS
from twinhub_library.errors import LibraryError
from twinhub_library.nearness import MOST_BYTES_AT_ONCE, NotAtOnceError
from twinhub_library.rest.needs import check_readable, list_teams
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

    from twinhub_library.library import Library

MOST_BYTES = 16 * 2**20
"""Bytes of a file that is read as text; larger ones are for downloads."""

_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What JavaScript's ``trim`` takes away (ECMA-262, WhiteSpace and LineTerminator)."""
_SHOWN = 200


class ListingError(Exception):
    """A folder that cannot be listed, in the words of Node that clients of DTaaS know."""


class ReadingError(Exception):
    """A file that cannot be read as text."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for one caller."""

    library: Library
    caller: Caller
    at_once: bool = False
    """Whether to read only what takes no time, on the thread that must not wait."""

    def list_folder(self, text: str) -> list[tuple[str, bool]]:
        """Return the names in a folder in order, and of each whether it is a folder.

        Raises:
            ListingError: it is no folder that the caller may read.
        """
        try:
            path = self._locate(text)
            if len(path.names) < 2 and (inner := self._virtual(path)) is not None:  # noqa: PLR2004
                return inner
            return self._scan(self._allowed(path))
        except LibraryError as error:
            raise self._unlisted(text, error) from error

    def size_of(self, text: str, name: str) -> int | None:
        """Return the bytes of a file in a folder that was listed; None of anything else."""
        try:
            entry = self.library.tree.get_entry(self._allowed(self._locate(text) / name))
        except LibraryError:
            return None
        return entry.size if entry.kind is EntryKind.FILE else None

    def read_file(self, text: str) -> bytes:
        """Return what is in a file.

        Raises:
            ReadingError: it is no file that the caller may read, or too large for text.
        """
        try:
            if text.endswith("/"):
                raise NotThereError(f"{text} is not there.")
            found = self.library.tree.open_file(self._allowed(self._locate(text)))
            try:
                content = self._read_all(found)
            finally:
                os.close(found)
        except (LibraryError, OSError) as error:
            raise ReadingError("Error reading file") from error
        if len(content) > MOST_BYTES:
            raise ReadingError(
                f"Error reading file: it has more than {MOST_BYTES // 2**20} MiB; download it."
            )
        return content

    def _scan(self, path: RelativePath) -> list[tuple[str, bool]]:
        folder = self.library.tree.open_folder_descriptor(path)
        try:
            self._check_small(os.fstat(folder).st_size)
            with translated(path), os.scandir(folder) as entries:
                found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        finally:
            os.close(folder)
        found.sort()
        hidden = KEPT if path.names[:1] == (COMMON,) else frozenset()
        return [one for one in found if not one[0].startswith(TEMPORARY) and one[0] not in hidden]

    def _read_all(self, descriptor: int) -> bytes:
        """Return what a file has now, of a large one a byte more than is allowed."""
        size = os.fstat(descriptor).st_size
        self._check_small(size)
        content = os.read(descriptor, min(size, MOST_BYTES + 1))
        while 0 < len(content) < min(size, MOST_BYTES + 1):
            more = os.read(descriptor, min(size, MOST_BYTES + 1) - len(content))
            if not more:
                break
            content += more
        return content

    def _check_small(self, size: int) -> None:
        if self.at_once and size > MOST_BYTES_AT_ONCE:
            raise NotAtOnceError

    def _locate(self, text: str) -> RelativePath:
        """Return the path that text means; a user's own area may be named by the user's name."""
        path = RelativePath.parse(text.lstrip("/"))
        if path.names and path.names[0] == self.caller.name:
            return RelativePath((self.caller.label, *path.names[1:]))
        return path

    def _allowed(self, path: RelativePath) -> RelativePath:
        check_readable(self.library, self.caller, path, at_once=self.at_once)
        return path

    def _virtual(self, path: RelativePath) -> list[tuple[str, bool]] | None:
        """Return what a caller sees where areas lie; None where that is a folder like others."""
        if not path.names:
            return [(name, is_folder) for name, is_folder in self._top() if name != OWN_FOLDER]
        if path.names == (TEAMS,):
            teams = self._readable()
            if inner := sorted(names[1] for names in teams if names[0] == TEAMS):
                return [(name, True) for name in inner]
            raise NotThereError(f"{path} is not there.")
        return None

    def _top(self) -> list[tuple[str, bool]]:
        everything = self._scan(RelativePath())
        if self.caller.is_everybody:
            return everything
        readable = {names[0] for names in self._readable()}
        return [one for one in everything if one[0] in readable]

    def _readable(self) -> list[tuple[str, ...]]:
        areas = readable_areas(self.caller, list_teams(self.library))
        return [area.path.names for area in areas]

    def _unlisted(self, text: str, error: LibraryError) -> ListingError:
        shown = text[:_SHOWN]
        if isinstance(error, RefusedFileError):
            return ListingError(f"EACCES: permission denied, scandir '{shown}'")
        if self._is_file(text):
            return ListingError(f"ENOTDIR: not a directory, scandir '{shown}'")
        return ListingError(f"ENOENT: no such file or directory, scandir '{shown}'")

    def _is_file(self, text: str) -> bool:
        try:
            return self.library.tree.get_entry(self._allowed(self._locate(text))).kind in {
                EntryKind.FILE, EntryKind.LINK, EntryKind.OTHER,
            }  # fmt: skip
        except LibraryError:
            return False


def as_text(content: bytes) -> str:
    """Return content as Node reads text: UTF-8 with damage marked, without space around it."""
    return content.decode("utf-8", "replace").strip(_SPACE)


def as_name(name: str) -> str:
    """Return a name as it can go into JSON: bytes that are no UTF-8 are marked."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "replace")
    return name
