"""Team areas: switched on for a group, switched off again with all files kept.

A team is on while its folder ``teams/<label>`` is there, so one rename ends every access. The files
of one that is off are in ``.library/teams-off``, where no workspace has them; they are moved out of
their old folder one by one, because a workspace that runs still has that folder mounted.

A deleted group may come again with other people in it. Its files are then kept apart, with its bin
and its previous versions: whoever switches on a team of the new group begins with an empty one,
until an administrator says otherwise.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from twinhub_api.names import label_for
from twinhub_kit.database import as_utc
from twinhub_kit.files.errors import ExistsError, NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import OWN_FOLDER, TEAMS
from twinhub_library.catalogue import KINDS
from twinhub_library.errors import LibraryError
from twinhub_library.scanning import find_kind, scan_folder
from twinhub_library.store.teams import TeamRow
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from twinhub_kit.database import Database

    from twinhub_library.tree import Tree

_OFF = RelativePath((OWN_FOLDER, "teams-off"))
_ON = RelativePath((TEAMS,))
_PASTS = tuple(RelativePath((OWN_FOLDER, name, TEAMS)) for name in ("bin", "snapshots"))
"""Folders with one for each label that hold what a team has deleted or had before."""
_LEAVING = ".leaving"
"""Ends the name of a folder whose files are being moved out."""
_TRIES = 20


class TeamBusyError(LibraryError):
    """A workspace writes so much into a team's folder that it cannot be emptied."""

    code = "team-busy"
    status = 409


@dataclass(frozen=True, slots=True)
class TeamState:
    """The area of a group, switched on or not."""

    group: str
    label: str
    is_on: bool
    has_kept_files: bool = False
    is_gone: bool = False
    changed_at: datetime | None = None
    changed_by: str = ""


class Teams:
    """Which groups have an area."""

    def __init__(self, tree: Tree, database: Database) -> None:
        """Take where files and facts are."""
        self._tree = tree
        self._database = database
        self._lock = threading.Lock()

    def list_labels(self) -> list[str]:
        """Return the labels of the teams that are switched on."""
        try:
            found = scan_folder(self._tree, _ON)
        except NotThereError:
            return []
        folders = (name for name, kind in found if kind is EntryKind.FOLDER)
        return sorted(name for name in folders if not name.startswith("."))

    def is_on(self, label: str) -> bool:
        """Return whether a team is switched on."""
        return find_kind(self._tree, _ON / label) is EntryKind.FOLDER

    def find(self, group: str) -> TeamState:
        """Return the area of a group."""
        label = label_for(group)
        with self._database.reading() as session:
            row = session.get(TeamRow, label)
        return _state(group, label, row, is_on=self.is_on(label))

    def list_known(self) -> list[TeamState]:
        """Return all teams that are on, or have been."""
        with self._database.reading() as session:
            rows = session.scalars(select(TeamRow).order_by(TeamRow.label)).all()
        on = set(self.list_labels())
        return [_state(row.group, row.label, row, is_on=row.label in on) for row in rows]

    def switch_on(self, group: str, *, by: str) -> TeamState:
        """Make the area of a group, or bring back its files; nothing happens if it is on.

        Files of a deleted group of the same name stay where they are: see `bring_back`.
        """
        label = label_for(group)
        with self._lock:
            if not self.is_on(label):
                old = self._find_row(label)
                kept = "" if old is None or old.is_gone else old.kept
                row = TeamRow(label=label, group=group, changed_at=_now(), changed_by=by)
                row.kept, row.is_gone = kept, False
                self._write(row)  # first: a folder that is there is then this group's
                self._put_in_place(label, kept)
                row.kept = ""
                self._write(row)
        return self.find(group)

    def bring_back(self, group: str, *, by: str) -> TeamState:
        """Make the area of a group with the files of the deleted one that had its name."""
        label = label_for(group)
        with self._lock:
            row = self._find_row(label)
            if row is not None and row.is_gone:
                self._bring_past_back(label, row.kept)
                row.is_gone = False
                self._write(row)
        return self.switch_on(group, by=by)

    def switch_off(self, group: str, *, by: str, is_gone: bool = False) -> TeamState:
        """End all access to the area of a group and keep its files.

        ``is_gone`` says that the group was deleted: its files do not go to one of the same name.

        Raises:
            TeamBusyError: access has ended, but the files are not all moved yet.
        """
        label = label_for(group)
        with self._lock:
            row = self._find_row(label) or TeamRow(label=label, kept="", is_gone=False)
            if self.is_on(label) or is_gone:
                row.group, row.changed_at, row.changed_by = group, _now(), by
                row.is_gone = row.is_gone or is_gone
                if self.is_on(label):
                    row.kept = f"{label}-{secrets.token_hex(4)}"
                self._write(row)  # first: where a crash leaves the files is then known
                self._put_away(label, row.kept)
            if row.is_gone:
                self._put_past_away(label, row.kept)
        return self.find(group)

    def recover(self) -> None:
        """Finish what a crash has left half done, and learn of folders that no row tells of."""
        self._make_folders()
        for name, _ in scan_folder(self._tree, _OFF):
            if name.endswith(_LEAVING):
                self._empty(name.removesuffix(_LEAVING))
        with self._database.session() as session:
            known = {row.label: row for row in session.scalars(select(TeamRow))}
            for label in self.list_labels():
                if label not in known:
                    group = label if label_for(label) == label else ""
                    session.add(TeamRow(label=label, group=group, changed_at=_now()))
                elif known[label].is_gone:  # the crash was before its folder had left
                    self._put_away(label, known[label].kept)
        for label, row in known.items():
            if row.is_gone:
                self._put_past_away(label, row.kept)

    def _put_in_place(self, label: str, kept: str) -> None:
        self._make_folders()
        source = _OFF / kept if kept else _OFF
        if not kept or find_kind(self._tree, source) is not EntryKind.FOLDER:
            source = _OFF / f"{label}-{secrets.token_hex(4)}"
            self._make(source)
        for kind in KINDS:
            self._make(source / kind)
        self._tree.move(source, _ON / label)

    def _put_away(self, label: str, kept: str) -> None:
        """Move a team's files where nobody has them; the first rename ends access to its name."""
        if not self.is_on(label):
            return
        self._make_folders()
        self._tree.move(_ON / label, _OFF / f"{kept}{_LEAVING}")
        self._empty(kept)

    def _put_past_away(self, label: str, kept: str) -> None:
        """Move bin and previous versions of a deleted group to a name that no label can be."""
        for past in _PASTS:
            with contextlib.suppress(NotThereError):
                self._tree.get_entry(past / label)
                target = past / f".{kept or label}"
                if find_kind(self._tree, target) is not None:
                    target = past / f".{kept or label}-{secrets.token_hex(4)}"
                self._tree.move(past / label, target)

    def _bring_past_back(self, label: str, kept: str) -> None:
        for past in _PASTS:
            with contextlib.suppress(NotThereError, ExistsError):
                self._tree.move(past / f".{kept or label}", past / label)

    def _empty(self, kept: str) -> None:
        """Move all files out of a folder that workspaces may have mounted, and remove it."""
        leaving = _OFF / f"{kept}{_LEAVING}"
        self._make(_OFF / kept)
        for _ in range(_TRIES):
            for name, _kind in scan_folder(self._tree, leaving):
                self._move_out(leaving, name, kept)
            try:
                self._tree.remove_empty_folder(leaving)
            except ExistsError:  # written into meanwhile
                continue
            return
        raise TeamBusyError("A workspace still writes into the team's folder: stop it, try again.")

    def _move_out(self, leaving: RelativePath, name: str, kept: str) -> None:
        source = RelativePath((*leaving.names, name))
        target = RelativePath((*_OFF.names, kept, name))
        try:
            self._tree.move(source, target)
        except ExistsError:
            ending = secrets.token_hex(4)
            self._tree.move(source, RelativePath((*_OFF.names, kept, f"{name[:200]}-{ending}")))

    def _make_folders(self) -> None:
        self._make(_ON)
        self._make(_OFF)

    def _make(self, path: RelativePath) -> None:
        try:
            self._tree.make_folder(path)
        except ExistsError:
            return  # as it was to be

    def _find_row(self, label: str) -> TeamRow | None:
        with self._database.reading() as session:
            return session.get(TeamRow, label)

    def _write(self, row: TeamRow) -> None:
        with self._database.session() as session:
            session.merge(row)


def _state(group: str, label: str, row: TeamRow | None, *, is_on: bool) -> TeamState:
    if row is None:
        return TeamState(group, label, is_on)
    return TeamState(
        group, label, is_on, has_kept_files=bool(row.kept) and not is_on, is_gone=row.is_gone,
        changed_at=as_utc(row.changed_at), changed_by=row.changed_by,
    )  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)
