"""Which groups have, or had, a team area."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it when it runs

from sqlalchemy import DateTime, String
from sqlalchemy.orm import Mapped, mapped_column

from twinhub_library.store.base import Base


class TeamRow(Base):
    """A team area that was switched on at some time; whether it is on, its folder says."""

    __tablename__ = "teams"

    label: Mapped[str] = mapped_column(String(64), primary_key=True)
    group: Mapped[str] = mapped_column("group_name", String(255))
    """The hub's name of the group; empty where only its folder was found."""
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_by: Mapped[str] = mapped_column(String(255), default="")
    kept: Mapped[str] = mapped_column(String(128), default="")
    """Name of the folder that holds its files while it is off; empty where there are none."""
    is_gone: Mapped[bool] = mapped_column(default=False)
    """Whether the group was deleted: one of the same name is another group."""


class SeenGroupRow(Base):
    """A group that the hub has had: one that it has no more was deleted."""

    __tablename__ = "seen_groups"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
