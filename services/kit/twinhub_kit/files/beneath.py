"""Opening what is beneath a folder and nothing else, whatever is renamed meanwhile.

``openat2`` (Linux 5.6, openat2(2)) with ``RESOLVE_BENEATH`` and ``RESOLVE_NO_MAGICLINKS`` leaves
the check to the kernel. Where the kernel or a filter of a container does not know it, each name is
opened by itself with ``O_NOFOLLOW``; links inside the folder then count as ways out of it.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform

_OPENAT2 = 437
"""The number of the call on every processor that got it after 5.6 (asm-generic/unistd.h)."""
_MACHINES = frozenset({"x86_64", "aarch64", "riscv64", "ppc64le", "s390x"})
_NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08
_UNKNOWN = frozenset({errno.ENOSYS, errno.EPERM})
_TRIES = 64
"""A rename beside an opening makes the kernel say EAGAIN; after so many the opening fails."""


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


_SIZE = ctypes.sizeof(_How)


def open_beneath(folder: int, path: str, flags: int, *, mode: int = 0, follow: bool = True) -> int:
    """Return a descriptor of what a path names beneath an open folder.

    ``follow`` says whether links that stay beneath the folder lead on; with ``O_NOFOLLOW`` in the
    flags the last name is not followed. Descriptors are closed when another program is started.

    Raises:
        OSError: ``EXDEV`` or ``ELOOP`` where the path leads out, and what open(2) says.
    """
    flags |= os.O_CLOEXEC
    if has_openat2():
        resolve = _BENEATH | _NO_MAGICLINKS | (0 if follow else _NO_SYMLINKS)
        return _openat2(folder, path, flags, mode=mode, resolve=resolve)
    return _walk(folder, path, flags, mode=mode)


@functools.cache
def has_openat2() -> bool:
    """Return whether the kernel checks paths itself."""
    if platform.machine() not in _MACHINES:
        return False
    folder = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(_openat2(folder, ".", os.O_PATH | os.O_CLOEXEC, mode=0, resolve=_BENEATH))
    except OSError as error:
        if error.errno in _UNKNOWN:
            return False
        raise
    finally:
        os.close(folder)
    return True


def _openat2(folder: int, path: str, flags: int, *, mode: int, resolve: int) -> int:
    how = _how(flags, mode if flags & (os.O_CREAT | os.O_TMPFILE) else 0, resolve)
    name, call = os.fsencode(path or "."), _libc().syscall
    for _ in range(_TRIES):
        found: int = call(_OPENAT2, folder, name, how, _SIZE)
        if found >= 0:
            return found
        error = ctypes.get_errno()
        if error not in {errno.EAGAIN, errno.EINTR}:
            raise OSError(error, os.strerror(error), path)
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), path)


def _walk(folder: int, path: str, flags: int, *, mode: int) -> int:
    """Open one name after the other, without links; ``..`` is refused."""
    names = [name for name in path.split("/") if name not in {"", "."}]
    if ".." in names or path.startswith("/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
    if not names:
        return os.open(".", flags, mode, dir_fd=folder)
    at = os.dup(folder)
    try:
        for name in names[:-1]:
            inner = os.open(
                name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at
            )
            os.close(at)
            at = inner
        return os.open(names[-1], flags | os.O_NOFOLLOW, mode, dir_fd=at)
    finally:
        os.close(at)


@functools.lru_cache(256)
def _how(flags: int, mode: int, resolve: int) -> _How:
    """Return what the kernel reads how to open from; every opening would make it anew else."""
    return _How(flags, mode, resolve)


@functools.cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    libc.syscall.argtypes = (
        ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(_How), ctypes.c_size_t,
    )  # fmt: skip
    return libc
