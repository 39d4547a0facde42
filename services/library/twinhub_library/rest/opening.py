"""Open links as pages: what a link would do, what it did, and what a collection holds."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from twinhub_kit.pages import PageCaller, PagePoster, TheGuard  # noqa: TC002 - FastAPI reads it

from twinhub_library.catalogue import list_versions
from twinhub_library.collecting.collections import (
    Collection,
    find_collection,
    list_collections,
    read_title,
)
from twinhub_library.errors import NotThereError
from twinhub_library.metadata import read_metadata
from twinhub_library.opening import reports
from twinhub_library.opening.faults import OpenLinkError
from twinhub_library.opening.importing import State
from twinhub_library.opening.links import PAGES, AssetLink, GitQuery, workspace_address
from twinhub_library.opening.markdown import render_markdown
from twinhub_library.opening.pages import HEADERS, PageRoute, render
from twinhub_library.rest.needs import TheLibrary  # noqa: TC001 - FastAPI reads it

if TYPE_CHECKING:
    from twinhub_library.library import Library
    from twinhub_library.opening.opening import Prepared

router = APIRouter(prefix=PAGES, route_class=PageRoute, include_in_schema=False)

_STATIC = Path(__file__).parent.parent / "opening" / "static"
_TYPES = {"open.css": "text/css", "favicon.svg": "image/svg+xml"}
ThePath = Annotated[str, Query(alias="path", max_length=4096)]


@router.get("/static/{name}", response_class=FileResponse)
def get_static(name: str) -> Response:
    """Return a file that pages use; it is the same for everybody, signed in or not."""
    if name not in _TYPES:
        raise NotThereError(f"{name} is not there.")
    headers = HEADERS | {"Cache-Control": "public, max-age=3600"}
    return FileResponse(_STATIC / name, media_type=_TYPES[name], headers=headers)


@router.get("/common/{kind}/{name}", response_class=HTMLResponse)
def show_asset(
    kind: str, name: str, library: TheLibrary, caller: PageCaller, guard: TheGuard,
    path: ThePath = "",
) -> Response:  # fmt: skip
    """Lead on to the workspace, or show what a click would change in the visitor's files."""
    link = AssetLink.parse(kind, name, path)
    prepared = library.opening.prepare(caller, link)
    if prepared.standing.state is State.CURRENT:
        library.opening.note_opened(caller, prepared)
        return _lead_to(workspace_address(prepared.opens))
    metadata = read_metadata(library.tree, prepared.found.asset)
    return render(
        "asset.html", f"Open {metadata.title}", caller.name, summary=metadata.summary,
        xsrf=guard.xsrf_token, **_describe(library, prepared),
    )  # fmt: skip


def _describe(library: Library, prepared: Prepared) -> dict[str, Any]:
    asset, standing = prepared.found.asset, prepared.standing
    versions = list_versions(library.tree, asset)
    version = asset.version or (versions[0] if versions else "")
    return {
        "state": standing.state.value,
        "name": asset.name,
        "version": version,
        "has_version": standing.version,
        "place": "/".join(standing.place.names[1:]),
        "opens": "/".join(prepared.opens.names),
        "workspace": workspace_address(prepared.opens),
        "address": prepared.found.link.address,
    }


@router.post("/common/{kind}/{name}", response_class=HTMLResponse)
def open_asset(
    kind: str, name: str, library: TheLibrary, caller: PagePoster, path: ThePath = ""
) -> Response:
    """Import or update, and lead on to the report."""
    opened = library.opening.bring(caller, AssetLink.parse(kind, name, path))
    return _lead_to(f"{PAGES}/reports/{opened}")


@router.get("/reports/{opened_id}", response_class=HTMLResponse)
def show_report(opened_id: str, library: TheLibrary, caller: PageCaller) -> Response:
    """Show what became of each file."""
    opened = library.opening.openings.find(opened_id, caller.name)
    if opened is None:
        raise NotThereError("This report is not there: it is of somebody else, or the link is cut.")
    return render(
        "report.html", reports.title_of(opened), caller.name, **reports.describe(opened)
    )  # fmt: skip


@router.get("/git", response_class=HTMLResponse)
def show_repository(
    library: TheLibrary, caller: PageCaller, guard: TheGuard,
    link: Annotated[GitQuery, Query()],
) -> Response:  # fmt: skip
    """Show what a link to a repository would change in the visitor's files."""
    found = link.parse(_hosts(library))
    standing = library.opening.prepare_git(caller, found)
    if standing is None:
        raise OpenLinkError("Links to repositories are not opened here: git is not set up.")
    if standing.state is State.CURRENT:
        library.opening.note_git_opened(caller, found, standing)
        return _lead_to(workspace_address(found.path))
    return render(
        "git.html", f"Open {found.target.name}", caller.name, state=standing.state.value,
        repository=found.repository, branch=found.branch, place=str(found.target),
        workspace=workspace_address(found.path), xsrf=guard.xsrf_token, address=link.address,
    )  # fmt: skip


@router.post("/git", response_class=HTMLResponse)
def open_repository(
    library: TheLibrary, caller: PagePoster, link: Annotated[GitQuery, Query()]
) -> Response:
    """Clone or pull, and lead on to the report."""
    found = link.parse(_hosts(library))
    if library.opening.prepare_git(caller, found) is None:
        raise OpenLinkError("Links to repositories are not opened here: git is not set up.")
    return _lead_to(f"{PAGES}/reports/{library.opening.bring_git(caller, found)}")


def _hosts(library: Library) -> tuple[str, ...]:
    settings = library.settings
    return settings.open_links.git_hosts or settings.git.hosts


@router.get("/collections", response_class=HTMLResponse)
def show_collections(library: TheLibrary, caller: PageCaller) -> Response:
    """Show which collections are published."""
    shown = []
    for asset in list_collections(library.tree):
        title, summary = read_title(library.tree, asset)
        address = f"{PAGES}/collections/{quote(asset.name)}"
        shown.append({"title": title, "summary": render_markdown(summary), "address": address})
    return render("collections.html", "Collections", caller.name, collections=shown)


@router.get("/collections/{name}", response_class=HTMLResponse)
def show_collection(name: str, library: TheLibrary, caller: PageCaller) -> Response:
    """Show a collection, each of its assets with a link that opens it."""
    collection = find_collection(library.tree, name)
    library.opening.note_collection(caller, collection)
    version = collection.asset.version or ""
    newest = collection.versions[0] if collection.versions else ""
    return render(
        "collection.html", collection.title, caller.name,
        summary=render_markdown(collection.summary), parts=_parts(collection),
        faults=collection.faults, version=version, newer=newest if newest != version else "",
        newest_address=f"{PAGES}/collections/{quote(collection.name)}",
    )  # fmt: skip


def _parts(collection: Collection) -> list[dict[str, object]]:
    return [
        {
            "heading": part.heading, "title": part.title, "summary": part.summary,
            "text": render_markdown(part.text), "is_there": part.is_there,
            "address": part.link.address if part.link else "",
        }
        for part in collection.parts
    ]  # fmt: skip


def _lead_to(address: str) -> Response:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers=HEADERS)
