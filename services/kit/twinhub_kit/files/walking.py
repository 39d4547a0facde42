"""Going through an open folder and all below it, over no link, whatever is renamed meanwhile."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import RefusedFileError
from twinhub_kit.files.newfile import TEMPORARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEEPEST = 200
"""Folders in each other that are gone through; each takes a descriptor."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER_ALONE = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_SWAPPED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})
_REMOVED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Found:
    """One name below a folder; of use until the next one is asked for."""

    names: tuple[str, ...]
    status: os.stat_result
    folder: int
    """Descriptor of the folder that it is in."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; a link to one is none."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        """Whether it has content."""
        return stat.S_ISREG(self.status.st_mode)

    @property
    def path(self) -> str:
        """The names with slashes between them."""
        return "/".join(self.names)

    def open_file(self) -> int | None:
        """Return a descriptor for reading; None where it is no regular file any more."""
        try:
            opened = os.open(self.names[-1], _FILE, dir_fd=self.folder)
        except OSError as error:
            if error.errno in _SWAPPED:
                return None
            raise
        if stat.S_ISREG(os.fstat(opened).st_mode):
            return opened
        os.close(opened)
        return None


@dataclass(slots=True)
class _Level:
    names: tuple[str, ...]
    folder: int
    rest: Iterator[str]


def walk(folder: int, enters: Callable[[Found], bool] | None = None) -> Iterator[Found]:
    """Go through all below an open folder: by name, folders before what is in them.

    ``enters`` says for a folder whether to go through it. What ends meanwhile is left out.

    Raises:
        RefusedFileError: folders lie in each other too deep.
    """
    levels = [_enter((), folder, ".")]
    try:
        while levels:
            level = levels[-1]
            name = next(level.rest, None)
            if name is None:
                os.close(levels.pop().folder)
                continue
            found = _look(level, name)
            if found is None:
                continue
            yield found
            if found.is_folder and (enters is None or enters(found)):
                with _swapped_away():
                    levels.append(_enter(found.names, level.folder, name))
    finally:
        for level in levels:
            os.close(level.folder)


def _look(level: _Level, name: str) -> Found | None:
    try:
        status = os.stat(name, dir_fd=level.folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Found((*level.names, name), status, level.folder)


def _enter(names: tuple[str, ...], folder: int, name: str) -> _Level:
    if len(names) > DEEPEST:
        raise RefusedFileError(f"Folders lie in each other deeper than {DEEPEST}: flatten them.")
    inner = os.open(name, _FOLDER, dir_fd=folder)
    try:
        found = sorted(os.listdir(inner))  # noqa: PTH208 - a descriptor
    except BaseException:
        os.close(inner)
        raise
    return _Level(names, inner, iter([one for one in found if not one.startswith(TEMPORARY)]))


@contextlib.contextmanager
def _swapped_away() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _SWAPPED:
            raise


def remove_tree(folder: int, name: str) -> None:
    """Remove what has a name in an open folder, with all below it, over no link.

    However deep it is: what lies too deep is first moved up.

    Raises:
        OSError: what rmdir(2) and unlink(2) say; what could be removed is.
    """
    if _unlink(folder, name):
        return
    top = _open_to_empty(folder, name)
    if top is None:
        return
    try:
        while rest := os.listdir(top):  # noqa: PTH208 - a descriptor
            for one in rest:
                _remove(top, one, top, depth=0)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=folder)


def _remove(folder: int, name: str, top: int, *, depth: int) -> None:
    if _unlink(folder, name):
        return
    if depth >= _REMOVED_AT_ONCE:
        os.rename(name, secrets.token_hex(8), src_dir_fd=folder, dst_dir_fd=top)
        return
    inner = _open_to_empty(folder, name)
    if inner is None:
        return
    try:
        for one in os.listdir(inner):  # noqa: PTH208 - a descriptor
            _remove(inner, one, top, depth=depth + 1)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=folder)


def _unlink(folder: int, name: str) -> bool:
    """Remove a name; return False where it is a folder's."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return True
    except (IsADirectoryError, PermissionError):
        return False
    return True


def _open_to_empty(folder: int, name: str) -> int | None:
    """Return a folder that may be read and written to, also one that was closed to its owner."""
    try:
        found = os.open(name, _FOLDER_ALONE, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        with contextlib.suppress(OSError):  # somebody else's, in which it is seen what may be done
            os.chmod(f"/proc/self/fd/{found}", 0o700)  # noqa: PTH101 - a descriptor for nothing else
        return os.open(".", _FOLDER, dir_fd=found)
    finally:
        os.close(found)
