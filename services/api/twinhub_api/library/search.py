"""Search: what is looked for, and what is found."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from twinhub_api.wire import Wire

FacetName = Literal["kind", "area", "owner", "keyword", "licence", "requires"]
SortName = Literal["relevance", "name", "changed"]

_Values = tuple[Annotated[str, StringConstraints(max_length=4000)], ...]


class SearchQuery(Wire):
    """What is looked for, and in which order it is shown."""

    q: str = Field(
        "",
        max_length=10_000,
        description=(
            'Words, `"phrases"`, `-without`, and `kind:models` or another facet; nothing for '
            "everything. The first 1,000 characters count."
        ),
    )
    kind: _Values = Field((), description="One of these; likewise the other facets.")
    area: _Values = Field((), description="`common`, `teams/<label>` or one's own label.")
    owner: _Values = ()
    keyword: _Values = Field((), description="In small letters.")
    licence: _Values = ()
    requires: _Values = Field((), description="References without a version.")
    facets: tuple[FacetName, ...] = Field((), description="Which facets are counted.")
    sort: SortName = Field("relevance", description="`changed` shows the newest first.")
    limit: int = Field(20, ge=1, le=200)
    after: str = Field("", pattern="^[0-9]{0,5}$", description="`next` of the page before.")


class TextSnippet(Wire):
    """A piece of text, plain, with the places of what was looked for."""

    text: str
    ranges: tuple[tuple[int, int], ...] = Field(
        (), description="Start and end of each place, in Unicode code points."
    )


class AssetHit(Wire):
    """An asset that was found."""

    path: str
    area: str
    kind: str
    name: str
    title: str
    summary: str
    version: str
    licence: str
    owner: str
    keywords: tuple[str, ...]
    requires: tuple[str, ...]
    changed_at: datetime
    snippet: TextSnippet
    is_deprecated: bool = Field(
        default=False, description="Whether its publisher says that something else is better."
    )
    deprecated_why: str = Field("", description="Why, in the publisher's words.")
    successor: str = Field("", description="What to use instead, as a reference; may be empty.")
    is_withdrawn: bool = Field(
        default=False,
        description="Whether it was withdrawn; those alone see it who use or have published it.",
    )
    withdrawn_why: str = Field("", description="Why, in the publisher's words.")


class FacetValue(Wire):
    """How many hits have a value."""

    value: str
    count: int


class SearchPage(Wire):
    """Some of what was found, in order."""

    hits: tuple[AssetHit, ...]
    count: int = Field(description="All hits, on this page and others.")
    next: str = Field("", description="Cursor of the next page; empty on the last.")
    facets: dict[FacetName, tuple[FacetValue, ...]] = Field(
        description="Values with most hits first; as if the facet itself did not narrow."
    )
    has_typos: bool = Field(description="Nothing has the very words; these differ by a letter.")
    suggestions: tuple[str, ...] = Field(
        description="What else to look for when there are no hits."
    )
    is_complete: bool = Field(
        description="False while the index is built: more may be found later."
    )
    progress: float = Field(description="How much of the index is built, up to 1.")


class SearchStatus(Wire):
    """How the index is doing, for admins."""

    is_complete: bool
    assets: int = Field(description="Assets in the index.")
    watched_folders: int
    is_watching_all: bool = Field(
        description="False if changes are found by looking at everything from time to time."
    )
    problem: str = Field(description="Why the index does not follow the files; empty if it does.")
