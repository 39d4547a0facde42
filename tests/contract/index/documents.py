"""Documents and queries of the tests of indexes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twinhub_library.index.base import Access, Document, Query, Results
from twinhub_library.index.querying import read_request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_library.index.base import Index

COMMON = Access(frozenset({"common"}))
WHEN = datetime(2026, 11, 26, tzinfo=UTC)


def make_document(name: str, *, area: str = "common", **fields: object) -> Document:
    """Return a document of a model."""
    key = f"{area}/models/{name}"
    made = Document(key, "1", key, area, "models", name, WHEN)
    return replace(made, **fields)  # type: ignore[arg-type]


def fill(index: Index, *documents: Document) -> None:
    """Put documents into an index."""
    for document in documents:
        index.upsert(document)
    index.commit()


def ask(index: Index, text: str, access: Access = COMMON, **fields: object) -> Results:
    """Search as somebody does who writes a text."""
    request = read_request(text)
    query = Query(access, request.terms, request.filters)
    return index.search(replace(query, **fields))  # type: ignore[arg-type]


def names(results: Results) -> list[str]:
    """Return the names of hits."""
    return [hit.document.name for hit in results.hits]


def values(counts: Iterable[object]) -> list[tuple[str, int]]:
    """Return counts of a facet as pairs."""
    return [(str(getattr(one, "value")), int(getattr(one, "count"))) for one in counts]  # noqa: B009
