"""Saving a run: its twin's kept files, with configuration and pins, as one archive."""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from twinhub_api.runner.commands import CommandIn
from twinhub_api.runner.runs import Status
from twinhub_api.runner.saves import Saved
from twinhub_kit.files.newfile import NewFile

from twinhub_runner.errors import NotReadyError
from twinhub_runner.identifiers import make_run_id
from twinhub_runner.places import ASIDE
from twinhub_runner.plans import CHECKPOINT
from twinhub_runner.reading import parse_description
from twinhub_runner.results.keeping import keep_results
from twinhub_runner.results.provenance import read_copy
from twinhub_runner.saves.limits import check_count, find_room
from twinhub_runner.saves.manifest import NAME, STATE, Manifest, SavedFile, SavedInput
from twinhub_runner.saves.places import open_made, writable_place
from twinhub_runner.telling import find_command, give_command

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_kit.files.paths import RelativePath

    from twinhub_runner.copies.copies import Copy
    from twinhub_runner.results.keeping import Kept
    from twinhub_runner.runner import Runner
    from twinhub_runner.settings import RunnerSettings
    from twinhub_runner.store.rows import RunRow

_CHUNK = 1 << 20
_CHECKPOINT_SECONDS = 300.0
_PAUSE_SECONDS = 0.1


def save(runner: Runner, caller: Caller, row: RunRow, to: str) -> Saved:
    """Write the state of a run to the library; of one that goes on after its checkpoint.

    Raises:
        NotReadyError: it has no state to be had: it runs in place, its working copy is another one
            by now, its twin keeps nothing, or its checkpoint fails.
        FileError: the archive cannot be written where it is to be, or its area has no room for it.
    """
    name = row.twin.rpartition("/")[2].partition("@")[0]
    place = writable_place(caller, to or f"data/saves/{name}-{row.id}.zip")
    copy = _copy_of(runner, row)
    state = parse_description(copy.text.encode(), f"{row.twin}/twin.yaml").state
    if not state.keep:
        raise NotReadyError(
            f"{row.twin} keeps nothing: name the files under state.keep in its twin.yaml."
        )
    if state.checkpoint is not None and row.status == Status.RUNNING:
        _checkpoint(runner, row, caller.name)
    aside = runner.settings.runs / ASIDE / make_run_id()
    try:
        kept = keep_results(copy.twin_folder, state.keep, aside)
        if kept.fault:
            raise NotReadyError(f"Not all of its state can be saved. {kept.fault}")
        saved = _write(runner.settings, place, _manifest(caller, row, copy, kept), kept)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    runner.table.note(row.id, "saved", str(place), who=caller.name)
    runner.audit.record(caller, "save-run", row.twin, run=row.id, to=str(place))
    return saved


def _copy_of(runner: Runner, row: RunRow) -> Copy:
    """Return the working copy of a run, as the run has left it or works in it."""
    if row.status == Status.WAITING:
        raise NotReadyError(f"The run {row.id} has not begun: there is nothing to save yet.")
    if not row.copy:
        raise NotReadyError(f"{row.twin} runs in place: its files are there, in its folder.")
    of_run = read_copy(runner.places.of(row).folder)
    now = runner.workshop.copies.find(row.copy)
    if of_run is None or now is None or of_run.id != now.id:
        raise NotReadyError(f"The working copy of {row.id} is not there any more.")
    later = [one for one in runner.table.list_in_copy(now.id) if one.number > row.number]
    if later:
        raise NotReadyError(
            f"{later[-1].id} has worked in the same copy since: save that run instead."
        )
    return now


def _checkpoint(runner: Runner, row: RunRow, who: str) -> None:
    """Have the twin write its state, and wait until it has."""
    place, deadline = runner.places.of(row), time.monotonic() + _CHECKPOINT_SECONDS
    given = give_command(row, place, CommandIn(name=CHECKPOINT), who)
    while not given.has_ended:
        if time.monotonic() > deadline:
            raise NotReadyError(f"The checkpoint of {row.id} takes long: see its log, and save it.")
        time.sleep(_PAUSE_SECONDS)
        now = runner.table.find(row.id)
        given = find_command(now or row, place, given.id) or given
    if given.exit_code != 0:
        how = "its run" if given.exit_code is None else f"status {given.exit_code}"
        raise NotReadyError(f"The checkpoint of {row.id} ended with {how}: see its log.")


def _manifest(caller: Caller, row: RunRow, copy: Copy, kept: Kept) -> Manifest:
    pinned = zip(copy.required.inputs, copy.pins, strict=True)
    return Manifest(
        run=row.id, twin=row.twin, digest=copy.twin.digest, phase=row.phase, scenario=row.scenario,
        inputs=tuple(
            SavedInput(target=one.target, path=pin.path, digest=pin.digest) for one, pin in pinned
        ),
        parameters=row.parameters, description=copy.text, image=row.image, saved_by=caller.name,
        saved_at=datetime.now(UTC),
        files=tuple(
            SavedFile(path=one.path, size=one.size, sha256=one.sha256) for one in kept.artefacts
        ),
    )  # fmt: skip


def _write(settings: RunnerSettings, place: RelativePath, manifest: Manifest, kept: Kept) -> Saved:
    """Write an archive where nothing is: all of it or nothing."""
    room = find_room(settings.root, place, settings.quota)
    room.check(sum(len(one.path) for one in kept.artefacts))  # it has at least their names
    folder = open_made(settings.root, place.parent)
    with NewFile(folder, place) as new:
        check_count(folder, place)
        with (
            open(new.descriptor, "wb", closefd=False) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            archive.writestr(NAME, manifest.model_dump_json(indent=1))
            for one in kept.artefacts:
                about = zipfile.ZipInfo(f"{STATE}{one.path}")
                about.compress_type = zipfile.ZIP_DEFLATED
                source, target = kept.folder / one.path, archive.open(about, "w", force_zip64=True)
                with source.open("rb") as content, target:
                    for chunk in iter(partial(content.read, _CHUNK), b""):
                        target.write(chunk)
                        room.check(file.tell())
        room.check(os.fstat(new.descriptor).st_size)
        status = new.put_in_place(if_match="")
    return Saved(path=str(place), size=status.st_size, files=len(manifest.files))
