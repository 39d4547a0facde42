"""Tables of what is published: versions, who may publish, proposals, and who refers to content."""

from __future__ import annotations

from sqlalchemy import JSON, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from twinhub_library.store.base import Base

DIGEST = String(64)


class VersionRow(Base):
    """One published version; it stays when it is withdrawn, so that none is ever used again."""

    __tablename__ = "published_versions"
    __table_args__ = (UniqueConstraint("kind", "name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(DIGEST, index=True)
    inside: Mapped[str] = mapped_column(String(255))
    """Name of the asset in its content; empty where the content is the asset."""
    companions: Mapped[list[str]] = mapped_column(JSON)
    is_folder: Mapped[bool]
    size: Mapped[int]
    files: Mapped[int]
    owner: Mapped[str] = mapped_column(String(280))
    author: Mapped[str] = mapped_column(String(255))
    message: Mapped[str]
    changelog: Mapped[str]
    origin: Mapped[str]
    published_at: Mapped[float]
    is_withdrawn: Mapped[bool] = mapped_column(default=False)
    withdrawn_why: Mapped[str] = mapped_column(default="")
    is_deprecated: Mapped[bool] = mapped_column(default=False)
    deprecated_why: Mapped[str] = mapped_column(default="")
    successor: Mapped[str] = mapped_column(default="")
    allowed_secrets: Mapped[list[str]] = mapped_column(JSON, default=list)


class GrantRow(Base):
    """Who may publish assets of a kind with names of a pattern."""

    __tablename__ = "publish_grants"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(16))
    """``user`` or ``group``."""
    subject: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(32))
    """A kind, or ``*``."""
    pattern: Mapped[str] = mapped_column(String(255))
    needs_review: Mapped[bool]
    made_by: Mapped[str] = mapped_column(String(255))
    made_at: Mapped[float]


class ProposalRow(Base):
    """A version that waits for somebody to accept it."""

    __tablename__ = "publish_proposals"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    """``open``, ``accepted``, ``returned`` or ``taken-back``."""
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(DIGEST, index=True)
    inside: Mapped[str] = mapped_column(String(255))
    companions: Mapped[list[str]] = mapped_column(JSON)
    is_folder: Mapped[bool]
    size: Mapped[int]
    files: Mapped[int]
    owner: Mapped[str] = mapped_column(String(280))
    author: Mapped[str] = mapped_column(String(255), index=True)
    message: Mapped[str]
    changelog: Mapped[str]
    origin: Mapped[str]
    made_at: Mapped[float]
    decided_at: Mapped[float | None] = mapped_column(default=None)
    decided_by: Mapped[str] = mapped_column(String(255), default="")
    comments: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    allowed_secrets: Mapped[list[str]] = mapped_column(JSON, default=list)


class MoveRow(Base):
    """A move of files that imports follow, until it is made or not."""

    __tablename__ = "import_moves"

    id: Mapped[int] = mapped_column(primary_key=True)
    old: Mapped[str]
    new: Mapped[str]


class ImportRow(Base):
    """Where something was copied to, and what it was then: the base of its next update."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(index=True)
    """Path of the folder, or of the single file."""
    is_folder: Mapped[bool]
    source: Mapped[str]
    """The asset without a version: ``common/models/tank``."""
    version: Mapped[str] = mapped_column(String(200), default="")
    digest: Mapped[str] = mapped_column(DIGEST, index=True)
    inside: Mapped[str] = mapped_column(String(255), default="")
    names: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """Of a single file and what belongs to it: names in the content to names beside the place."""
    is_done: Mapped[bool]
    """False until its files are in place."""
    staged: Mapped[str] = mapped_column(String(64), default="")
    made_by: Mapped[str] = mapped_column(String(255))
    made_at: Mapped[float]
    updated_at: Mapped[float]


class PinRow(Base):
    """A version that somebody uses in place, without a copy."""

    __tablename__ = "pins"
    __table_args__ = (UniqueConstraint("area", "asset"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(String(280), index=True)
    asset: Mapped[str]
    version: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(DIGEST, index=True)
    made_by: Mapped[str] = mapped_column(String(255))
    made_at: Mapped[float]


class HoldRow(Base):
    """Somebody, such as a run, needs content: it is not removed."""

    __tablename__ = "content_holds"
    __table_args__ = (UniqueConstraint("digest", "by"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(DIGEST, index=True)
    by: Mapped[str] = mapped_column(String(255), index=True)
    made_at: Mapped[float]
