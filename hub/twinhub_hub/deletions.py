"""Users who are being deleted: a record of each, from the decision until the files are archived.

The hub writes one when an admin deletes a user, since it may not touch volumes itself, and refuses
to start a workspace of that name as long as it is there: nobody ever gets another one's files.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from twinhub_api.names import label_for

from twinhub_hub.files import sync_folder, write_private

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True)
class Deletion:
    """One user who is being deleted."""

    name: str
    archive: str
    """Name of the file that the user's files go to: the same each time this is tried again."""


def record_deletion(folder: Path, name: str, *, at: datetime) -> Deletion:
    """Return the record of a user's deletion; it is made if there is none, and survives a crash."""
    if found := find_deletion(folder, name):
        return found
    archive = f"{label_for(name)}-{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.tar"
    made = Deletion(name, archive)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)
    write_private(_record(folder, name), json.dumps(asdict(made), indent=1))
    return made


def find_deletion(folder: Path, name: str) -> Deletion | None:
    """Return the record of a user's deletion, or None."""
    return _read(_record(folder, name))


def list_deletions(folder: Path) -> list[Deletion]:
    """Return all records, sorted by label."""
    found = map(_read, sorted(folder.glob("*.json")))
    return [deletion for deletion in found if deletion is not None]


def forget_deletion(folder: Path, name: str) -> None:
    """Remove the record: the name is free again."""
    _record(folder, name).unlink(missing_ok=True)
    sync_folder(folder)


def _record(folder: Path, name: str) -> Path:
    return folder / f"{label_for(name)}.json"


def _read(path: Path) -> Deletion | None:
    try:
        return Deletion(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
