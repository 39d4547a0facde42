"""Pages of collections: which there are, what one holds, and copying all of it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response
from twinhub_kit.pages import PageCaller, PagePoster, TheGuard  # noqa: TC002 - FastAPI reads it

from twinhub_library.collecting.collections import (
    Collection,
    find_collection,
    list_collections,
    read_title,
)
from twinhub_library.opening.links import PAGES
from twinhub_library.opening.markdown import render_markdown
from twinhub_library.opening.pages import PageRoute, render
from twinhub_library.rest.collections import start_copy
from twinhub_library.rest.needs import TheLibrary  # noqa: TC001 - FastAPI reads it
from twinhub_library.rest.opening_work import lead_to_work

if TYPE_CHECKING:
    from twinhub_library.assets import Asset
    from twinhub_library.library import Library

router = APIRouter(prefix=f"{PAGES}/collections", route_class=PageRoute, include_in_schema=False)

_ON_A_PAGE = 100


@router.get("", response_class=HTMLResponse)
def show_collections(
    library: TheLibrary, caller: PageCaller,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:  # fmt: skip
    """Show which collections are published."""
    found = list(islice(list_collections(library.tree), after, after + _ON_A_PAGE + 1))
    more = f"{PAGES}/collections?after={after + _ON_A_PAGE}" if len(found) > _ON_A_PAGE else ""
    shown = [_entry(library, asset) for asset in found[:_ON_A_PAGE]]
    return render(
        "collections.html", "Collections", caller.name, site=library.settings.site_title,
        collections=shown, next=more,
    )  # fmt: skip


def _entry(library: Library, asset: Asset) -> dict[str, str]:
    title, summary = read_title(library.tree, asset)
    address = f"{PAGES}/collections/{quote(asset.name)}"
    return {"title": title, "summary": render_markdown(summary), "address": address}


@router.get("/{name}", response_class=HTMLResponse)
def show_collection(
    name: str, library: TheLibrary, caller: PageCaller, guard: TheGuard
) -> Response:
    """Show a collection, each of its assets with a link that opens it."""
    collection = find_collection(library.tree, name)
    library.opening.note_collection(caller, collection)
    version = collection.asset.version or ""
    newest = collection.versions[0] if collection.versions else ""
    return render(
        "collection.html", collection.title, caller.name, site=library.settings.site_title,
        summary=render_markdown(collection.summary), parts=_parts(collection),
        faults=collection.faults, version=version, newer=newest if newest != version else "",
        newest_address=f"{PAGES}/collections/{quote(collection.name)}",
        address=f"{PAGES}/collections/{quote(name, safe='@')}", xsrf=guard.xsrf_token,
        assets=len({part.link.subject for part in collection.parts if part.link}),
    )  # fmt: skip


@router.post("/{name}", response_class=HTMLResponse)
def copy_collection(name: str, library: TheLibrary, caller: PagePoster) -> Response:
    """Copy everything of a collection, and lead on to a page that waits for the report."""
    return lead_to_work(start_copy(library, caller, name))


def _parts(collection: Collection) -> list[dict[str, object]]:
    return [
        {
            "heading": part.heading, "title": part.title, "summary": part.summary,
            "text": render_markdown(part.text), "is_there": part.is_there,
            "address": part.link.address if part.link else "",
        }
        for part in collection.parts
    ]  # fmt: skip
