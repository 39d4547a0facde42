"""The connected repositories, with what lets us in, sealed."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it

from sqlalchemy import DateTime, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from twinhub_library.store.base import Base


class RepositoryRow(Base):
    """One place of the library and the repository that it is synced with."""

    __tablename__ = "repositories"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    place: Mapped[str] = mapped_column(Text, unique=True)
    """Path of the area or asset, from the assets root."""
    address: Mapped[str] = mapped_column(Text)
    branch: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(Text, default="")
    """Folder in the repository that is synced; empty for all of it."""
    connected_by: Mapped[str] = mapped_column(Text)
    connected_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    author_name: Mapped[str] = mapped_column(Text, default="")
    author_email: Mapped[str] = mapped_column(Text, default="")
    credential_kind: Mapped[str] = mapped_column(String(16))
    credential_user: Mapped[str] = mapped_column(Text, default="")
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    """The token or key, encrypted."""
    known_hosts: Mapped[str] = mapped_column(Text, default="")
    """Lines of ssh's known_hosts for the host, which a person has confirmed."""
    synced_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=None)
    fault: Mapped[str] = mapped_column(Text, default="")
    """What went wrong at the last sync, for people."""
    conflicts: Mapped[str] = mapped_column(Text, default="")
    """Paths that both sides had changed at the last pull, by line; gone with the next push."""
    follow_path: Mapped[str] = mapped_column(Text, default="")
    """Asset in the place whose common one follows; empty where none does."""
    follow_by: Mapped[str] = mapped_column(Text, default="")
    """Who set it up, and publishes."""
    followed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=None)
    """When the clock last had it looked at."""
    follow_seconds: Mapped[int] = mapped_column(default=0)
    """How often the branch is looked at; 0 for the webhook alone."""
    webhook_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    """The webhook's secret, encrypted."""
