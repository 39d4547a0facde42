"""Giving up root: a service that root starts works as the uid of the installation.

What it needs may lie where only root may enter, such as below root's home. Then it first gets a
view of the file system of its own (mount_namespaces(7)): the folders on the way are empty but for
what is needed. So nothing needs a right of root afterwards, neither the service nor a program that
it starts, and what else lies there, such as the installation's secrets, is out of reach.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CLONE_NEWNS = 0x00020000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 32, 4096
_MS_REC, _MS_SLAVE = 16384, 1 << 19
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


class RightsError(Exception):
    """The service cannot work as the uid; the text says what to do."""


def become(uid: int, *, writable: Sequence[Path], readable: Iterable[Path] = ()) -> None:
    """Be this uid from here on, if root; the paths named, and Python's own, stay in reach.

    To be called before the first thread begins: the kernel has these rights thread by thread. The
    process is killed when its parent ends, and no program that it starts gains rights.

    Raises:
        RightsError: a path cannot be brought into reach.
    """
    if os.geteuid() == 0 and uid != 0:
        needed = dict.fromkeys(writable, True) | {
            path: False for path in (*readable, *_code()) if path not in writable
        }
        hidden = {top for path in needed if (top := _barrier(path, uid)) is not None}
        if hidden:
            _show(sorted(hidden), needed)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _code() -> list[Path]:
    """Return where Python and its packages are."""
    texts = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path}
    paths = {Path(text).absolute() for text in texts if text}
    return sorted(path for path in paths if path.is_dir())


def _barrier(path: Path, uid: int) -> Path | None:
    """Return the first folder on the way to a path that a uid may not enter; None without one."""
    for way in {path.absolute(), path.resolve()}:
        for folder in (*reversed(way.parents), way):
            if not _may_enter(folder, uid):
                return folder
    return None


def _may_enter(folder: Path, uid: int) -> bool:
    found = folder.stat()
    if found.st_uid == uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == uid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _show(tops: Sequence[Path], needed: dict[Path, bool]) -> None:
    """Cover folders in this process's view, and put what is needed of them in again."""
    covered = [top for top in tops if not any(other in top.parents for other in tops)]
    inside = sorted(path for path in needed if any(path.is_relative_to(top) for top in covered))
    if any(path in covered for path in inside):
        path = next(path for path in inside if path in covered)
        raise RightsError(f"{path} belongs to another user: give it to uid, see `twinhub check`.")
    try:
        _call("unshare", _CLONE_NEWNS)
        _mount(None, "/", _MS_REC | _MS_SLAVE)
        with contextlib.ExitStack() as opened:
            sources = {}
            for path in inside:
                sources[path] = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
                opened.callback(os.close, sources[path])
            for top in covered:
                _call("mount", b"tmpfs", os.fsencode(top), b"tmpfs",
                      ctypes.c_ulong(_MS_NOSUID | _MS_NODEV), b"mode=755")  # fmt: skip
            for path, source in sources.items():
                _put_back(path, source, is_writable=needed[path])
    except OSError as error:
        names = " ".join(map(str, covered))
        raise RightsError(
            f"The uid may not enter {names}, and the way around that needs rights that this "
            f"process has not ({error.strerror}). Let it enter (chmod o+x {names}), or move "
            "TwinHub to a folder that it may enter."
        ) from error


def _put_back(path: Path, source: int, *, is_writable: bool) -> None:
    if path.exists() and os.path.samestat(path.stat(), os.stat(source)):
        return  # within what was put back already
    path.mkdir(parents=True, exist_ok=True)
    _mount(f"/proc/self/fd/{source}", str(path), _MS_BIND | _MS_REC)
    if not is_writable:
        _mount(None, str(path), _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def _mount(source: str | None, target: str, flags: int) -> None:
    given = None if source is None else os.fsencode(source)
    _call("mount", given, os.fsencode(target), None, ctypes.c_ulong(flags), None)


def _prctl(option: int, value: int) -> None:
    _call("prctl", option, ctypes.c_ulong(value), *(ctypes.c_ulong(0),) * 3)


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), name)
