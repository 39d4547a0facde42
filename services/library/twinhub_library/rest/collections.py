"""Collections that are published."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response, status
from twinhub_api.library.opening import (
    CollectionCopy,
    CollectionDetail,
    CollectionItem,
    CollectionPage,
    CollectionSummary,
)
from twinhub_api.operations import Operation  # noqa: TC002 - FastAPI reads it
from twinhub_kit.operations import anybody

from twinhub_library.collecting.collections import (
    Part,
    find_collection,
    list_collections,
    read_title,
)
from twinhub_library.opening.copies import copy_all
from twinhub_library.opening.links import PAGES
from twinhub_library.rest.answers import answer_with_etag
from twinhub_library.rest.needs import KnownCaller, TheLibrary  # noqa: TC001 - FastAPI reads it

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_kit.operations import Progress

    from twinhub_library.assets import Asset
    from twinhub_library.library import Library

router = APIRouter(tags=["collections"])


@router.get("/api/collections", response_model=CollectionPage)
def list_published_collections(
    request: Request, library: TheLibrary, caller: KnownCaller,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at the most.")] = 100,
    after: Annotated[int, Query(ge=0, le=10**9, description="`next` of the page before.")] = 0,
) -> Response:  # fmt: skip
    """Return the published collections."""
    del caller  # whoever is known may read what is published
    found = list(islice(list_collections(library.tree), after, after + limit + 1))
    page = CollectionPage(
        items=tuple(_summary(library, asset) for asset in found[:limit]),
        next=str(after + limit) if len(found) > limit else None,
    )
    return answer_with_etag(request, page)


@router.get("/api/collections/{name}", response_model=CollectionDetail)
def get_collection(
    name: str, request: Request, library: TheLibrary, caller: KnownCaller
) -> Response:  # fmt: skip
    """Return what a collection holds; `@` and a version after the name ask for that one."""
    del caller
    collection = find_collection(library.tree, name)
    detail = CollectionDetail(
        collection=_summary(library, collection.asset), items=tuple(map(_item, collection.parts)),
        versions=collection.versions, faults=collection.faults,
    )  # fmt: skip
    return answer_with_etag(request, detail)


@router.post("/api/collections/{name}/copy", status_code=status.HTTP_202_ACCEPTED)
def copy_collection(name: str, library: TheLibrary, caller: KnownCaller) -> Operation:
    """Copy everything of a collection into your files; the result is a `CollectionCopy`.

    Each asset is imported, or updated as its own link does it: nothing of yours is lost.
    """
    return start_copy(library, caller, name)


def start_copy(library: Library, caller: Caller, name: str) -> Operation:
    """Begin to copy everything of a collection.

    Raises:
        NoSuchAssetError: there is no such collection.
    """
    collection = find_collection(library.tree, name)

    def work(caller: Caller, progress: Progress) -> CollectionCopy:
        return copy_all(library.opening, caller, collection, progress)

    return library.operations.start(
        caller, "copy-collection", f"Copy {collection.title}", anybody, work
    )  # fmt: skip


def _summary(library: Library, asset: Asset) -> CollectionSummary:
    title, summary = read_title(library.tree, asset)
    return CollectionSummary(
        name=asset.name, title=title, summary=summary, version=asset.version or "",
        asset=str(asset.path), link=f"{PAGES}/collections/{quote(asset.name)}",
    )  # fmt: skip


def _item(part: Part) -> CollectionItem:
    if part.link is None:
        return CollectionItem(
            heading=part.heading, title=part.title, text=part.text, is_there=part.is_there
        )
    version = f"@{part.link.version}" if part.link.version else ""
    return CollectionItem(
        title=part.title, text=part.text, asset=f"{part.link.subject}{version}",
        path="/".join(part.link.path.names), is_there=part.is_there, link=part.link.address,
    )  # fmt: skip
