"""A rename that replaces nothing: ``renameat2`` with ``RENAME_NOREPLACE`` (renameat2(2))."""

from __future__ import annotations

import ctypes
import errno
import functools
import os

_NO_REPLACE = 1


def rename_without_replacing(old_folder: int, old: str, new_folder: int, new: str) -> None:
    """Rename between two open folders.

    Raises:
        OSError: ``EEXIST`` where something has the new name, and what rename(2) says.
    """
    done = _libc().renameat2(
        old_folder, os.fsencode(old), new_folder, os.fsencode(new), _NO_REPLACE
    )
    if done == 0:
        return
    error = ctypes.get_errno()
    if error == errno.EINVAL and not _exists(new_folder, new):
        # A file system that does not know the flag, such as NFS: the look is all that there is.
        os.rename(old, new, src_dir_fd=old_folder, dst_dir_fd=new_folder)
        return
    raise OSError(error, os.strerror(error), new)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


@functools.cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.renameat2.argtypes = (
        ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
    )  # fmt: skip
    return libc
