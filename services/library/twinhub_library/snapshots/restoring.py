"""Putting what was prepared into its place, and never losing the present.

Before anything is put in its place, a snapshot keeps the present state; what that snapshot could
not keep, or what somebody has written since, stays as it is and is named in the report. Nothing
here takes room: there are renames and removals alone.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.files.etags import etag_of
from twinhub_kit.files.renaming import rename_without_replacing

from twinhub_library.snapshots.marks import FOLDER, etag_in, reason_of, target_in
from twinhub_library.snapshots.preparing import Restored, join, opened_inner
from twinhub_library.snapshots.putting import TEMPORARY, put, status_of

if TYPE_CHECKING:
    from twinhub_library.snapshots.preparing import Preparing


@dataclass
class Restoring:
    """One return of a folder's content, or a file's, to what a snapshot has."""

    prepared: Preparing

    def restore(self, stage: int, target: int, name: str, path: str) -> None:
        """Put what has a name in an open folder of what was prepared into an open live one.

        Raises:
            OSError: a disk fails; what is done already is whole.
        """
        status = status_of(stage, name)
        if status is None:
            return
        if stat.S_ISDIR(status.st_mode):
            self._restore_folder(stage, target, name, path)
        elif self._make_way(target, name, path):
            is_put = put(stage, target, name, self.prepared.now.get(path, ""))
            self.prepared.outcomes[path] = Restored.RESTORED if is_put else Restored.KEPT

    def _restore_folder(self, stage: int, target: int, name: str, path: str) -> None:
        if not self._make_way(target, name, path, keeps_folder=True):
            return
        if status_of(target, name) is None:
            with contextlib.suppress(FileExistsError):
                rename_without_replacing(stage, name, target, name)
                os.fsync(target)
                return
        with opened_inner(stage, name) as inner_stage, opened_inner(target, name) as inner:
            self.restore_content(inner_stage, inner, path)

    def restore_content(self, stage: int, target: int, path: str) -> None:
        """Put all that is in a folder, and remove what was not there then.

        Raises:
            OSError: a disk fails; what is done already is whole.
        """
        for name in sorted(os.listdir(stage)):
            self.restore(stage, target, name, join(path, name))
        then = self.prepared.listings.get(path)
        if then is not None:  # else it is a folder on the way alone
            for name in sorted(set(os.listdir(target)) - then):
                inner = join(path, name)
                mark = self.prepared.then.get(inner, "")
                if not name.startswith(TEMPORARY) and reason_of(mark) is None:
                    self._remove(target, name, inner)
        os.fsync(target)

    def _make_way(self, target: int, name: str, path: str, *, keeps_folder: bool = False) -> bool:
        """Return whether something else may be put under a name; a folder is removed for a file."""
        status = status_of(target, name)
        if status is None:
            return True
        if stat.S_ISDIR(status.st_mode):
            if keeps_folder:
                return True
            self._remove(target, name, path)
            if status_of(target, name) is None:
                return True
        elif self._is_kept(status, target, name, path):
            if keeps_folder:
                os.unlink(name, dir_fd=target)
            return True
        self._keep(path)
        return False

    def _keep(self, path: str) -> None:
        """Say that what is at a path stays, and that nothing was restored below it."""
        outcomes = self.prepared.outcomes
        for one in [one for one in outcomes if one.startswith(f"{path}/")]:
            if outcomes[one] is Restored.RESTORED:
                del outcomes[one]
        outcomes[path] = Restored.KEPT

    def _is_kept(self, status: os.stat_result, target: int, name: str, path: str) -> bool:
        """Return whether the version that keeps the present has what is there."""
        mark = self.prepared.now.get(path, "")
        if stat.S_ISLNK(status.st_mode):
            return target_in(mark) == os.readlink(name, dir_fd=target)
        return etag_in(mark) == etag_of(status)

    def _remove(self, target: int, name: str, path: str) -> None:
        status = status_of(target, name)
        if status is None:
            return
        now, outcomes = self.prepared.now, self.prepared.outcomes
        if not stat.S_ISDIR(status.st_mode):
            is_kept = self._is_kept(status, target, name, path)
            if is_kept:
                os.unlink(name, dir_fd=target)
            if is_kept or path in now:  # what is ignored is no business of a restore
                outcomes[path] = Restored.REMOVED if is_kept else Restored.KEPT
            return
        if now.get(path) != FOLDER:
            return
        with opened_inner(target, name) as inner:
            for one in sorted(os.listdir(inner)):  # noqa: PTH208 - a descriptor
                self._remove(inner, one, join(path, one))
        with contextlib.suppress(OSError):  # something in it stays
            os.rmdir(name, dir_fd=target)
            outcomes[path] = Restored.REMOVED
