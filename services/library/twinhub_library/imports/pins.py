"""Pins: versions that somebody uses in place, without a copy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import select
from twinhub_dtconfig.assets import WITHDRAWN
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.errors import BadRequestError
from twinhub_library.store.publishing import PinRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_kit.callers import Caller
    from twinhub_kit.database import Database

    from twinhub_library.areas import Area
    from twinhub_library.imports.sources import Sources
    from twinhub_library.publishing.versions import Versions


class Pins:
    """The pins of all areas; of one asset an area has at most one."""

    def __init__(self, database: Database, sources: Sources, versions: Versions) -> None:
        """Keep them in a database."""
        self._database = database
        self._sources, self._versions = sources, versions

    def put(self, caller: Caller, area: Area, asset: RelativePath, pin: str) -> PinRow:
        """Pin the version of a published asset that fits, in place of an older pin.

        Raises:
            NotThereError: no version fits.
            BadRequestError: the asset has no versions.
        """
        kept = self.find(area, asset)
        found = self._sources.find_version(asset, pin, keeps=kept.digest if kept else "")
        if found is None:
            raise BadRequestError(f"{asset} has no versions to pin: import a copy.")
        with self._database.session() as session:
            row = session.get(PinRow, kept.id) if kept else None
            if row is None:
                row = PinRow(area=str(area), asset=str(asset))
                session.add(row)
            row.version, row.digest = found.version, found.digest
            row.made_by, row.made_at = caller.name, time.time()
            session.flush()
            return row

    def find(self, area: Area, asset: RelativePath) -> PinRow | None:
        """Return the pin of an asset in an area."""
        query = select(PinRow).where(PinRow.area == str(area), PinRow.asset == str(asset))
        with self._database.reading() as session:
            return session.scalars(query).first()

    def list_in(self, area: Area) -> list[PinRow]:
        """Return the pins of an area, by asset."""
        query = select(PinRow).where(PinRow.area == str(area)).order_by(PinRow.asset)
        with self._database.reading() as session:
            return list(session.scalars(query))

    def list_withdrawn(self, areas: Iterable[Area]) -> frozenset[str]:
        """Return the keys by which search has the withdrawn versions that areas have pinned."""
        versions = self._versions
        if not versions.has_withdrawn:
            return frozenset()
        query = select(PinRow).where(PinRow.area.in_(map(str, areas)))
        with self._database.reading() as session:
            rows = list(session.scalars(query))
        paths = [(RelativePath.parse(row.asset), row.version) for row in rows]
        return frozenset(
            f"{path.parent}/{WITHDRAWN}/{path.name}@{version}"
            for path, version in paths
            if versions.find_withdrawal(path.parent.name, path.name, version) is not None
        )

    def get(self, number: int) -> PinRow:
        """Return a pin.

        Raises:
            NotThereError: there is none of that number.
        """
        with self._database.reading() as session:
            row = session.get(PinRow, number)
        if row is None:
            raise NotThereError(f"There is no pin {number}.")
        return row

    def remove(self, row: PinRow) -> None:
        """Remove a pin."""
        with self._database.session() as session:
            found = session.get(PinRow, row.id)
            if found is not None:
                session.delete(found)
