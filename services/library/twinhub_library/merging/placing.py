"""The steps of a merge in its folder; each can be repeated after a crash at any point."""

from __future__ import annotations

import errno
import itertools
from functools import partial
from typing import TYPE_CHECKING

from twinhub_library.merging.outcomes import FileReport, Outcome
from twinhub_library.merging.planning import copy_name
from twinhub_library.opened import TEMPORARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_library.merging.planning import Action
    from twinhub_library.opened import OpenFolder


class Placing:
    """Puts staged files into a folder, and keeps what comes out of it.

    A file goes to a folder of the job's in the owner's first, so that all room is taken before
    anything changes; then it changes places with what is there. ``<number>.part`` there may be
    half; ``<number>`` is the new file, whole, or what came out.
    """

    def __init__(
        self, folder: OpenFolder, staged: OpenFolder, job: str, label: str, *, is_fresh: bool
    ) -> None:
        """Work in a folder with what is staged for it; a fresh job has done no step yet."""
        self._folder = folder
        self._staged = staged
        self._temporary = f"{TEMPORARY}{job}"
        self._label = label
        self._is_fresh = is_fresh
        self.has_copied = False
        """Whether anything was written that is not on the disk as staged."""
        self.reports: dict[str, FileReport] = {}
        """What became otherwise than planned, by path."""
        self._done: list[Callable[[], object]] = []
        """What takes back each step since this was made, in order."""

    def begin(self) -> None:
        """Make the job's folder."""
        self._folder.make_folders(self._temporary)

    def prepare(self, number: int, action: Action) -> None:
        """Give a staged file its temporary name, unless it is in its place already.

        Where it cannot have a second name it is copied, whole.
        """
        temporary = f"{self._temporary}/{number}"
        if not self._is_fresh and (
            self._folder.find(temporary) is not None or self._is_there(action)
        ):
            return
        if self._folder.link(self._staged, str(number), temporary):
            return
        self.has_copied = True
        self._folder.remove_file(f"{temporary}.part")
        chunks = self._staged.chunks(str(number))
        self._folder.write(f"{temporary}.part", chunks, mode=action.mode)
        self._folder.move(f"{temporary}.part", temporary)

    def remove(self, number: int, action: Action) -> None:
        """Move a file aside if it still is what was expected."""
        aside = f"{self._temporary}/{number}"
        if self._folder.find(aside) is not None:
            return
        if self._digest(action.path) == action.expected:
            self._folder.move(action.path, aside)
            self._done.append(lambda: self._move_back(aside, action))
        elif self._folder.find(action.path) is not None:
            self.reports[action.path] = FileReport(action.path, Outcome.KEPT)

    def clear_removed(self, number: int, action: Action) -> None:
        """Remove what was moved aside; what is not what was expected goes back."""
        aside = f"{self._temporary}/{number}"
        if self._folder.find(aside) is None:
            return
        if self._digest(aside) == action.expected:
            self._folder.remove_file(aside)
            self._prune(action.path)
            return
        self.reports[action.path] = FileReport(action.path, Outcome.KEPT)
        self._move_back(aside, action)

    def put(self, number: int, action: Action) -> None:
        """Let the new file take its place; what was there gets the temporary name."""
        temporary = f"{self._temporary}/{number}"
        if not self._is_fresh and (
            self._digest(temporary) != action.digest or self._is_there(action)
        ):
            return
        if action.outcome is Outcome.ADDED or not self._exchange(temporary, action.path):
            self._add(temporary, action)
        else:
            self._done.append(lambda: self._exchange_back(temporary, action))

    def clear(self, number: int, action: Action) -> None:
        """Remove what came out if it is the old file, or the new one once more; else keep it."""
        temporary = f"{self._temporary}/{number}"
        found = self._folder.find(temporary)
        if found is None:
            return
        digest = self._digest(temporary)
        is_old = digest is not None and digest == action.expected
        is_twin = digest == action.digest and self._is_there(action)
        if is_old or is_twin:
            self._folder.remove_file(temporary)
            if action.outcome is Outcome.CONFLICT:  # its owner made the same of it meanwhile
                self.reports[action.path] = FileReport(action.path, Outcome.UNCHANGED)
        elif not (found.is_folder and self._folder.remove_empty(temporary)):
            self._keep(temporary, action)

    def take_back(self) -> None:
        """Take back what was done, the last first; what its owner has written since is kept."""
        while self._done:
            self._done.pop()()
        self.reports.clear()

    def flush(self) -> None:
        """Bring all that was done to the disk."""
        self._folder.flush()

    def end(self) -> None:
        """Remove the job's folder, which is empty now."""
        self._folder.remove_empty(self._temporary)

    def _add(self, temporary: str, action: Action) -> None:
        """Put a file where, most likely, nothing is; folders may be missing."""
        self._make_way(action.path)
        try:
            self._folder.move(temporary, action.path)
        except FileExistsError:
            self._exchange(temporary, action.path)
            self._done.append(lambda: self._exchange_back(temporary, action))
        else:
            self._done.append(lambda: self._take_out(temporary, action))

    def _exchange(self, temporary: str, path: str) -> bool:
        """Let two files change places; tell whether there was one at the path."""
        try:
            self._folder.exchange(temporary, path)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                return False
            if error.errno != errno.EINVAL:
                raise
            return self._exchange_slowly(temporary, path)
        return True

    def _exchange_slowly(self, temporary: str, path: str) -> bool:
        """Do so on a file system that cannot, such as NFS: for a moment nothing is there."""
        out = f"{temporary}.old"
        try:
            self._folder.move(path, out)
        except FileNotFoundError:
            return False
        self._folder.move(temporary, path)
        self._folder.move(out, temporary)
        return True

    def _exchange_back(self, temporary: str, action: Action) -> None:
        self._exchange(temporary, action.path)
        if self._digest(temporary) != action.digest:
            self._keep(temporary, action)

    def _take_out(self, temporary: str, action: Action) -> None:
        if self._digest(action.path) == action.digest:
            self._folder.move(action.path, temporary)
            if self._digest(temporary) != action.digest:
                self._move_back(temporary, action)

    def _move_back(self, aside: str, action: Action) -> None:
        try:
            self._folder.move(aside, action.path)
        except FileExistsError:
            self._keep(aside, action)

    def _is_there(self, action: Action) -> bool:
        found = self._folder.find(action.path)
        return (
            found is not None
            and found.is_file
            and found.is_executable == action.is_executable
            and self._folder.digest(action.path) == action.digest
        )

    def _digest(self, path: str) -> str | None:
        """Return the digest of a regular file; None for anything else."""
        found = self._folder.find(path)
        return self._folder.digest(path) if found is not None and found.is_file else None

    def _make_way(self, path: str) -> None:
        """Make the folders of a path; a file or link that is in the way becomes a named copy."""
        names = path.split("/")[:-1]
        for count in range(1, len(names) + 1):
            inner = "/".join(names[:count])
            found = self._folder.find(inner)
            if found is not None and found.is_folder:
                continue
            if found is not None:
                kept = self._move_to_copy(inner, inner)
                self.reports[inner] = FileReport(inner, Outcome.CONFLICT, kept)
                self._done.append(partial(self._folder.move, kept, inner))
            self._folder.make_folders(inner)
            self._done.append(partial(self._folder.remove_empty, inner))

    def _keep(self, temporary: str, action: Action) -> None:
        kept = self._move_to_copy(temporary, action.path)
        self.reports[action.path] = FileReport(action.path, Outcome.CONFLICT, kept)

    def _move_to_copy(self, source: str, path: str) -> str:
        for number in itertools.count(1):
            kept = copy_name(path, self._label, number)
            try:
                self._folder.move(source, kept)
            except FileExistsError:
                continue
            return kept
        raise AssertionError  # never: the numbers do not end

    def _prune(self, path: str) -> None:
        """Remove the folders that a removed file leaves empty."""
        parent = path.rpartition("/")[0]
        while parent and self._folder.remove_empty(parent):
            parent = parent.rpartition("/")[0]
