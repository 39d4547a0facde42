"""Building one snapshot: what is new is copied, the rest are links to the snapshot before."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_kit.files.etags import etag_of

from twinhub_library.snapshots.cloning import make_copy
from twinhub_library.snapshots.looking import MOST_DEEP, Rules, Seen, look_into, open_inner
from twinhub_library.snapshots.marks import (
    FOLDER,
    LeftOut,
    mark_of_file,
    mark_of_left_out,
    mark_of_unsure_file,
    reason_of,
    target_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TRIES = 3
_TICK_NANOSECONDS = 50_000_000
"""Several ticks of a kernel: what changes again within one keeps its times."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_PRIVATE = 0o700


@dataclass
class Taking:
    """One snapshot that is being built.

    ``before`` are the marks of the snapshot whose copies may be linked to; ``has_time`` and
    ``has_room`` (for so many bytes) are asked before each copy.
    """

    rules: Rules
    before: Mapping[str, str]
    has_time: Callable[[], bool]
    has_room: Callable[[int], bool]
    owner: int
    """Whose the area is: a second name of somebody else's file is not copied."""
    marks: dict[str, str] = field(default_factory=dict)
    files: int = 0
    total_bytes: int = 0
    copied_bytes: int = 0

    def take(self, live: int, new: int, old: int | None, *, path: str = "", depth: int = 0) -> None:
        """Build a folder from an open live one and from that of the snapshot before, if any.

        Raises:
            OSError: the folder of the snapshot cannot be written.
        """
        for seen in look_into(live, path, self.rules):
            self.marks[seen.path] = seen.mark
            if seen.mark == FOLDER:
                self._take_folder(seen, live, new, old, depth)
            elif (target := target_in(seen.mark)) is not None:
                os.symlink(target, seen.name, dir_fd=new)
            elif reason_of(seen.mark) is None:
                self._take_file(seen, live, new, old)

    def _take_folder(self, seen: Seen, live: int, new: int, old: int | None, depth: int) -> None:
        if depth >= MOST_DEEP:
            self.marks[seen.path] = mark_of_left_out(LeftOut.CLOSED)
            return
        with contextlib.ExitStack() as opened:
            try:
                inner = open_inner(live, seen.name)
            except PermissionError:
                self.marks[seen.path] = mark_of_left_out(LeftOut.CLOSED)
                return
            except OSError:
                del self.marks[seen.path]
                return
            opened.callback(os.close, inner)
            os.mkdir(seen.name, _PRIVATE, dir_fd=new)
            inner_new = open_inner(new, seen.name)
            opened.callback(os.close, inner_new)
            inner_old = None
            if old is not None and self.before.get(seen.path) == FOLDER:
                inner_old = open_inner(old, seen.name)
                opened.callback(os.close, inner_old)
            self.take(inner, inner_new, inner_old, path=seen.path, depth=depth + 1)

    def _take_file(self, seen: Seen, live: int, new: int, old: int | None) -> None:
        self.files += 1
        self.total_bytes += seen.status.st_size
        is_same = old is not None and self.before.get(seen.path) == seen.mark
        if is_same and _link(old, new, seen.name):
            return
        if not self.has_time():
            self._leave_out(seen, LeftOut.TIME)
        elif not self.has_room(seen.status.st_size):
            self._leave_out(seen, LeftOut.ROOM)
        else:
            self._copy(seen, live, new)

    def _copy(self, seen: Seen, live: int, new: int) -> None:
        try:
            source = os.open(seen.name, _READ_FLAGS, dir_fd=live)
        except (FileNotFoundError, NotADirectoryError):
            del self.marks[seen.path]
            return
        except OSError:
            self._leave_out(seen, LeftOut.CLOSED)
            return
        status = os.fstat(source)
        try:
            if not stat.S_ISREG(status.st_mode) or (
                status.st_nlink > 1 and status.st_uid != self.owner
            ):
                self._leave_out(seen, LeftOut.CLOSED)
                return
            self._copy_whole(seen, source, new)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self._leave_out(seen, LeftOut.ROOM)
        finally:
            os.close(source)

    def _copy_whole(self, seen: Seen, source: int, new: int) -> None:
        """Copy until nothing was written meanwhile, three times at the most."""
        for _ in range(_TRIES):
            began = time.time_ns()
            before = os.fstat(source)
            if not self.has_room(before.st_size):
                break
            self.copied_bytes += make_copy(source, new, seen.name, keeps_time=True)
            after = os.fstat(source)
            if etag_of(before) == etag_of(after):
                is_sure = began - after.st_ctime_ns > _TICK_NANOSECONDS
                self.marks[seen.path] = (
                    mark_of_file(etag_of(after)) if is_sure else mark_of_unsure_file(etag_of(after))
                )
                return
            os.unlink(seen.name, dir_fd=new)
        self._leave_out(seen, LeftOut.BUSY)

    def _leave_out(self, seen: Seen, why: LeftOut) -> None:
        self.files -= 1
        self.total_bytes -= seen.status.st_size
        self.marks[seen.path] = mark_of_left_out(why, etag_of(seen.status))


def _link(old: int | None, new: int, name: str) -> bool:
    """Return whether the old copy has a further name now; a file has some 65,000 at the most."""
    try:
        os.link(name, name, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)
    except (FileNotFoundError, FileExistsError):
        return False
    except OSError as error:
        if error.errno in {errno.EMLINK, errno.EPERM, errno.EXDEV, errno.EOPNOTSUPP}:
            return False
        raise
    return True
