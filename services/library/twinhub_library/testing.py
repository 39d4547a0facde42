"""For tests: a process that is killed at a chosen write, and a disk that is full from one on.

``CrashPoints`` counts every call that changes a file system or commits a transaction, and raises
`Killed` in place of the chosen one and of all that follow: what is dead writes nothing more, not
even in its ``finally``. ``FullDisk`` counts the calls that take room, and has the chosen one and
all that follow fail; the program lives on, and what it removes is removed. A sweep over all points
shows that nothing is ever left half:

    for at in CrashPoints.sweep(act, before=make_fresh_state):
        recover()
        check()  # once for each point, after the crash

    for at, error in FullDisk.sweep(act, before=make_fresh_state):
        check(error)  # once for each point, without a new start
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import sqlite3
import stat
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar
from unittest import mock

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from twinhub_kit.errors import ServiceError
from twinhub_kit.files import beneath, renaming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection

    _Patch = contextlib.AbstractContextManager[object]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_CALLS = {
    name: getattr(os, name)
    for name in (
        "rename", "replace", "link", "symlink", "mkdir", "unlink", "remove", "rmdir", "chmod",
        "fchmod", "truncate", "ftruncate",
    )
} | {"fsync": lambda _: None}  # fmt: skip
"""What is counted; nothing waits for the disk, which tells a killed process nothing."""
_TAKE_ROOM = {
    name: getattr(os, name)
    for name in ("link", "symlink", "write", "pwrite", "copy_file_range", "ftruncate")
}
"""What a full disk refuses; a name is taken away, and given another folder, all the same."""
_OPEN, _MAKE_FOLDER, _OPEN_BENEATH = os.open, os.mkdir, beneath._openat2  # noqa: SLF001


class Killed(BaseException):
    """The process ends here; nothing catches it but the test."""


class _Points:
    """While it is entered, some calls are counted, and are refused from the chosen one on."""

    def __init__(self, at: int | None, patches: Sequence[_Patch]) -> None:
        self.count = 0
        self._at = at
        self._patches = patches
        self._opened = contextlib.ExitStack()

    @property
    def was_reached(self) -> bool:
        """Whether the chosen call was reached."""
        return self._at is not None and self.count >= self._at

    def __enter__(self) -> Self:
        """Begin to count."""
        for patch in self._patches:
            self._opened.enter_context(patch)
        event.listen(Engine, "commit", self._commit)
        return self

    def __exit__(self, *_: object) -> None:
        """Let calls be calls again."""
        event.remove(Engine, "commit", self._commit)
        self._opened.close()

    def _guarded(self, call: Callable[_P, _R]) -> Callable[_P, _R]:
        def guarded(*arguments: _P.args, **named: _P.kwargs) -> _R:
            self._pass()
            return call(*arguments, **named)

        return guarded

    def _commit(self, connection: Connection) -> None:
        del connection
        self._pass()

    def _pass(self) -> None:
        self.count += 1
        if self.was_reached:
            self._refuse()

    def _refuse(self) -> None:
        raise NotImplementedError


class CrashPoints(_Points):
    """While it is entered, writes are counted, and from the chosen one on they kill."""

    def __init__(self, at: int | None = None) -> None:
        """Kill in place of write number ``at``, counted from 1; None only counts."""
        patches: list[_Patch] = [
            *(mock.patch.object(os, name, self._guarded(_CALLS[name])) for name in _CALLS),
            mock.patch.object(renaming, "_rename", self._guarded(renaming._rename)),  # noqa: SLF001
        ]
        super().__init__(at, patches)

    @property
    def was_killed(self) -> bool:
        """Whether the chosen write was reached."""
        return self.was_reached

    @classmethod
    def sweep(
        cls, act: Callable[[], object], *, before: Callable[[], object] = lambda: None
    ) -> Iterator[int]:
        """Call ``act`` with a crash at its first write, its second, … until it comes through.

        ``before`` is called before each, without a crash. The number of the crash is yielded
        after it; the last call, which no crash reached, yields its own number too.
        """
        for at in itertools.count(1):
            before()
            with cls(at) as points, contextlib.suppress(Killed):
                act()
            yield at
            if not points.was_killed:
                return

    def _refuse(self) -> None:
        raise Killed(f"at write {self.count}")


class FullDisk(_Points):
    """While it is entered, there is no room from the chosen call on that needs some."""

    def __init__(self, at: int | None = None, number: int = errno.ENOSPC) -> None:
        """Fail with ``number`` (``ENOSPC``, ``EDQUOT``) from call ``at`` on, counted from 1."""
        self._number = number
        self._changes: dict[int, int] = {}
        patches: list[_Patch] = [
            *(mock.patch.object(os, name, self._guarded(_TAKE_ROOM[name])) for name in _TAKE_ROOM),
            *(mock.patch.object(os, name, self._sync) for name in ("fsync", "fdatasync")),
            mock.patch.object(os, "mkdir", self._make_folder),
            mock.patch.object(os, "open", self._open),
            mock.patch.object(beneath, "_openat2", self._open_beneath),
            mock.patch.object(renaming, "_sync", self._guarded(renaming._sync)),  # noqa: SLF001
        ]
        super().__init__(at, patches)

    def __enter__(self) -> Self:
        """Begin to count."""
        event.listen(Engine, "begin", self._begin)
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        """Let there be room again."""
        super().__exit__()
        event.remove(Engine, "begin", self._begin)

    @classmethod
    def sweep(
        cls,
        act: Callable[[], object],
        *,
        before: Callable[[], object] = lambda: None,
        number: int = errno.ENOSPC,
    ) -> Iterator[tuple[int, ServiceError | None]]:
        """Call ``act`` with the disk full from its first call on, its second, … until all is well.

        Yields the number of the call and how ``act`` refused; None where it came through all the
        same. What it raises beside a `ServiceError`, which people can read, goes through.
        """
        for at in itertools.count(1):
            before()
            error: ServiceError | None = None
            with cls(at, number) as points:
                try:
                    act()
                except ServiceError as refused:
                    error = refused
            yield at, error
            if not points.was_reached:
                return

    def _commit(self, connection: Connection) -> None:
        if self._changes.get(id(connection)) == _count_changes(connection):
            return  # it has only read
        try:
            self._pass()
        except OSError as error:
            full = sqlite3.OperationalError("database or disk is full")
            raise OperationalError("COMMIT", None, full) from error

    def _open(self, path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE or (flags & os.O_CREAT and _is_new(path, dir_fd)):
            self._pass()
        return _OPEN(path, flags, mode, dir_fd=dir_fd)

    def _open_beneath(self, folder: int, path: str, flags: int, *, mode: int, resolve: int) -> int:
        if flags & os.O_CREAT and _is_new(path, folder):
            self._pass()
        return _OPEN_BENEATH(folder, path, flags, mode=mode, resolve=resolve)

    def _make_folder(self, path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        if _is_new(path, dir_fd):
            self._pass()
        _MAKE_FOLDER(path, mode, dir_fd=dir_fd)

    def _sync(self, file: int) -> None:
        if stat.S_ISREG(os.fstat(file).st_mode):  # a folder has the room for its names
            self._pass()

    def _begin(self, connection: Connection) -> None:
        self._changes[id(connection)] = _count_changes(connection)

    def _refuse(self) -> None:
        raise OSError(self._number, os.strerror(self._number))


def _is_new(path: str, folder: int | None) -> bool:
    """Return whether nothing has a name: what is there already is told before the disk is full."""
    return not os.access(path, os.F_OK, dir_fd=folder, follow_symlinks=False)


def _count_changes(connection: Connection) -> int:
    """Return how many rows of SQLite a connection has changed so far."""
    return int(getattr(connection.connection.dbapi_connection, "total_changes", 0))
