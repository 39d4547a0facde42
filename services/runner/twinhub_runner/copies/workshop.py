"""Where runs work: in place, or in a copy that is kept from `create` to `clean`."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from twinhub_api.runner.runs import Status
from twinhub_kit.files.paths import RelativePath

from twinhub_runner.copies.copies import digest_of_text, name_of_copy
from twinhub_runner.copies.inputs import Required, find_required
from twinhub_runner.copies.mounts import mount_of_builds, mounts_in_place, mounts_of_copy
from twinhub_runner.errors import BadTwinError
from twinhub_runner.folders import remove_folder
from twinhub_runner.places import Place
from twinhub_runner.reading import parse_description
from twinhub_runner.results.keeping import keep_results
from twinhub_runner.twins import may_read

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_kit.callers import Caller

    from twinhub_runner.copies.copies import Copies, Copy, Pin
    from twinhub_runner.store.rows import RunRow
    from twinhub_runner.store.runs import RunTable
    from twinhub_runner.twins import FoundTwin

CREATE, CLEAN = "create", "clean"
_GONE = ".gone"
COPY_NOTE = "copy.json"
"""What a run's copy was made of, in the run's own folder."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where a run of a twin is to work."""

    found: FoundTwin
    """The twin as the copy describes it, where there is one that is kept."""
    copy: str
    """Name of the copy; empty where the twin works in place."""
    key: str
    """What one run at a time has, as people are told it."""
    required: Required
    pins: tuple[Pin, ...] = ()
    """What the copy has to be made of; empty for what there is."""
    is_fresh: bool = False
    """Whether the copy is made anew."""
    is_behind: bool = False
    """Whether the twin has been changed since the copy was made that is kept."""

    def as_data(self) -> dict[str, Any]:
        """Return what a run has to know of it when it is prepared, as JSON."""
        return {
            "inside": self.found.inside, "text": digest_of_text(self.found.text),
            "pins": [one.as_data() for one in self.pins], **self.required.as_data(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Workshop:
    """Chooses and prepares the places where runs work."""

    root: Path
    """The assets root."""
    copies: Copies
    _used: set[str] = field(default_factory=set)
    """Copies that runs of this process were prepared in and have not left."""
    _lock: Lock = field(default_factory=Lock)

    def choose(self, caller: Caller, found: FoundTwin, first: str) -> Chosen:
        """Return where a run that begins with a phase is to work.

        A copy is made anew by `create`; of a twin without it, when the twin has been changed; and
        when the caller may not read any more what it has.

        Raises:
            BadSubmissionError: something that the twin requires is not there.
            BadTwinError: the copy cannot be read as a twin.
        """
        if not (found.is_described or found.is_common):
            return Chosen(found, "", found.path, find_required(self.root, caller, found))
        name, key = name_and_key(caller, found)
        kept = self.copies.find(name)
        if kept is not None and first != CREATE and _may_have(caller, kept):
            is_behind = kept.signature != self.copies.signature(found.place)
            if not is_behind or CREATE in found.twin.phases:
                as_kept = found.described_by(kept.text)
                return Chosen(as_kept, name, key, kept.required, is_behind=is_behind)
        return Chosen(found, name, key, find_required(self.root, caller, found), is_fresh=True)

    def choose_again(self, caller: Caller, found: FoundTwin, copy: Copy | None) -> Chosen:
        """Return where a run is to work that is like one in a copy, or like one in place.

        Raises:
            BadSubmissionError: something that the twin requires is not there.
            BadTwinError: the copy cannot be read as a twin.
        """
        if copy is None:
            return self.choose(caller, found, CREATE)
        name, key = name_and_key(caller, found)
        as_then, pins = found.described_by(copy.text), (copy.twin, *copy.pins)
        return Chosen(as_then, name, key, copy.required, pins, is_fresh=True)

    def lay_out(self, row: RunRow, folder: Path) -> dict[str, Any]:
        """Prepare what a run works in; return the columns that say so. May be repeated.

        What the copy was made of is noted in the run's own folder.

        Raises:
            FileError: something is not there, or leads out of its area.
            BadTwinError: the twin was changed while the run waited.
            OSError: the disk has no room, or the like.
        """
        if not row.copy:
            return {"mounts": mounts_in_place(self.root, row.owner, row.groups, row.team)}
        with self._lock:
            self._used.add(row.copy)
        copy = self.copies.find(row.copy)
        if copy is None or (row.is_fresh and row.attempt == 1):
            place = RelativePath(tuple(row.twin.split("/")))
            required = Required.from_data(row.requires)
            restored = Place(folder).restored
            copy = self.copies.make(
                row.copy, place, required, row.requires["text"],
                restored if restored.is_dir() else None,
            )  # fmt: skip
            _check_pins(copy, row.requires["pins"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / COPY_NOTE).write_text(json.dumps(copy.as_data()))
        mounts = mounts_of_copy(self.root, copy, row.requires["inside"])
        if row.plan.get("build"):
            mounts.append(mount_of_builds(self.root, self._folder_of_builds(row.copy)))
        return {"mounts": mounts, "copy_id": copy.id}

    def forget(self, copy: str) -> None:
        """Remove a copy, and what was built in it."""
        self.copies.remove(copy)
        remove_folder(self._folder_of_builds(copy))

    def _folder_of_builds(self, copy: str) -> Path:
        return self.copies.folder.parent / "builds" / copy

    def leave(self, row: RunRow, folder: Path, *, is_good: bool) -> str:
        """Keep the results of a run that has ended in its own folder; `clean` ends its copy.

        Return what did not work, for people.
        """
        with self._lock:
            self._used.discard(row.copy)
        copy = self.copies.find(row.copy) if row.copy else None
        if copy is None:
            return ""
        shutil.rmtree(Place(folder).restored, ignore_errors=True)  # it is in the copy
        fault = ""
        try:
            if row.outputs:
                fault = keep_results(copy.twin_folder, row.outputs, folder).fault
            if is_good and row.phase == CLEAN:
                self.copies.remove(row.copy)
        except OSError as error:
            return f"Its results could not be kept: {error.strerror}."
        return fault

    def lacks_create(self, row: RunRow, table: RunTable) -> bool:
        """Return whether a twin's `create` has not prepared the copy that a run works in."""
        copy = self.copies.find(row.copy) if row.copy and row.phase not in {CREATE, CLEAN} else None
        if copy is None:
            return False
        with contextlib.suppress(BadTwinError):
            if CREATE not in parse_description(copy.text.encode(), row.twin).phases:
                return False
        made = [one for one in table.list_in_copy(copy.id) if one.phase == CREATE]
        return all(one.status != Status.SUCCEEDED for one in made)

    def discard(self, name: str, table: RunTable) -> bool:
        """Remove a copy unless a run works in it or is to; return whether it is gone."""
        with self._lock:  # a run is open before it is prepared, and then waits here
            if name in self._used or any(row.copy == name for row in table.list_open()):
                return False
            self.copies.put_aside(name)
        self.copies.remove_aside(name)
        remove_folder(self._folder_of_builds(name))
        return True

    def discard_builds(self, before: float, table: RunTable) -> None:
        """Remove what twins have built of which no run has been prepared since a time."""
        folder = self._folder_of_builds("")
        for one in list(folder.iterdir()) if folder.is_dir() else ():
            with self._lock:
                is_open = any(row.copy == one.name for row in table.list_open())
                if one.name in self._used or is_open or one.stat().st_mtime >= before:
                    continue
                gone = one if one.suffix == _GONE else one.rename(one.with_suffix(_GONE))
            remove_folder(gone)


def _may_have(caller: Caller, copy: Copy) -> bool:
    """Return whether somebody may still read all that a copy has; who leaves a team may not."""
    return all(may_read(caller, one.place.names) for one in copy.required.inputs)


def name_and_key(caller: Caller, found: FoundTwin) -> tuple[str, str]:
    """Return what the working copy of a twin is called, for the runner and for people."""
    is_own = found.place.names[0] == caller.label
    key = found.path if is_own else f"{caller.name}'s copy of {found.path}"
    return name_of_copy(caller.name, found.path), key


def _check_pins(copy: Copy, wanted: list[dict[str, str]]) -> None:
    made = (copy.twin, *copy.pins)
    for pin, then in zip(made, wanted, strict=False):
        if pin.as_data() != then:
            raise BadTwinError(f"{pin.path} was changed while the run waited.")
