"""Secrets that people have given for twins, sealed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from twinhub_runner.store.base import Base

if TYPE_CHECKING:
    from twinhub_kit.database import Database


class SecretRow(Base):
    """One secret of one person for one twin."""

    __tablename__ = "secrets"

    owner: Mapped[str] = mapped_column(primary_key=True)
    twin: Mapped[str] = mapped_column(primary_key=True)
    """Its path in the library."""
    name: Mapped[str] = mapped_column(primary_key=True)
    group: Mapped[str] = mapped_column(default="", server_default="")
    """Name of the group whose twin it is; empty of others."""
    sealed: Mapped[bytes]
    set_at: Mapped[float]


class SecretTable:
    """Reads and changes secrets; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """Work with a database whose migrations have made the table."""
        self._database = database

    def put(self, owner: str, twin: str, name: str, sealed: bytes, *, group: str = "") -> None:
        """Keep a secret in place of what there is."""
        row = SecretRow(
            owner=owner, twin=twin, name=name, group=group, sealed=sealed, set_at=time.time()
        )
        with self._database.session() as session:
            session.merge(row)

    def list_of(self, owner: str, twin: str | None = None) -> list[SecretRow]:
        """Return somebody's secrets, by twin and name."""
        wanted = select(SecretRow).where(SecretRow.owner == owner)
        if twin is not None:
            wanted = wanted.where(SecretRow.twin == twin)
        with self._database.reading() as session:
            return list(session.scalars(wanted.order_by(SecretRow.twin, SecretRow.name)))

    def list_groups(self) -> list[str]:
        """Return the names of groups for whose twins somebody has given secrets."""
        wanted = select(SecretRow.group).where(SecretRow.group != "").distinct()
        with self._database.reading() as session:
            return list(session.scalars(wanted))

    def count(self, owner: str) -> int:
        """Return how many secrets somebody has."""
        wanted = select(func.count()).where(SecretRow.owner == owner)
        with self._database.reading() as session:
            return session.scalar(wanted) or 0

    def remove(self, owner: str, twin: str, name: str) -> bool:
        """Remove a secret; return whether there was one."""
        with self._database.session() as session:
            row = session.get(SecretRow, (owner, twin, name))
            if row is not None:
                session.delete(row)
            return row is not None

    def remove_of(self, owner: str) -> None:
        """Remove all that somebody has."""
        with self._database.session() as session:
            session.execute(delete(SecretRow).where(SecretRow.owner == owner))

    def remove_below(self, place: str) -> None:
        """Remove everybody's secrets for what is below a path."""
        below = SecretRow.twin.startswith(f"{place}/", autoescape=True)
        with self._database.session() as session:
            session.execute(delete(SecretRow).where(below))
