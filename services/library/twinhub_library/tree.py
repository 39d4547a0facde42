"""The only module that opens files of assets: descriptors from a root's own, never paths.

Every method takes a `RelativePath` below the root and opens it by `open_beneath`, so that no name,
link or rename leads out of the root, nor out of the area that the path begins with: whoever makes a
link in one area reads no other by it. Regular files alone are opened for reading: a pipe, a device
or a socket is refused without waiting for it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, Self

from twinhub_kit.files.beneath import open_beneath
from twinhub_kit.files.copying import copy_content
from twinhub_kit.files.errors import BadPathError, ExistsError, RefusedFileError
from twinhub_kit.files.etags import etag_of
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.newfile import TEMPORARY, NewFile, place
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.files.renaming import rename_without_replacing
from twinhub_kit.files.walking import remove_tree

from twinhub_library.areas import split_at_area
from twinhub_library.entries import Entry, EntryKind, look_at, make_entry
from twinhub_library.errors import OtherVolumeError
from twinhub_library.nearness import MOST_BYTES_LISTED_AT_ONCE, NotAtOnceError
from twinhub_library.opened import OpenFolder
from twinhub_library.room import count_free_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Entry", "EntryKind", "Tree", "etag_of", "translated"]

_FOLDER_MODE = 0o755
_NO_WAIT = os.O_NONBLOCK | os.O_NOCTTY


class Tree:
    """The files below one root."""

    def __init__(self, root: Path) -> None:
        """Open the root, which must be a folder.

        Raises:
            OSError: it is none, or cannot be opened.
        """
        self._root = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Close the root; what is open stays open."""
        os.close(self._root)

    def __enter__(self) -> Self:
        """Return the tree."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the root."""
        self.close()

    def count_free_bytes(self) -> int:
        """Return the bytes that may still be written below the root."""
        with self._opened(RelativePath(), os.O_RDONLY | os.O_DIRECTORY) as root:
            return count_free_bytes(root)

    def get_entry(self, path: RelativePath) -> Entry:
        """Return what is at a path; a link at its end is not followed.

        Raises:
            NotThereError: nothing is there.
        """
        with self._opened(path, os.O_PATH | os.O_NOFOLLOW) as found:
            return make_entry(path.name, os.fstat(found))

    def list_folder(self, path: RelativePath) -> list[Entry]:
        """Return what is in a folder, by name; names that end while one looks are left out.

        Raises:
            NotThereError: there is no such folder.
        """
        return self.list_page(path, limit=None)[0]

    def list_page(
        self, path: RelativePath, *, limit: int | None, after: str = "", at_once: bool = False
    ) -> tuple[list[Entry], str]:
        """Return what is in a folder after a name, by name, and the name to go on after.

        The name is empty where the folder ends. Only what is on the page is looked at.

        Raises:
            NotThereError: there is no such folder.
            NotAtOnceError: it is to be listed ``at_once``, and is too large for it.
        """
        with self._opened(path, os.O_RDONLY | os.O_DIRECTORY) as folder, translated(path):
            if at_once and os.fstat(folder).st_size > MOST_BYTES_LISTED_AT_ONCE:
                raise NotAtOnceError
            found = os.listdir(folder)  # noqa: PTH208 - a descriptor
            names = sorted(one for one in found if one > after and not one.startswith(TEMPORARY))
            page = names if limit is None else names[:limit]
            entries = list(look_at(folder, page))
            return entries, page[-1] if len(page) < len(names) else ""

    def open_folder_itself(self, path: RelativePath) -> int:
        """Return a descriptor of a folder that no link leads to; the caller closes it.

        Raises:
            NotThereError: there is no such folder.
            RefusedFileError: there is a link on the way.
        """
        with translated(path):
            return open_beneath(self._root, str(path), os.O_RDONLY | os.O_DIRECTORY, follow=False)

    def open_file(self, path: RelativePath) -> int:
        """Return a descriptor of a regular file, for reading; the caller closes it.

        Raises:
            NotThereError: nothing is there.
            RefusedFileError: it is no regular file, a link that leads out of its area, or a
                second name of a file whose owner is not the area's.
        """
        with self._opened_area(path) as (area, rest):
            found = self._open_in(area, rest, path, os.O_RDONLY | _NO_WAIT)
            try:
                _check_regular(path, os.fstat(found), os.fstat(area).st_uid)
            except BaseException:
                os.close(found)
                raise
            return found

    def open_folder(self, path: RelativePath) -> OpenFolder:
        """Return a folder in which nothing is reached through a link; the caller closes it.

        Links on the way to it are not followed either.

        Raises:
            NotThereError: there is no such folder.
            RefusedFileError: a link is on the way.
        """
        with translated(path):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            return OpenFolder(open_beneath(self._root, str(path), flags, follow=False))

    def open_folder_descriptor(self, path: RelativePath) -> int:
        """Return a descriptor of a folder, for listing; the caller closes it.

        Raises:
            NotThereError: there is no such folder.
        """
        return self._open(path, os.O_RDONLY | os.O_DIRECTORY)

    def begin_file(self, path: RelativePath) -> NewFile:
        """Return a file to write that is seen at the path once it is whole.

        Raises:
            NotThereError: its folder is not there.
        """
        if not path.names:
            raise BadPathError("Name a file in an area.")
        return NewFile(self.open_folder_descriptor(path.parent), path)

    def write_file(
        self, path: RelativePath, chunks: Iterable[bytes], *, if_match: str | None = None
    ) -> Entry:
        """Put a file in place of what was there; whoever reads sees the old or the new one, whole.

        ``if_match`` is the etag that the file must still have; ``""`` says that there must be none.

        Raises:
            NotThereError: its folder is not there.
            ChangedError: another file is there than ``if_match`` says.
            ExistsError: a folder is there.
            FullError: there is no room; nothing has changed.
        """
        with self.begin_file(path) as file:
            for chunk in chunks:
                file.write(chunk)
            return make_entry(path.name, file.put_in_place(if_match=if_match))

    def make_folder(self, path: RelativePath) -> None:
        """Make a folder in one that is there.

        Raises:
            NotThereError: the folder that it is to be in is not there.
            ExistsError: something is there.
        """
        with self._opened(path.parent, os.O_RDONLY | os.O_DIRECTORY) as folder, translated(path):
            os.mkdir(path.name, _FOLDER_MODE, dir_fd=folder)
            os.fsync(folder)

    def ensure_folder(self, path: RelativePath) -> None:
        """Make a folder and those that it is in, as far as they are not there.

        Raises:
            NotThereError: something that is no folder is in the way.
        """
        for end in range(1, len(path.names) + 1):
            with contextlib.suppress(ExistsError):
                self.make_folder(RelativePath(path.names[:end]))

    def remove(self, path: RelativePath) -> None:
        """Remove what is at a path for good, with all below it; links are not followed.

        Raises:
            NotThereError: nothing is there.
        """
        if not path.names:
            raise BadPathError("An area itself is not removed: name a file or folder in it.")
        with self._opened(path.parent, os.O_RDONLY | os.O_DIRECTORY) as folder, translated(path):
            _status(folder, path.name)
            remove_tree(folder, path.name)
            os.fsync(folder)

    def remove_empty_folder(self, path: RelativePath) -> None:
        """Remove a folder that nothing is in.

        Raises:
            NotThereError: there is no such folder.
            ExistsError: something is in it.
        """
        if not path.names:
            raise BadPathError("An area itself is not removed: name a file or folder in it.")
        with self._opened(path.parent, os.O_RDONLY | os.O_DIRECTORY) as folder, translated(path):
            os.rmdir(path.name, dir_fd=folder)
            os.fsync(folder)

    def move(self, source: RelativePath, target: RelativePath) -> None:
        """Move a file or folder to a path where nothing is.

        Raises:
            NotThereError: nothing is at the source, or the target's folder is not there.
            ExistsError: something is at the target.
            BadPathError: a folder would be moved into itself.
            OtherVolumeError: the places are of different volumes or project quotas.
        """
        if not source.names or not target.names:
            raise BadPathError("An area itself is not moved: name a file or folder in it.")
        if target.names[: len(source.names)] == source.names:
            raise BadPathError(f"{source} is not moved into itself: name another place.")
        with (
            self._opened(source.parent, os.O_RDONLY | os.O_DIRECTORY) as old,
            self._opened(target.parent, os.O_RDONLY | os.O_DIRECTORY) as new,
            translated(target),
        ):
            _status(old, source.name)
            _rename(old, source, new, target)
            os.fsync(new)
            os.fsync(old)

    def place_file(
        self, source: RelativePath, target: RelativePath, *, if_match: str | None = None
    ) -> None:
        """Move a whole file to where it replaces what was there, also to another volume.

        Raises:
            LibraryError: as `write_file`; then the source is where it was.
        """
        with (
            self._opened(source.parent, os.O_RDONLY | os.O_DIRECTORY) as old,
            self._opened(target.parent, os.O_RDONLY | os.O_DIRECTORY) as new,
            translated(target),
        ):
            try:
                place(old, source.name, new, target, if_match)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._copy_over(source, target, if_match)

    def _copy_over(self, source: RelativePath, target: RelativePath, if_match: str | None) -> None:
        with (
            os.fdopen(self.open_file(source), "rb") as old,
            self.begin_file(target) as new,
        ):
            copy_content(old.fileno(), new.descriptor)
            new.put_in_place(if_match=if_match)
        self.remove(source)

    @contextlib.contextmanager
    def _opened(self, path: RelativePath, flags: int) -> Iterator[int]:
        found = self._open(path, flags)
        try:
            yield found
        finally:
            os.close(found)

    def _open(self, path: RelativePath, flags: int) -> int:
        with self._opened_area(path) as (area, rest):
            return self._open_in(area, rest, path, flags)

    @staticmethod
    def _open_in(area: int, rest: str, path: RelativePath, flags: int) -> int:
        with translated(path):
            return open_beneath(area, rest, flags)

    def _opened_area(self, path: RelativePath) -> _OpenArea:
        """Open the area of a path, over no link; with what follows in the path."""
        head, rest = split_at_area(path)
        with translated(path):
            flags = os.O_PATH | os.O_DIRECTORY
            return _OpenArea(open_beneath(self._root, head, flags, follow=False), rest)


class _OpenArea:
    """The folder of an area, open within the block, and a path in it."""

    __slots__ = ("_folder", "_rest")

    def __init__(self, folder: int, rest: str) -> None:
        self._folder, self._rest = folder, rest

    def __enter__(self) -> tuple[int, str]:
        return self._folder, self._rest

    def __exit__(self, *_: object) -> None:
        os.close(self._folder)


def _status(folder: int, name: str) -> os.stat_result:
    return os.stat(name, dir_fd=folder, follow_symlinks=False)


def _rename(old: int, source: RelativePath, new: int, target: RelativePath) -> None:
    try:
        rename_without_replacing(old, source.name, new, target.name)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise OtherVolumeError(f"{source} and {target} are of different volumes.") from error
        raise


def _check_regular(path: RelativePath, status: os.stat_result, owner: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise RefusedFileError(f"{path} is no file with content: only such are opened.")
    if status.st_nlink > 1 and status.st_uid != owner:
        raise RefusedFileError(
            f"{path} is a second name of a file of somebody else: copy what you may read."
        )
