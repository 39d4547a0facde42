"""Renames that lose nothing: ``renameat2`` (renameat2(2)) with its flags."""

from __future__ import annotations

import ctypes
import errno
import functools
import os

_NO_REPLACE, _EXCHANGE = 1, 2


def rename_without_replacing(old_folder: int, old: str, new_folder: int, new: str) -> None:
    """Rename between two open folders.

    Raises:
        OSError: ``EEXIST`` where something has the new name, and what rename(2) says.
    """
    error = _rename(old_folder, old, new_folder, new, _NO_REPLACE)
    if error == errno.EINVAL and not _exists(new_folder, new):
        # A file system that does not know the flag, such as NFS: the look is all that there is.
        os.rename(old, new, src_dir_fd=old_folder, dst_dir_fd=new_folder)
        return
    if error:
        raise OSError(error, os.strerror(error), new)


def exchange(old_folder: int, old: str, new_folder: int, new: str) -> None:
    """Let what has two names change places, at once.

    Raises:
        OSError: ``ENOENT`` where a name is nobody's, ``EINVAL`` where the file system cannot.
    """
    error = _rename(old_folder, old, new_folder, new, _EXCHANGE)
    if error:
        raise OSError(error, os.strerror(error), new)


def sync_file_system(descriptor: int) -> None:
    """Bring all of the file system that a descriptor is on to the disk: syncfs(2).

    Raises:
        OSError: ``ENOSPC`` or ``EDQUOT`` where what was written has no room, ``EIO``.
    """
    error = _sync(descriptor)
    if error:
        raise OSError(error, os.strerror(error))


def _sync(descriptor: int) -> int:
    """Return the error's number, 0 for none."""
    done = _libc().syncfs(descriptor)
    return 0 if done == 0 else ctypes.get_errno()


def _rename(old_folder: int, old: str, new_folder: int, new: str, flags: int) -> int:
    """Return the error's number, 0 for none."""
    done = _libc().renameat2(old_folder, os.fsencode(old), new_folder, os.fsencode(new), flags)
    return 0 if done == 0 else ctypes.get_errno()


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
