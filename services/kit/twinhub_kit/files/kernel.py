"""What the kernel says of a path, as errors of files."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import (
    BadPathError,
    ExistsError,
    FileError,
    FullError,
    NotThereError,
    RefusedFileError,
)

if TYPE_CHECKING:
    from twinhub_kit.files.paths import RelativePath


class translated:  # noqa: N801 - read as what it does, as `contextlib.suppress` is
    """Turn what the kernel says of a path, within the block, into errors of files.

    A class, since every file that is read is opened in two of them, and generators cost thrice.

    Raises:
        FileError: the one that an OSError of the block stands for; its own go through.
    """

    __slots__ = ("_path",)

    def __init__(self, path: RelativePath) -> None:
        """Speak of a path."""
        self._path = path

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise the error that the kernel's stands for."""
        if isinstance(error, OSError):
            raise _error(self._path, error) from error


_ERRORS: tuple[tuple[frozenset[int], type[FileError], str], ...] = (
    (frozenset({errno.ENOENT, errno.ENOTDIR}), NotThereError, "{path} is not there."),
    (
        frozenset({errno.EXDEV, errno.ELOOP}),
        RefusedFileError,
        "{path} leads out of its area: it is not opened.",
    ),
    (
        frozenset({errno.ENXIO, errno.ENODEV, errno.EACCES, errno.EPERM}),
        RefusedFileError,
        "{path} cannot be opened.",
    ),
    (
        frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.EISDIR}),
        ExistsError,
        "{path} is there already: choose another name.",
    ),
    (
        frozenset({errno.ENOSPC, errno.EDQUOT}),
        FullError,
        "There is no room left: remove files that nobody needs.",
    ),
    (frozenset({errno.ENAMETOOLONG}), BadPathError, "{path} is too long: shorten its names."),
)


def _error(path: RelativePath, error: OSError) -> FileError:
    for numbers, kind, text in _ERRORS:
        if error.errno in numbers:
            return kind(text.format(path=path))
    return FileError(f"{path} could not be opened: {error.strerror}.")
