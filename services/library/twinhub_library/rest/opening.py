"""Open links as pages: what a link would do, and what it did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import FileResponse, HTMLResponse, Response
from twinhub_api.library.opening import OpenedReport
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.operations import anybody
from twinhub_kit.pages import PageCaller, PagePoster, TheGuard  # noqa: TC002 - FastAPI reads it

from twinhub_library.catalogue import list_versions
from twinhub_library.metadata import read_metadata
from twinhub_library.opening import reports
from twinhub_library.opening.copies import report_address
from twinhub_library.opening.faults import NextStep, NoSuchAssetError, OpenLinkError
from twinhub_library.opening.importing import State
from twinhub_library.opening.links import (
    PAGES,
    AssetLink,
    GitQuery,
    with_query,
    workspace_address,
)
from twinhub_library.opening.pages import HEADERS, PageRoute, render
from twinhub_library.rest.needs import TheLibrary  # noqa: TC001 - FastAPI reads it
from twinhub_library.rest.opening_work import lead_to, lead_to_work

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_kit.operations import Progress

    from twinhub_library.library import Library
    from twinhub_library.opening.opening import Prepared

router = APIRouter(prefix=PAGES, route_class=PageRoute, include_in_schema=False)

others = APIRouter(prefix=PAGES, route_class=PageRoute, include_in_schema=False)
"""Addresses that are nothing: served after all others."""

_LONGEST_SHOWN = 100
_STATIC = Path(__file__).parent.parent / "opening" / "static"
_TYPES = {"open.css": "text/css", "favicon.svg": "image/svg+xml"}
ThePath = Annotated[str, Query(alias="path", max_length=4096)]

Beside = Annotated[bool, Query(description="Under another name, beside what has its own.")]


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
        return lead_to(workspace_address(prepared.opens))
    metadata = read_metadata(library.tree, prepared.found.asset)
    return render(
        "asset.html", f"Open {metadata.title}", caller.name, summary=metadata.summary,
        site=library.settings.site_title,
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
        "beside": with_query(prepared.found.link.address, "beside=true"),
    }


@router.post("/common/{kind}/{name}", response_class=HTMLResponse)
def open_asset(
    kind: str, name: str, library: TheLibrary, caller: PagePoster, path: ThePath = "",
    beside: Beside = False,  # noqa: FBT002 - a key of the query
) -> Response:  # fmt: skip
    """Import or update, and lead on to the report; what takes long is waited for on a page."""
    link = AssetLink.parse(kind, name, path)
    if not library.opening.takes_long(caller, link):
        done = library.opening.bring(caller, link, beside=beside)
        return lead_to(report_address(done.opened_id))

    def work(caller: Caller, progress: Progress) -> OpenedReport:
        progress.say(f"Copying {link.name}")
        done = library.opening.bring(caller, link, beside=beside)
        return OpenedReport(report=report_address(done.opened_id))

    operation = library.operations.start(caller, "open-link", f"Open {name}", anybody, work)
    return lead_to_work(operation)


@router.get("/reports/{opened_id}", response_class=HTMLResponse)
def show_report(
    opened_id: str, library: TheLibrary, caller: PageCaller,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:  # fmt: skip
    """Show what became of each file, or of each asset of a collection."""
    opened = library.opening.openings.find(opened_id, caller.name)
    if opened is None:
        raise NotThereError("This report is not there: it is of somebody else, or the link is cut.")
    if opened.action == "copied":
        template, told = "copied.html", reports.describe_copy(opened)
    else:
        template, told = "report.html", reports.describe(opened, after)
    return render(
        template, reports.title_of(opened), caller.name, site=library.settings.site_title, **told
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
        return lead_to(workspace_address(found.path))
    return render(
        "git.html", f"Open {found.target.name}", caller.name, state=standing.state.value,
        site=library.settings.site_title,
        repository=found.repository, branch=found.branch, place=str(found.target),
        workspace=workspace_address(found.path), xsrf=guard.xsrf_token, address=link.address,
    )  # fmt: skip


@router.post("/git", response_class=HTMLResponse)
def open_repository(
    library: TheLibrary, caller: PagePoster, link: Annotated[GitQuery, Query()]
) -> Response:
    """Clone or pull, and lead on to a page that waits for the report."""
    found = link.parse(_hosts(library))
    if library.opening.prepare_git(caller, found) is None:
        raise OpenLinkError("Links to repositories are not opened here: git is not set up.")

    def work(caller: Caller, progress: Progress) -> OpenedReport:
        progress.say(f"Asking {found.repository}")
        return OpenedReport(report=report_address(library.opening.bring_git(caller, found)))

    title = f"Open {found.target.name}"
    return lead_to_work(library.operations.start(caller, "open-link", title, anybody, work))


@others.get("", response_class=HTMLResponse)
@others.get("/{path:path}", response_class=HTMLResponse)
def show_other(caller: PageCaller, path: str = "") -> Response:
    """Say of any other address that it opens nothing, the same whether something is there."""
    del caller
    if not path.strip("/"):
        return lead_to(f"{PAGES}/collections")
    raise NoSuchAssetError(
        f"No link opens {path[:_LONGEST_SHOWN]!r}. Links open what is published for everybody, "
        "such as /open/common/models/tank. If you were given this one, tell whoever gave it to "
        "you: the asset has to be published first.",
        NextStep("See the collections", f"{PAGES}/collections"),
    )


def _hosts(library: Library) -> tuple[str, ...]:
    settings = library.settings
    return settings.open_links.git_hosts or settings.git.hosts
