"""Room on the disk: what has to be free for a run to begin, and how much each may write.

What a run writes is measured now and then: its log and what its agent tells, and all of its working
copy but what that began with. Of a run in place only the former is its own; the rest counts for
its owner's quota. One file that is larger than all may be is refused by the kernel at once.
"""

from __future__ import annotations

import logging
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_api.runner.runs import Status
from twinhub_kit.files.errors import FileError
from twinhub_kit.files.walking import walk
from twinhub_kit.sizes import show_size

from twinhub_runner.folders import opened_folder
from twinhub_runner.resources import limits_of, tell_out_of_disk

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_runner.places import Place
    from twinhub_runner.runner import Runner
    from twinhub_runner.store.rows import RunRow

_log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
REST_FACTOR = 20
"""How much longer than it took to measure a run it is left alone then."""
_BLOCK = 512
_BEFORE = "before"
"""File of a run's folder: how many bytes its working copy had when it began."""


@dataclass(frozen=True, slots=True)
class Room:
    """The disk of all runs."""

    folder: Path
    least_free: int = 0
    """Bytes; 0 of a disk that nobody watches."""

    def why_not(self) -> str:
        """Return why no run begins now unless somebody says so; empty where one may."""
        if not self.least_free:
            return ""
        free = shutil.disk_usage(self.folder).free
        if free >= self.least_free:
            return ""
        return (
            f"Only {show_size(free)} are left on the disk, and {show_size(self.least_free)} "
            "are to be"
        )


def question(run: str, why: str, *, is_running: bool = False) -> str:
    """Return what the owner of a run is asked that does not begin, or does not go on."""
    then = "it is paused, and goes on" if is_running else "it begins"
    return (
        f"{why}: {then} when there is more room. Remove files, or continue it all the same "
        f"(twin continue {run}), or stop it (twin stop {run})."
    )


def note_before(place: Place, mounts: list[dict[str, object]], root: Path) -> None:
    """Note how much a run's working copy has that is about to begin; may be repeated.

    Raises:
        OSError: the disk has no room for that, or the like.
        FileError: folders lie in each other too deep.
    """
    before = sum(measure(one) for one in written_to(mounts, root))
    place.folder.mkdir(parents=True, exist_ok=True)
    (place.folder / _BEFORE).write_text(str(before))


def measure(folder: Path) -> int:
    """Return the bytes that all below a folder takes on the disk.

    Raises:
        FileError: folders lie in each other too deep.
        OSError: one is closed to its owner, or it is gone.
    """
    total, seen = 0, set[int]()
    with opened_folder(folder) as opened:
        for found in walk(opened):
            if found.status.st_nlink > 1 and not found.is_folder:
                if found.status.st_ino in seen:
                    continue
                seen.add(found.status.st_ino)
            total += found.status.st_blocks * _BLOCK
    return total


def end_runs_that_write_too_much(runner: Runner, due: dict[str, float]) -> None:
    """Have runs end that have written more than they may.

    ``due`` is when each run is to be measured again, so that one with very many files takes no more
    than a twentieth of a processor.
    """
    rows = [row for row in runner.table.list_open() if row.status == Status.RUNNING]
    for run in set(due) - {row.id for row in rows}:
        del due[run]
    for row in rows:
        most, begun = limits_of(row.plan, runner.settings.limits).disk_bytes, time.monotonic()
        if most is None or row.verdict or begun < due.get(row.id, 0.0):
            continue
        why = _find_fault(runner, row, most)
        took = time.monotonic() - begun
        due[row.id] = begun + REST_FACTOR * took
        if why:
            runner.table.note(row.id, "over", why, verdict=why)
            runner.scheduler.wake()


def _find_fault(runner: Runner, row: RunRow, most: int) -> str:
    place = runner.places.of(row)
    folders = [place.outside, *written_to(row.mounts, runner.settings.root)]
    try:
        written = sum(measure(one) for one in folders) - _read_before(place)
    except FileNotFoundError:
        return ""  # it has just ended, or is forgotten
    except FileError as error:
        return f"What it writes cannot be measured: {error}"
    except OSError as error:
        return f"What it writes cannot be measured: {error.strerror}: {error.filename}."
    return tell_out_of_disk(row.plan, written, most) if written > most else ""


def written_to(mounts: list[dict[str, object]], root: Path) -> list[Path]:
    """Return what a run may write to that is its own: parts of working copies."""
    return [
        root / str(one["source"])
        for one in mounts
        if one["writable"] and str(one["source"]).startswith(".runs/")
    ]


def _read_before(place: Place) -> int:
    try:
        return int((place.folder / _BEFORE).read_text())
    except (FileNotFoundError, ValueError):  # of an earlier TwinHub
        return 0
