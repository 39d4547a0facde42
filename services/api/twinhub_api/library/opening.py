"""Who opened which link, and the collections that are published."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from twinhub_api.wire import Wire


class OpenedLink(Wire):
    """How often a link was opened."""

    subject: str = Field(description="What it opens, such as `common/models/tank`.")
    people: int
    times: int
    last_at: datetime


class OpenedLinkPage(Wire):
    """Links that were opened."""

    items: tuple[OpenedLink, ...]
    next: str | None = Field(None, description="What `after` is for the next page.")


class OpenedBy(Wire):
    """How often one person opened a link."""

    user: str
    first_at: datetime
    last_at: datetime
    times: int


class OpenedByPage(Wire):
    """Who opened a link, by name."""

    subject: str
    link: str = Field(description="The address to hand out, from the site's root on.")
    people: int
    times: int
    items: tuple[OpenedBy, ...]
    next: str | None = Field(None, description="What `after` is for the next page.")


class CollectionItem(Wire):
    """One part of a collection: a heading, or an asset."""

    heading: str = Field("", description="Of a heading; empty of an asset.")
    title: str = ""
    text: str = Field("", description="Markdown.")
    asset: str = Field("", description="Such as `common/models/tank@1.0.0`.")
    path: str = Field("", description="The file in the asset that opens.")
    is_there: bool = True
    link: str = Field("", description="The address that opens it, from the site's root on.")


class CollectionSummary(Wire):
    """A published collection."""

    name: str
    title: str
    summary: str = Field(description="Markdown.")
    version: str
    asset: str
    link: str = Field(description="The address to hand out, from the site's root on.")


class CollectionPage(Wire):
    """Published collections."""

    items: tuple[CollectionSummary, ...]
    next: str | None = Field(None, description="What `after` is for the next page.")


class CollectionDetail(Wire):
    """What a collection holds."""

    collection: CollectionSummary
    items: tuple[CollectionItem, ...]
    versions: tuple[str, ...] = Field(description="The newest first.")
    faults: tuple[str, ...] = Field(description="What is wrong with its file, with lines.")


class CopiedItem(Wire):
    """What became of one part of a collection."""

    heading: str = Field("", description="Of a heading; empty of an asset.")
    title: str = ""
    text: str = Field("", description="Markdown.")
    asset: str = Field("", description="Such as `common/models/tank`.")
    outcome: Literal["", "imported", "updated", "current", "own", "missing", "failed"] = Field(
        "",
        description="`own`: something of the caller's own has the name, and stays; `missing`: it "
        "is not published any more; `failed`: `detail` says why. Empty of a heading.",
    )
    version: str = ""
    place: str = Field("", description="Where the copy is, below the caller's area.")
    opens: str = Field("", description="The file that opens, below the caller's area.")
    files: dict[str, int] = Field({}, description="How many files had which outcome.")
    conflicts: int = Field(0, description="Files that both sides have changed.")
    detail: str = ""
    report: str = Field("", description="The page that names each file, from the site's root on.")


class CollectionCopy(Wire):
    """What became of everything in a collection, in its order."""

    name: str
    title: str
    version: str
    items: tuple[CopiedItem, ...]
    report: str = Field(description="The page that shows it, from the site's root on.")


class OpenedReport(Wire):
    """Where what a link has done is told."""

    report: str = Field(description="The page, from the site's root on.")
