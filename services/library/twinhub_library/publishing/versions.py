"""The records of published versions."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select
from twinhub_api.names import label_for
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_dtconfig.versions import Version, VersionPin
from twinhub_kit.files.errors import NotThereError

from twinhub_library.store.publishing import VersionRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session
    from twinhub_kit.callers import Caller
    from twinhub_kit.database import Database

    from twinhub_library.areas import Area

    Prepare = Callable[[list[VersionRow]], None]


def owner_of(area: Area) -> str:
    """Return who owns what is published from an area: ``user:<label>`` or ``team:<label>``."""
    return f"team:{area.label}" if area.kind is AreaKind.TEAM else f"user:{area.label}"


def owns(caller: Caller, owner: str) -> bool:
    """Return whether a caller acts for an owner; admins act for all."""
    kind, _, label = owner.partition(":")
    if caller.is_admin:
        return True
    if kind == "team":
        return label in map(label_for, caller.groups)
    return kind == "user" and label == caller.label  # what a deleted one had is nobody's


def _prepare_nothing(_rows: list[VersionRow]) -> None:
    """Have nothing to prepare."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """That something else is better than a version."""

    why: str
    successor: str
    """A reference; empty if there is none."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What publishers have said of versions, by kind, name and version."""

    deprecated: dict[tuple[str, str, str], Deprecation]
    withdrawn: dict[tuple[str, str, str], str]


class Versions:
    """Which versions there are."""

    def __init__(self, database: Database) -> None:
        """Keep them in a database, which nobody else changes."""
        self._database = database
        self._said: _Said | None = None
        self._lock = threading.Lock()

    def find_deprecation(self, kind: str, name: str, version: str) -> Deprecation | None:
        """Return what is better than a version, if somebody has said so; without the database.

        Each search asks this for each of its hits.
        """
        return self._look().deprecated.get((kind, name, version))

    def find_withdrawal(self, kind: str, name: str, version: str) -> str | None:
        """Return why a version was withdrawn, perhaps empty; None if it was not. As above."""
        return self._look().withdrawn.get((kind, name, version))

    @property
    def has_withdrawn(self) -> bool:
        """Whether any version was withdrawn."""
        return bool(self._look().withdrawn)

    def _look(self) -> _Said:
        with self._lock:
            if self._said is None:
                with self._database.reading() as session:
                    self._said = _read_said(session)
            return self._said

    def add(self, row: VersionRow, prepare: Prepare = _prepare_nothing) -> VersionRow:
        """Keep a new one, if ``prepare`` does not refuse what the asset's versions then are."""
        with self._database.session() as session:
            session.add(row)
            session.flush()
            prepare(_list_of(session, row.kind, row.name))
        return row

    def list_all(self, kind: str | None = None) -> list[VersionRow]:
        """Return all, or all of a kind, withdrawn ones too."""
        query = select(VersionRow).order_by(VersionRow.kind, VersionRow.name, VersionRow.id)
        if kind is not None:
            query = query.where(VersionRow.kind == kind)
        with self._database.reading() as session:
            return list(session.scalars(query))

    def list_of(self, kind: str, name: str) -> list[VersionRow]:
        """Return the versions of an asset, withdrawn ones too, the highest first."""
        with self._database.reading() as session:
            return _list_of(session, kind, name)

    def find_alike(self, kind: str, name: str) -> str | None:
        """Return the name of an asset that differs by small and big letters alone."""
        query = select(VersionRow.name).where(
            VersionRow.kind == kind, VersionRow.name != name,
            func.lower(VersionRow.name) == name.lower(),
        )  # fmt: skip
        with self._database.reading() as session:
            return session.scalars(query.limit(1)).first()

    def get(self, kind: str, name: str, version: str) -> VersionRow:
        """Return one version, also a withdrawn one.

        Raises:
            NotThereError: there is none such.
        """
        for row in self.list_of(kind, name):
            if row.version == version:
                return row
        raise NotThereError(f"common/{kind}/{name}@{version} is not there.")

    def pick(self, kind: str, name: str, pin: str, *, keeps: str = "") -> VersionRow:
        """Return the newest version that fits a pin, or of all for none.

        A withdrawn one is found only by whoever has it already: ``keeps`` is its digest.

        Raises:
            NotThereError: none fits.
        """
        rows = [
            row for row in self.list_of(kind, name) if not row.is_withdrawn or row.digest == keeps
        ]
        releases = [row for row in rows if "-" not in row.version] or rows
        if not pin and releases:
            return releases[0]
        parsed = VersionPin.parse(pin) if pin else None
        if parsed is not None:
            for row in rows:
                if parsed.digest == f"sha256:{row.digest}" or parsed.matches(row.version):
                    return row
        known = ", ".join(row.version for row in rows[:10])
        wish = f"common/{kind}/{name}@{pin}" if pin else f"common/{kind}/{name}"
        raise NotThereError(f"{wish} is not there" + (f": there are {known}." if known else "."))

    def change(
        self, rows: Sequence[VersionRow], change: Callable[[VersionRow], None],
        prepare: Prepare = _prepare_nothing,
    ) -> list[VersionRow]:  # fmt: skip
        """Change versions of an asset, all or none; return them as they are now.

        None is changed where ``prepare`` refuses what the asset's versions then are.
        """
        with self._lock:
            self._said = None
            with self._database.session() as session:
                found = [session.get_one(VersionRow, row.id) for row in rows]
                for row in found:
                    change(row)
                session.flush()
                prepare(_list_of(session, found[0].kind, found[0].name))
                return found


def _read_said(session: Session) -> _Said:
    query = select(VersionRow).where(or_(VersionRow.is_deprecated, VersionRow.is_withdrawn))
    rows = {(row.kind, row.name, row.version): row for row in session.scalars(query)}
    return _Said(
        {at: Deprecation(row.deprecated_why, row.successor)
         for at, row in rows.items() if row.is_deprecated},
        {at: row.withdrawn_why for at, row in rows.items() if row.is_withdrawn},
    )  # fmt: skip


def _list_of(session: Session, kind: str, name: str) -> list[VersionRow]:
    """Return the versions of an asset, the highest first."""
    query = select(VersionRow).where(VersionRow.kind == kind, VersionRow.name == name)
    return sorted(session.scalars(query), key=lambda row: Version.parse(row.version), reverse=True)
