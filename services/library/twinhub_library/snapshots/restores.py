"""Restoring previous versions; what is interrupted is finished when the library starts again."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import BadPathError, ExistsError, FullError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.files.renaming import rename_without_replacing

from twinhub_library.areas import OWN_FOLDER, split_path
from twinhub_library.errors import LibraryError
from twinhub_library.snapshots.marks import reason_of
from twinhub_library.snapshots.preparing import Preparing, Restored, opened_inner, remove_stage
from twinhub_library.snapshots.putting import TEMPORARY, make_temporary
from twinhub_library.snapshots.removing import remove_whole
from twinhub_library.snapshots.restoring import Restoring
from twinhub_library.snapshots.shelf import NoVersionError, check_kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.areas import Area
    from twinhub_library.snapshots.snapshots import Snapshots
    from twinhub_library.tree import Tree

_log = logging.getLogger(__name__)
_NOTES = RelativePath((OWN_FOLDER, "restores"))


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What became of each file of a restore."""

    path: str
    kept_as: str
    """Time of the version that keeps the state before; empty where nothing was replaced."""
    outcomes: dict[str, Restored]


class Restores:
    """Brings previous versions back."""

    def __init__(self, tree: Tree, snapshots: Snapshots) -> None:
        """Make the folder of notes about what is being restored, if it is missing."""
        self._tree, self._snapshots = tree, snapshots
        with contextlib.suppress(FileExistsError), _opened(tree, _NOTES.parent) as own:
            os.mkdir(_NOTES.name, 0o700, dir_fd=own)

    def restore(self, path: RelativePath, time: str) -> RestoreReport:
        """Put a file or folder back as it was, after the present state was kept as a version.

        Raises:
            NoVersionError: there is no such version.
            FullError: there is no room to keep the present state, or for the old one.
        """
        area, within = split_path(path)
        check_kept(area)
        with self._snapshots.lock(area):
            self._check_there(area, time, within)
            note = self._note(path, time)
            try:
                return self._restore(path, time, note)
            finally:
                self._forget(note)

    def _check_there(self, area: Area, time: str, within: RelativePath) -> None:
        mark = self._snapshots.shelf.read_marks(area, time).get("/".join(within.names), "")
        if within.names and (not mark or reason_of(mark) is not None):
            raise NoVersionError(f"{within} is not in the version of {time}.")

    def restore_copy(self, path: RelativePath, time: str, into: RelativePath) -> RestoreReport:
        """Put a previous version at a path where nothing is.

        Raises:
            NoVersionError: there is no such version.
            NotThereError: the folder that it is to be in is not there.
            ExistsError: something is at the new path.
        """
        area, within = split_path(path)
        check_kept(area)
        if not split_path(into)[1].names:
            raise BadPathError(
                "An area itself is no place for a copy: name a file or folder in it."
            )
        with (
            self._snapshots.shelf.opened_version(area, time, within) as source,
            _opened(self._tree, into.parent) as folder,
            translated(into),
        ):
            temporary = make_temporary(source, folder)
            try:
                rename_without_replacing(folder, temporary, folder, into.name)
            except FileExistsError as error:
                remove_whole(folder, temporary)
                raise ExistsError(f"{into} is there already: choose another name.") from error
            os.fsync(folder)
        return RestoreReport(str(into), "", {str(into): Restored.RESTORED})

    def recover(self) -> None:
        """Finish the restores that a crash has interrupted."""
        with _opened(self._tree, _NOTES) as notes:
            names = os.listdir(notes)  # noqa: PTH208 - a descriptor
        for name in names:
            self._finish(name)

    def _finish(self, note: str) -> None:
        try:
            with _opened(self._tree, _NOTES) as notes:
                found = os.open(note, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=notes)
                with os.fdopen(found) as file:
                    text, time = json.load(file)
            path = RelativePath.parse(text)
            with self._snapshots.lock(split_path(path)[0]), translated(path):
                self._clear_stage(path, time, note)
                self._restore(path, time, note)
        except ValueError:
            pass  # the crash came before the note was whole, and so before the restore
        except LibraryError as error:
            _log.warning("restore not finished note=%s: %s", note, error)
        self._forget(note)

    def _restore(self, path: RelativePath, time: str, note: str) -> RestoreReport:
        """Take a version of the present, prepare what is to be put beside it, and put it."""
        area, within = split_path(path)
        taken = self._snapshots.take(area)
        if not taken.time:
            raise FullError(f"The present state cannot be kept. {taken.notice}")
        shelf = self._snapshots.shelf
        prepared = Preparing(shelf.read_marks(area, time), shelf.read_marks(area, taken.time))
        with (
            shelf.opened_version(area, time, RelativePath()) as source,
            _opened(self._tree, area.path) as live,
            translated(path),
        ):
            stage = f"{TEMPORARY}{note}"
            with _staged(live, stage) as prepare:
                if within.names:
                    prepared.prepare_path(source, live, prepare, within.names)
                else:
                    prepared.prepare_content(source, live, prepare, "")
            try:
                with opened_inner(live, stage) as ready:
                    Restoring(prepared).restore_content(ready, live, "")
            finally:
                remove_stage(live, stage, source, prepared.now)
        outcomes = {f"{area}/{one}": outcome for one, outcome in prepared.outcomes.items()}
        return RestoreReport(str(path), taken.time, outcomes)

    def _clear_stage(self, path: RelativePath, time: str, note: str) -> None:
        """Remove what a killed restore has prepared."""
        area, _ = split_path(path)
        shelf = self._snapshots.shelf
        last = shelf.find_last_taken(area)
        with (
            shelf.opened_version(area, time, RelativePath()) as source,
            _opened(self._tree, area.path) as live,
        ):
            now = shelf.read_marks(area, last) if last else {}
            remove_stage(live, f"{TEMPORARY}{note}", source, now)

    def _note(self, path: RelativePath, time: str) -> str:
        name = secrets.token_hex(8)
        self._tree.write_file(_NOTES / name, [json.dumps([str(path), time]).encode()])
        return name

    def _forget(self, note: str) -> None:
        with _opened(self._tree, _NOTES) as notes, contextlib.suppress(FileNotFoundError):
            os.unlink(note, dir_fd=notes)


@contextlib.contextmanager
def _opened(tree: Tree, path: RelativePath) -> Iterator[int]:
    found = tree.open_folder_itself(path)
    try:
        yield found
    finally:
        os.close(found)


@contextlib.contextmanager
def _staged(live: int, name: str) -> Iterator[int]:
    """Make a hidden folder in an open one; what the block cannot fill is removed with it."""
    os.mkdir(name, 0o700, dir_fd=live)
    try:
        with opened_inner(live, name) as stage:
            yield stage
    except OSError:
        remove_whole(live, name)
        raise
