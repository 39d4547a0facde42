"""Search: assets by words, within what the caller may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Response
from twinhub_api.library.search import (
    AssetHit,
    FacetValue,
    SearchPage,
    SearchQuery,
    SearchStatus,
    TextSnippet,
)
from twinhub_dtconfig.faults import nearest_key
from twinhub_kit.errors import NotAllowedError
from twinhub_kit.files.errors import NotThereError

from twinhub_library.access import readable_areas
from twinhub_library.catalogue import KINDS
from twinhub_library.errors import BadRequestError
from twinhub_library.index import base
from twinhub_library.index.base import FURTHEST_HIT, Access, Facet, Sort
from twinhub_library.index.querying import read_request
from twinhub_library.index.words import normalise
from twinhub_library.rest.needs import KnownCaller, TheLibrary, list_teams
from twinhub_library.rest.said import said_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_kit.callers import Caller

    from twinhub_library.index.base import Hit, Results
    from twinhub_library.library import Library

router = APIRouter(tags=["search"])


@router.get("/api/search", response_model=SearchPage)
def search(
    asked: Annotated[SearchQuery, Query()], library: TheLibrary, caller: KnownCaller
) -> Response:
    """Return assets that have all the words, the nearest first; without words, all assets."""
    offset = min(int(asked.after or 0), FURTHEST_HIT)
    request = read_request(asked.q)
    access = _access(library, caller)
    _check_kinds(asked.kind)
    _check_areas(asked.area, access)
    query = base.Query(
        access=access,
        terms=request.terms,
        filters=_filters(asked, request.filters),
        facets=tuple(Facet(name) for name in dict.fromkeys(asked.facets)),
        sort=Sort(asked.sort),
        offset=offset,
        limit=asked.limit,
    )
    results = library.search.search(query)
    page = _page(library, results, offset)
    return Response(page.model_dump_json(), media_type="application/json")


@router.get("/api/search/status")
def get_search_status(library: TheLibrary, caller: KnownCaller) -> SearchStatus:
    """Return how the index is doing; for admins."""
    if not caller.is_admin:
        raise NotAllowedError("Only admins see how the search index is doing.")
    state = library.search.state
    return SearchStatus(
        is_complete=state.progress.is_complete, assets=state.documents,
        watched_folders=state.watches, is_watching_all=state.is_watching_all,
        problem=state.problem,
    )  # fmt: skip


def _check_kinds(kinds: Iterable[str]) -> None:
    for kind in kinds:
        if normalise(kind) not in KINDS:
            nearest = nearest_key(kind, KINDS)
            hint = f"did you mean {nearest}?" if nearest else f"there are {', '.join(KINDS)}."
            raise BadRequestError(f"{kind} is no kind of assets; {hint}")


def _check_areas(areas: Iterable[str], access: Access) -> None:
    known = sorted(access.areas)
    for area in areas:
        if normalise(area) not in map(normalise, known):
            raise NotThereError(f"{area} is no area that you read; there are {', '.join(known)}.")


def _access(library: Library, caller: Caller) -> Access:
    areas = readable_areas(caller, list_teams(library))
    return Access(frozenset(map(str, areas)), library.publishing.pins.list_withdrawn(areas))


def _filters(asked: SearchQuery, written: base.Filters) -> base.Filters:
    """Return the filters of parameters and of the text: of one facet, any value of either."""
    filters = dict(written)
    for facet in Facet:
        values = frozenset(map(normalise, getattr(asked, facet.value)))
        if values:
            filters[facet] = filters.get(facet, frozenset()) | values
    return filters


def _page(library: Library, results: Results, offset: int) -> SearchPage:
    progress = library.search.state.progress
    end = offset + len(results.hits)
    has_more = results.hits and end < min(results.count, FURTHEST_HIT)
    return SearchPage(
        hits=tuple(_hit(library, one) for one in results.hits),
        count=results.count,
        next=str(end) if has_more else "",
        facets={
            facet.value: tuple(FacetValue(value=one.value, count=one.count) for one in counts)
            for facet, counts in results.facets.items()
        },
        has_typos=results.has_typos,
        suggestions=results.suggestions,
        is_complete=progress.is_complete,
        progress=progress.part,
    )


def _hit(library: Library, hit: Hit) -> AssetHit:
    found, snippet = hit.document, hit.snippet
    return AssetHit(
        path=found.path, area=found.area, kind=found.kind, name=found.name, title=found.title,
        summary=found.summary, version=found.version, licence=found.licence, owner=found.owner,
        keywords=found.keywords, requires=found.requires, changed_at=found.changed_at,
        snippet=TextSnippet(text=snippet.text, ranges=snippet.ranges),
        **said_of(library, found.area, kind=found.kind, name=found.name, version=found.version),
    )  # fmt: skip
