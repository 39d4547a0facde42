"""Imports into an area, and their updates."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from twinhub_kit.errors import ServiceError, UnavailableError
from twinhub_kit.files.errors import ExistsError, NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import split_path
from twinhub_library.imports.copying import check_free, put_in_place, remove_stage, stage, take_out
from twinhub_library.imports.sources import NamedFiles, Source, Sources, outer_names
from twinhub_library.merging import Ending, FolderContent, merge, preview, recover_merges
from twinhub_library.opened import TEMPORARY
from twinhub_library.publishing.errors import StateError
from twinhub_library.store.publishing import ImportRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Select
    from sqlalchemy.orm import Session
    from twinhub_kit.audit import Audit
    from twinhub_kit.callers import Caller
    from twinhub_kit.database import Database

    from twinhub_library.areas import Area
    from twinhub_library.merging import Content, MergeReport
    from twinhub_library.publishing.publisher import Publisher
    from twinhub_library.publishing.surroundings import Surroundings
    from twinhub_library.tree import Tree

_log = logging.getLogger(__name__)

_FRESH = f"{TEMPORARY}fresh-"
"""What the staged folder is called where the copy takes the place of an older one."""
_MOST_TRIES = 1000


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did, or would do."""

    row: ImportRow
    report: MergeReport
    source: Source


class Imports:
    """Copies that know where they are from."""

    def __init__(
        self, tree: Tree, database: Database, publisher: Publisher, audit: Audit,
        around: Surroundings,
    ) -> None:  # fmt: skip
        """Import into a tree."""
        self._tree = tree
        self._database = database
        self._audit = audit
        self._around = around
        self.sources = Sources(tree, publisher)

    def recover(self) -> None:
        """End what a crash has broken off: each import and update is done or undone."""
        for note in recover_merges(self._tree):
            if "import" in note:
                self._settle(int(note["import"]), note)
            else:
                self._around.end_other(note)
        for row in self._select(select(ImportRow).where(ImportRow.staged != "")):
            with contextlib.suppress(NotThereError):  # the area is gone
                self._recover(row)
                continue
            self._delete(row)

    def start(
        self, caller: Caller, source: RelativePath, pin: str, place: RelativePath
    ) -> ImportRow:  # fmt: skip
        """Copy an asset to a place where nothing is.

        The caller may read the source and write the place.

        Raises:
            NotThereError: there is no such asset or version.
            ExistsError: something is at the place.
            FullError: there is no room.
        """
        self._tree.ensure_folder(place.parent)
        with self.sources.found(source, pin) as found:
            self._check_free(found, place)
            row = self._add(caller, found, place, staged=f"{TEMPORARY}{secrets.token_hex(8)}")
        self._copy(row, found)
        self._audit.record(caller, "import", place, source=found.path, version=found.version)
        return row

    def start_fresh(self, caller: Caller, row: ImportRow, pin: str) -> ImportRow:
        """Import anew to the same place; what is there goes to the bin."""
        place = RelativePath.parse(row.place)
        self._get_entry(row)
        source = RelativePath.parse(row.source)
        with self.sources.found(source, pin, keeps=row.digest) as found:
            new = self._add(caller, found, place, staged=f"{_FRESH}{secrets.token_hex(8)}")
        self._copy(new, found)
        self._audit.record(caller, "import-fresh", place, source=found.path, version=found.version)
        return new

    def start_beside(self, caller: Caller, row: ImportRow, pin: str) -> ImportRow:
        """Import anew to a name that is free: ``tank-2`` beside ``tank``."""
        source, place = RelativePath.parse(row.source), RelativePath.parse(row.place)
        return self.start_at_free(caller, source, pin, place, is_folder=row.is_folder)

    def start_at_free(
        self, caller: Caller, source: RelativePath, pin: str, place: RelativePath, *,
        is_folder: bool,
    ) -> ImportRow:  # fmt: skip
        """Copy an asset beside a place that something has: ``tank-2`` beside ``tank``."""
        for number in range(2, _MOST_TRIES):
            stem, dot, suffix = place.name.rpartition(".") if not is_folder else ("", "", "")
            name = f"{stem}-{number}{dot}{suffix}" if stem else f"{place.name}-{number}"
            with contextlib.suppress(ExistsError):
                return self.start(caller, source, pin, place.parent / name)
        raise ExistsError(f"{place} has too many copies beside it: remove some.")

    def update(self, caller: Caller, row: ImportRow, pin: str = "") -> Updated:
        """Bring an import to the newest version, or to one; its owner's changes stay.

        Raises:
            NotThereError: what was imported was moved or removed, or no version fits.
            StateError: the asset is a folder now and was a file, or the other way round.
        """
        found, base, theirs, place = self._sides(row, pin)
        note = {
            "import": str(row.id), "version": found.version, "digest": found.digest,
            "inside": found.inside,
            "names": json.dumps(_outer(found, RelativePath.parse(row.place))),
        }  # fmt: skip
        self._around.check_room(place, 0)
        ending = Ending(note, lambda: self._settle(row.id, note))
        report = merge(
            self._tree, place, base=base, theirs=theirs, label=_label(),
            ending=ending, is_shared=not row.is_folder,
        )  # fmt: skip
        self._audit.record(
            caller, "update", row.place, version=found.version, conflicts=len(report.conflicts)
        )
        self._around.announce(RelativePath.parse(row.place))
        return Updated(self.get(row.id), report, found)

    def preview(self, row: ImportRow, pin: str = "") -> Updated:
        """Return what `update` would do now; nothing is changed."""
        found, base, theirs, place = self._sides(row, pin)
        report = preview(
            self._tree, place, base=base, theirs=theirs, label=_label(),
            is_shared=not row.is_folder,
        )  # fmt: skip
        return Updated(row, report, found)

    def get(self, number: int) -> ImportRow:
        """Return an import.

        Raises:
            NotThereError: there is none of that number.
        """
        with self._database.reading() as session:
            row = session.get(ImportRow, number)
        if row is None:
            raise NotThereError(f"There is no import {number}.")
        return row

    def find(self, place: RelativePath) -> ImportRow | None:
        """Return the import that a folder or file is."""
        found = self._select(
            select(ImportRow).where(ImportRow.place == str(place), ImportRow.is_done)
        )
        return found[0] if found else None

    def list_in(self, area: Area) -> list[ImportRow]:
        """Return the imports in an area, by place."""
        query = select(ImportRow).where(
            ImportRow.place.startswith(f"{area.path}/", autoescape=True), ImportRow.is_done
        )
        return self._select(query.order_by(ImportRow.place))

    def forget(self, row: ImportRow) -> None:
        """Let a copy be an asset of its own; it is updated no more."""
        self._delete(row)

    def _check_free(self, found: Source, place: RelativePath) -> None:
        """Refuse a place that something has: it stays as it is, and the message says what to do."""
        try:
            check_free(self._tree, place.parent, _names(found, place).values())
        except ExistsError as error:
            known = self.find(place)
            if known is not None and known.source == found.path:
                raise ExistsError(
                    f"{place} is a copy of {found.path} already: update it, or name another place "
                    "for a second copy."
                ) from error
            raise ExistsError(
                f"{error} It stays as it is: rename it first, or name another place for the copy."
            ) from error

    def _sides(
        self, row: ImportRow, pin: str
    ) -> tuple[Source, Content, Content, RelativePath]:  # fmt: skip
        self._get_entry(row)
        source, place = RelativePath.parse(row.source), RelativePath.parse(row.place)
        with self.sources.found(source, pin, keeps=row.digest) as found:
            pass  # its content is kept for a while from now on
        if found.is_folder != row.is_folder:
            raise StateError(
                f"{row.source} is {'a folder' if found.is_folder else 'a file'} now, and was not "
                "when you imported it: import a fresh copy."
            )
        base = self.sources.content(row.digest, row.inside if row.is_folder else "")
        theirs = self.sources.content(found.digest, found.inside if found.is_folder else "")
        if row.is_folder:
            return found, FolderContent(self._tree, base), FolderContent(self._tree, theirs), place
        new = NamedFiles(self._tree, theirs, outer_names(found, place))
        return found, NamedFiles(self._tree, base, row.names), new, place.parent

    def _get_entry(self, row: ImportRow) -> None:
        if not row.is_done:
            raise StateError(f"{row.place} is being imported: wait until it is there.")
        try:
            self._tree.get_entry(RelativePath.parse(row.place))
        except NotThereError as error:
            raise NotThereError(
                f"{row.place} is not there any more: import {row.source} anew."
            ) from error

    def _copy(self, row: ImportRow, found: Source) -> None:
        place = RelativePath.parse(row.place)
        at, names = place.parent / row.staged, _names(found, place)
        content = self.sources.content(found.digest, found.inside if found.is_folder else "")
        undo = contextlib.ExitStack()
        try:
            self._around.check_room(place, found.size)
            stage(self._tree, content, names, at)
            self._replace(row, undo)
            with self._database.session() as session:  # has the lock before files are seen
                _mark_done(session, row)
                undo.callback(take_out, self._tree, at, list(names.values()))
                put_in_place(self._tree, at, list(names.values()))
        except ServiceError:
            undo.close()
            self._give_up(row, at)
            raise
        self._clear(row, at)
        self._around.announce(place)

    def _give_up(self, row: ImportRow, at: RelativePath) -> None:
        """Undo what was staged; where the database does not answer, the next start forgets it."""
        remove_stage(self._tree, at)
        try:
            self._delete(row)
        except UnavailableError:
            _log.warning("import not forgotten yet place=%s", row.place)

    def _replace(self, row: ImportRow, undo: contextlib.ExitStack) -> None:
        """Throw away what a fresh copy takes the place of; ``undo`` brings it back."""
        if row.staged.startswith(_FRESH):
            place = RelativePath.parse(row.place)
            for name in row.names.values() or [place.name]:
                with contextlib.suppress(NotThereError):
                    area, path = split_path(place)[0], place.parent / name
                    undo.callback(self._around.throw_away(area, path, row.made_by))

    def _recover(self, row: ImportRow) -> None:
        """Finish an import whose first name is in place, or whose place was freed; undo others.

        The staged folder is there from when it is whole until all is done.
        """
        place = RelativePath.parse(row.place)
        at, names = place.parent / row.staged, list(row.names.values()) or [place.name]
        with self._tree.open_folder(place.parent) as folder:
            was_staged = folder.find(at.name) is not None
            is_waiting = folder.find(f"{at.name}/{names[0]}") is not None
            was_freed = row.staged.startswith(_FRESH) and folder.find(names[0]) is None
        if row.is_done:
            self._finish(row, at)
        elif was_staged and (not is_waiting or was_freed):
            put_in_place(self._tree, at, names)
            self._finish(row, at)
        else:
            remove_stage(self._tree, at)
            self._delete(row)

    def _add(
        self, caller: Caller, found: Source, place: RelativePath, *, staged: str
    ) -> ImportRow:  # fmt: skip
        now = time.time()
        row = ImportRow(
            place=str(place), is_folder=found.is_folder, source=found.path,
            version=found.version, digest=found.digest, inside=found.inside,
            names=_outer(found, place), is_done=False,
            staged=staged, made_by=caller.name, made_at=now, updated_at=now,
        )  # fmt: skip
        with self._database.session() as session:
            session.add(row)
            session.flush()
        return row

    def _finish(self, row: ImportRow, at: RelativePath) -> None:
        """Let an import count that is in place."""
        with self._database.session() as session:
            _mark_done(session, row)
        self._clear(row, at)

    def _clear(self, row: ImportRow, at: RelativePath) -> None:
        """Remove what is staged of an import that counts, and that it is."""
        remove_stage(self._tree, at)
        try:
            with self._database.session() as session:
                session.get_one(ImportRow, row.id).staged = ""
        except UnavailableError:  # the next start finds that it counts
            _log.warning("import not noted as whole place=%s", row.place)
        row.is_done, row.staged = True, ""

    def _settle(self, number: int, note: Mapping[str, str]) -> None:
        """Write down what an import is of now; called again after a crash."""
        with self._database.session() as session:
            row = session.get(ImportRow, number)
            if row is None:
                return
            row.version, row.digest = note["version"], note["digest"]
            row.inside, row.names = note["inside"], json.loads(note["names"])
            row.updated_at = time.time()

    def _delete(self, row: ImportRow) -> None:
        with self._database.session() as session:
            found = session.get(ImportRow, row.id)
            if found is not None:
                session.delete(found)

    def _select(self, query: Select[ImportRow]) -> list[ImportRow]:
        with self._database.reading() as session:
            return list(session.scalars(query))


def _mark_done(session: Session, row: ImportRow) -> None:
    """Let an import count, and no older one of its place."""
    for older in session.scalars(select(ImportRow).where(ImportRow.place == row.place)):
        if older.id != row.id:
            session.delete(older)
    session.get_one(ImportRow, row.id).is_done = True
    session.flush()


def _names(found: Source, place: RelativePath) -> dict[str, str]:
    """Return what is copied: names in the content, "" for all of it, to names beside the place."""
    return _outer(found, place) or {"": place.name}


def _outer(found: Source, place: RelativePath) -> dict[str, str]:
    return {} if found.is_folder else outer_names(found, place)


def _label() -> str:
    return f"yours {datetime.now(UTC):%Y-%m-%d}"
