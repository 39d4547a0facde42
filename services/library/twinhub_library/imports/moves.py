"""Moves of what was imported: its files and its record move both, or neither.

A move that imports follow is written down before its files move, and struck out together with the
records that it changes. What a kill leaves between is finished or forgotten at the next start:
whichever place is there says which.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import or_, select
from twinhub_kit.errors import ServiceError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.errors import LibraryError
from twinhub_library.store.publishing import ImportRow, MoveRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session
    from twinhub_kit.database import Database

    from twinhub_library.tree import Tree

    Moved = TypeVar("Moved")

_log = logging.getLogger(__name__)


class Moves:
    """Moves that imports follow."""

    def __init__(self, tree: Tree, database: Database) -> None:
        """Move within a tree."""
        self._tree = tree
        self._database = database

    def make(
        self, old: RelativePath, new: RelativePath,
        move: Callable[[RelativePath, RelativePath], Moved],
    ) -> Moved:  # fmt: skip
        """Move files by ``move``, and the records of imports at or below them along.

        Raises:
            ServiceError: of ``move``, or of the database; then all is as it was.
        """
        number = self._begin(old, new)
        if number is None:
            return move(old, new)
        try:
            moved = move(old, new)
        except ServiceError:
            self._forget(number)
            raise
        try:
            self._end(number, has_moved=True)
        except ServiceError:
            move(new, old)
            self._forget(number)
            raise
        return moved

    def recover(self) -> None:
        """Finish moves whose files have moved, and forget the others."""
        with self._database.reading() as session:
            begun = list(session.scalars(select(MoveRow)))
        for row in begun:
            old, new = RelativePath.parse(row.old), RelativePath.parse(row.new)
            self._end(row.id, has_moved=not self._is_there(old) and self._is_there(new))

    def _begin(self, old: RelativePath, new: RelativePath) -> int | None:
        """Write a move down; None where no import is at or below what moves."""
        with self._database.reading() as session:
            if session.scalars(select(ImportRow.id).where(_is_below(old)).limit(1)).first() is None:
                return None
        with self._database.session() as session:
            row = MoveRow(old=str(old), new=str(new))
            session.add(row)
            session.flush()
            return row.id

    def _end(self, number: int, *, has_moved: bool) -> None:
        """Strike a move out, with the records as it has left them."""
        with self._database.session() as session:
            row = session.get_one(MoveRow, number)
            if has_moved:
                _follow(session, RelativePath.parse(row.old), row.new)
            session.delete(row)

    def _forget(self, number: int) -> None:
        """Strike out a move that was not made; where that fails, the next start does it."""
        try:
            self._end(number, has_moved=False)
        except ServiceError:
            _log.warning("move not forgotten yet number=%d", number)

    def _is_there(self, path: RelativePath) -> bool:
        try:
            self._tree.get_entry(path)
        except LibraryError:
            return False
        return True


def _follow(session: Session, old: RelativePath, new: str) -> None:
    for row in session.scalars(select(ImportRow).where(_is_below(old))):
        row.place = new + row.place.removeprefix(str(old))


def _is_below(path: RelativePath) -> ColumnElement[bool]:
    below = ImportRow.place.startswith(f"{path}/", autoescape=True)
    return or_(ImportRow.place == str(path), below)
