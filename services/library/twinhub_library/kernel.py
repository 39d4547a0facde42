"""What the kernel says of a path, as errors of the library."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

from twinhub_library.errors import (
    BadPathError,
    ExistsError,
    FullError,
    LibraryError,
    NotThereError,
    RefusedFileError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.paths import RelativePath


@contextlib.contextmanager
def translated(path: RelativePath) -> Iterator[None]:
    """Turn what the kernel says of a path into errors of the library.

    Raises:
        LibraryError: the one that an OSError of the block stands for; its own go through.
    """
    try:
        yield
    except LibraryError:
        raise
    except OSError as error:
        raise _error(path, error) from error


_ERRORS: tuple[tuple[frozenset[int], type[LibraryError], str], ...] = (
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


def _error(path: RelativePath, error: OSError) -> LibraryError:
    for numbers, kind, text in _ERRORS:
        if error.errno in numbers:
            return kind(text.format(path=path))
    return LibraryError(f"{path} could not be opened: {error.strerror}.")
