"""Going on from a save: in a working copy made anew, or as a twin of one's own.

The twin and its inputs have to be what they were; only their digests are taken from the archive,
and of its files only those that the twin itself names under ``state.keep``.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_api.runner.runs import Submission
from twinhub_api.runner.saves import Forked
from twinhub_dtconfig.patterns import matches
from twinhub_dtconfig.references import AssetKind
from twinhub_dtconfig.values import format_size
from twinhub_kit.files.copying import copy_tree
from twinhub_kit.files.errors import FileError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.paths import RelativePath, check_name
from twinhub_kit.files.renaming import rename_without_replacing
from twinhub_kit.files.walking import remove_tree

from twinhub_runner.copies.copies import Pin
from twinhub_runner.copies.inputs import find_required
from twinhub_runner.copies.workshop import Chosen, name_and_key
from twinhub_runner.errors import BadSaveError, BadTwinError, ChangedInputsError
from twinhub_runner.folders import opened_folder
from twinhub_runner.identifiers import make_run_id
from twinhub_runner.places import ASIDE
from twinhub_runner.room import measure
from twinhub_runner.saves.limits import check_count, find_room
from twinhub_runner.saves.opening import opened_save
from twinhub_runner.saves.overlaying import overlay
from twinhub_runner.saves.places import open_made, readable_place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_api.runner.runs import Run
    from twinhub_api.runner.saves import ForkIn, RestoreIn
    from twinhub_kit.callers import Caller

    from twinhub_runner.runner import Runner
    from twinhub_runner.saves.manifest import Manifest
    from twinhub_runner.saves.opening import Save
    from twinhub_runner.store.rows import RunRow
    from twinhub_runner.twins import FoundTwin


@dataclass(frozen=True, slots=True)
class _Source:
    """A save, and the twin that it is of, as the caller has it."""

    save: Save
    found: FoundTwin

    @property
    def manifest(self) -> Manifest:
        """What the save says of itself."""
        return self.save.manifest


def restore(runner: Runner, caller: Caller, asked: RestoreIn) -> Run:
    """Ask for a run that goes on from a save, in place of the caller's working copy of the twin.

    Raises:
        BadSaveError: it is damaged, or of another twin; nothing has changed.
        ChangedInputsError: the twin or its inputs are not what they were.
        FileError: there is no such archive.
        RunnerError: as `Runner.submit`.
    """
    with _opened(runner, caller, asked.archive, asked.twin) as source:
        manifest, found = source.manifest, source.found
        required = find_required(runner.settings.root, caller, found)
        then = {one.target: one.digest for one in manifest.inputs}
        pins = tuple(Pin(str(one.place), then.get(one.target, "")) for one in required.inputs)
        twin = Pin(found.path, manifest.digest)
        _check(runner, (twin, *pins))
        name, key = name_and_key(caller, found)
        chosen = Chosen(found, name, key, required, (twin, *pins), is_fresh=True)
        submission = Submission(
            twin=found.path, phases=(asked.phase or manifest.phase,), scenario=manifest.scenario,
            parameters={**manifest.parameters, **asked.parameters},
        )  # fmt: skip

        made: list[Path] = []

        def unpack(row: RunRow) -> None:
            place = runner.places.of_try(row.id, 1)
            made.append(place.folder)
            _unpack(source.save, place.restored)

        try:
            return runner.submit_restored(caller, submission, chosen, unpack, asked.archive)
        except BaseException:
            for folder in made:
                shutil.rmtree(folder, ignore_errors=True)
            raise


def fork(runner: Runner, caller: Caller, asked: ForkIn) -> Forked:
    """Make a twin of the caller's own of a save: the twin's files with the save's over them.

    Raises:
        BadSaveError: it is damaged, or of another twin; nothing has changed.
        ChangedInputsError: the twin is not what it was.
        FileError: there is no such archive, something has the name already, or there is no room.
        BadTwinError: the twin's folder has something in the way.
    """
    place = RelativePath((caller.label, AssetKind.DIGITAL_TWINS, check_name(asked.name)))
    aside = runner.settings.runs / ASIDE / make_run_id()
    with _opened(runner, caller, asked.archive, asked.twin) as source:
        _check(runner, (Pin(source.found.path, source.manifest.digest),))
        room = find_room(runner.settings.root, place, runner.settings.quota)
        room.check(source.manifest.size)
        try:
            _unpack(source.save, aside / "state")
            (aside / asked.name).mkdir()
            with runner.twins.opened(source.found.place) as twin:
                _fill(twin, aside / asked.name, aside / "state", source.found.path)
            room.check(measure(aside / asked.name))
            _put_in_place(runner.settings.root, aside, place)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    runner.audit.record(caller, "fork-twin", str(place), archive=asked.archive)
    return Forked(twin=str(place), files=len(source.manifest.files))


def _put_in_place(root: Path, aside: Path, place: RelativePath) -> None:
    folder = open_made(root, place.parent)
    try:
        check_count(folder, place)
        with opened_folder(aside) as made, translated(place):
            try:
                rename_without_replacing(made, place.name, folder, place.name)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                _copy_in_place(aside / place.name, folder, place.name)
    finally:
        os.close(folder)


def _copy_in_place(source: Path, folder: int, name: str) -> None:
    """Copy a folder to where it cannot be renamed to: another disk, or a quota of its own there."""
    new = f".{name}.{make_run_id()}"
    os.mkdir(new, 0o700, dir_fd=folder)
    try:
        with opened_folder(source) as made, opened_folder(new, folder) as target:
            copy_tree(made, target)
            os.fchmod(target, stat.S_IMODE(os.fstat(made).st_mode))
        rename_without_replacing(folder, new, folder, name)
    except BaseException:
        remove_tree(folder, new)
        raise


@contextmanager
def _opened(runner: Runner, caller: Caller, archive: str, twin: str) -> Iterator[_Source]:
    """Open a save of a twin that the caller may read, whose files are all state of the twin."""
    with opened_save(runner.settings.root, readable_place(caller, archive)) as save:
        _check_size(save.manifest, archive, runner.settings.limits.disk_bytes)
        found = runner.twins.find(caller, twin or save.manifest.twin)
        keep = found.twin.state.keep
        for one in save.manifest.files:
            if not any(matches(one.path, pattern) for pattern in keep):
                raise BadSaveError(
                    f"{archive} has {one.path}, which {found.path} does not keep: "
                    "see state.keep in its twin.yaml."
                )
        yield _Source(save, found)


def _check_size(manifest: Manifest, archive: str, most: int | None) -> None:
    """Refuse what unpacked is more than a run may write: a small archive can hold a large disk."""
    size = manifest.size
    if most is not None and size > most:
        raise BadSaveError(
            f"{archive} has {format_size(size)} of files, and a run may write {format_size(most)}: "
            "an administrator can raise runner.disk in twinhub.yaml."
        )


def _check(runner: Runner, pins: tuple[Pin, ...]) -> None:
    changed = []
    for pin in pins:
        try:
            is_same = runner.workshop.copies.digest(_place(pin)) == pin.digest
        except FileError as error:
            changed.append(str(error).rstrip("."))
        else:
            changed += [] if is_same else [f"{pin.path} was changed"]
    if changed:
        raise ChangedInputsError(f"It is not as it was when it was saved: {'; '.join(changed)}.")


def _place(pin: Pin) -> RelativePath:
    return RelativePath(tuple(pin.path.split("/")))


def _unpack(save: Save, folder: Path) -> None:
    with translated(RelativePath(("the save",))):
        save.unpack(folder)


def _fill(twin: int, target: Path, state: Path, name: str) -> None:
    with opened_folder(target) as folder:
        copy_tree(twin, folder)
        try:
            overlay(state, folder)
        except OSError as error:
            raise BadTwinError(f"{name}: {error.filename}: {error.strerror}.") from error
