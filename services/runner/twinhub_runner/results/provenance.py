"""Where a run comes from, put together of its row and of what was noted beside it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twinhub_api.runner.results import Pinned, Provenance

from twinhub_runner.copies.copies import Copy
from twinhub_runner.copies.workshop import COPY_NOTE
from twinhub_runner.results.keeping import read_results

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_runner.copies.copies import Pin
    from twinhub_runner.store.rows import RunRow
    from twinhub_runner.store.runs import RunTable


def read_copy(folder: Path) -> Copy | None:
    """Return what the copy of a run was made of; None of one in place or not yet prepared."""
    try:
        data = json.loads((folder / COPY_NOTE).read_bytes())
    except FileNotFoundError:
        return None
    return Copy.from_data(data, folder)


def find_before(table: RunTable, row: RunRow) -> list[RunRow]:
    """Return the runs that have worked in a run's copy before it and well, the oldest first."""
    if row.copy_id is None:
        return []
    return [one for one in table.list_of_copy(row.copy_id) if one.number < row.number]


def tell_provenance(table: RunTable, row: RunRow, folder: Path) -> Provenance:
    """Return where a run comes from; ``folder`` is its own."""
    copy = read_copy(folder)
    return Provenance(
        run=row.as_wire(),
        is_live=not row.copy,
        twin=None if copy is None else _pinned(copy.twin),
        inputs=() if copy is None else tuple(map(_pinned, copy.pins)),
        copied_at=None if copy is None else datetime.fromtimestamp(copy.made_at, UTC),
        phases_before=tuple(one.id for one in find_before(table, row)),
        description="" if copy is None else copy.text,
        configuration=row.plan,
        image=row.image,
        environment=row.environment,
        artefacts=read_results(folder).artefacts,
    )


def _pinned(pin: Pin) -> Pinned:
    return Pinned(path=pin.path, digest=pin.digest)
