"""What all tables of the runner have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase

if TYPE_CHECKING:
    from sqlalchemy import Dialect


class _Text(TypeDecorator[str]):
    """Text, in which the name of a file may stand: that is any bytes, a database takes Unicode."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return what is written; bytes that are no text stand there by their numbers."""
        del dialect
        return None if value is None else value.encode("utf-8", "backslashreplace").decode()


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map: ClassVar[dict[type, type]] = {str: _Text}
