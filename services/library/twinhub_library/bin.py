"""The bin: what was deleted, by area, until it expires.

``.library/bin/<area>/<id>`` holds ``record.json`` and ``content``. The record is written first and
the content renamed in last, so that a kill leaves the thing where it was or in the bin, whole.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import OWN_FOLDER, TEAMS
from twinhub_library.errors import LibraryError
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twinhub_library.areas import Area
    from twinhub_library.tree import Tree

_BIN = RelativePath((OWN_FOLDER, "bin"))
_RECORD, _CONTENT = "record.json", "content"
_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Removed:
    """Something in the bin."""

    id: str
    path: str
    """Where it was, as a path of the library."""
    kind: EntryKind
    removed_by: str
    removed_at: datetime


class Bin:
    """What was deleted, and the way back."""

    def __init__(self, tree: Tree, *, days: int, move: Callable[..., None] | None = None) -> None:
        """Keep for some days; ``move`` is that of the tree, or one that crosses volumes."""
        self._tree, self.days = tree, days
        self._move = move or tree.move

    def put(self, area: Area, path: RelativePath, *, by: str) -> Removed:
        """Move what is at a path of an area into the bin.

        Raises:
            NotThereError: nothing is there.
        """
        entry = self._tree.get_entry(path)
        number = secrets.token_hex(8)
        removed = Removed(number, str(path), entry.kind, by, datetime.now(UTC))
        item = _folder(area) / number
        self._tree.ensure_folder(item)
        try:
            self._tree.write_file(item / _RECORD, [_dump(removed)])
            self._move(path, item / _CONTENT)
        except LibraryError:
            self._tree.remove(item)
            raise
        return removed

    def list_items(self, area: Area) -> list[Removed]:
        """Return what is in the bin of an area, what was removed last first."""
        found = [one for one in self._read_all(_folder(area)) if one is not None]
        return sorted(found, key=lambda one: (one.removed_at, one.id), reverse=True)

    def restore(self, area: Area, number: str, *, to: RelativePath | None = None) -> RelativePath:
        """Move something back to where it was, or elsewhere; return where it is.

        Raises:
            NotThereError: nothing in the bin has the number, or its folder is not there any more.
            ExistsError: something is there meanwhile: name another place.
        """
        item = _folder(area) / number
        was = RelativePath.parse(self._get(item).path)
        target = was if to is None else to
        self._move(item / _CONTENT, target)
        self._tree.remove(item)
        return target

    def get_content(self, area: Area, number: str) -> RelativePath:
        """Return where something lies while it is in the bin.

        Raises:
            NotThereError: nothing in the bin has the number.
        """
        item = _folder(area) / number
        self._get(item)
        return item / _CONTENT

    def purge(self, area: Area, number: str) -> Removed:
        """Remove something for good; return what it was.

        Raises:
            NotThereError: nothing in the bin has the number.
        """
        item = _folder(area) / number
        removed = self._get(item)
        self._remove(item)
        return removed

    def purge_expired(self, now: datetime) -> int:
        """Remove for good what has been in the bin for its days; return how many."""
        limit, count = now - timedelta(days=self.days), 0
        for item in self._walk_items():
            with contextlib.suppress(NotThereError):
                if self._get(item).removed_at < limit:
                    self._remove(item)
                    count += 1
        return count

    def recover(self) -> None:
        """Finish what a killed server began: an item without a record or content is none."""
        for item in self._walk_items():
            try:
                self._get(item)
            except NotThereError:
                self._tree.remove(item)

    def _remove(self, item: RelativePath) -> None:
        self._tree.remove(item / _RECORD)  # from here on it is no item, whatever happens
        self._tree.remove(item)

    def _get(self, item: RelativePath) -> Removed:
        """Return the record of an item that has content.

        Raises:
            NotThereError: it is none.
        """
        removed = self._read(item)
        if removed is None:
            raise NotThereError(f"Nothing in the bin has the number {item.name}: list it anew.")
        return removed

    def _read_all(self, folder: RelativePath) -> Iterator[Removed | None]:
        with contextlib.suppress(NotThereError):
            for one in self._tree.list_folder(folder):
                if one.kind is EntryKind.FOLDER:
                    yield self._read(folder / one.name)

    def _read(self, item: RelativePath) -> Removed | None:
        try:
            self._tree.get_entry(item / _CONTENT)
            with os.fdopen(self._tree.open_file(item / _RECORD), "rb") as file:
                return _load(file.read(_MOST_BYTES))
        except NotThereError:
            return None

    def _walk_items(self) -> Iterator[RelativePath]:
        for area in self._list_folders(_BIN):
            if area.name == TEAMS:
                for team in self._list_folders(area):
                    yield from self._list_folders(team)
            else:
                yield from self._list_folders(area)

    def _list_folders(self, folder: RelativePath) -> list[RelativePath]:
        try:
            entries = self._tree.list_folder(folder)
        except NotThereError:
            return []
        return [folder / one.name for one in entries if one.kind is EntryKind.FOLDER]


def _folder(area: Area) -> RelativePath:
    return RelativePath((*_BIN.names, *area.path.names))


def _dump(removed: Removed) -> bytes:
    return json.dumps({**asdict(removed), "removed_at": removed.removed_at.isoformat()}).encode()


def _load(content: bytes) -> Removed | None:
    try:
        facts = json.loads(content)
        removed_at = datetime.fromisoformat(facts.pop("removed_at"))
        kind = EntryKind(facts.pop("kind"))
        return Removed(removed_at=removed_at, kind=kind, **facts)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
