"""Who opened which link: for whoever published what it opens, and for instructors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response
from twinhub_api.library.opening import OpenedBy, OpenedByPage, OpenedLink, OpenedLinkPage
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.pages import PageCaller  # noqa: TC002 - FastAPI reads it

from twinhub_library.collecting.collections import find_collection
from twinhub_library.errors import LibraryError
from twinhub_library.opening.links import PAGES
from twinhub_library.opening.pages import PageRoute, render
from twinhub_library.rest.needs import KnownCaller, TheLibrary  # noqa: TC001 - FastAPI reads it

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

    from twinhub_library.library import Library

router = APIRouter(tags=["open links"])
pages = APIRouter(prefix=PAGES, route_class=PageRoute, include_in_schema=False)

Limit = Annotated[int, Query(ge=1, le=1000, description="How many at the most.")]
After = Annotated[str, Query(max_length=1024, description="`next` of the page before.")]
_ON_A_PAGE = 500
_COLLECTIONS = "collections/"


@router.get("/api/open-links")
def list_opened_links(
    library: TheLibrary, caller: KnownCaller, limit: Limit = 100, after: After = ""
) -> OpenedLinkPage:
    """Return which links were opened: instructors see all, others those of what they published."""
    openings = library.opening.openings
    items: list[OpenedLink] = []
    while len(items) <= limit:
        found = openings.list_links(limit=limit + 1, after=after)
        items += [
            OpenedLink(subject=one.subject, people=one.people, times=one.times, last_at=one.last_at)
            for one in found
            if _may_see(library, caller, one.subject)
        ]
        if len(found) <= limit:
            break
        after = found[-1].subject
    more = items[limit - 1].subject if len(items) > limit else None
    return OpenedLinkPage(items=tuple(items[:limit]), next=more)


@router.get("/api/open-links/{subject:path}")
def list_opened_by(
    subject: str, library: TheLibrary, caller: KnownCaller, limit: Limit = 100, after: After = ""
) -> OpenedByPage:
    """Return who opened a link, such as that of `common/models/tank`, and when."""
    if not _may_see(library, caller, subject):
        raise NotThereError(f"You have not published {subject}.")
    people = library.opening.openings.list_people(subject, limit=limit + 1, after=after)
    count = library.opening.openings.count(subject)
    items = [
        OpenedBy(user=one.user, first_at=one.first_at, last_at=one.last_at, times=one.times)
        for one in people[:limit]
    ]
    return OpenedByPage(
        subject=subject, link=_link(subject), people=count.people if count else 0,
        times=count.times if count else 0, items=tuple(items),
        next=items[-1].user if len(people) > limit else None,
    )  # fmt: skip


@pages.get("/opened", response_class=HTMLResponse)
def show_opened_links(library: TheLibrary, caller: PageCaller, after: After = "") -> Response:
    """Show which links of the visitor's were opened, each leading to who opened it."""
    page = list_opened_links(library, caller, limit=_ON_A_PAGE, after=after)
    more = f"{PAGES}/opened?after={quote(page.next)}" if page.next else ""
    links = [
        {
            "subject": one.subject, "people": one.people, "times": one.times,
            "last_at": one.last_at, "address": f"{PAGES}/opened/{quote(one.subject)}",
        }
        for one in page.items
    ]  # fmt: skip
    return render(
        "links.html", "Links that were opened", caller.name, site=library.settings.site_title,
        links=links, next=more,
    )  # fmt: skip


@pages.get("/opened/{subject:path}", response_class=HTMLResponse)
def show_opened(
    subject: str, library: TheLibrary, caller: PageCaller, after: After = ""
) -> Response:
    """Show who opened a link."""
    page = list_opened_by(subject, library, caller, limit=_ON_A_PAGE, after=after)
    more = f"{PAGES}/opened/{quote(subject)}?after={quote(page.next)}" if page.next else ""
    return render(
        "opened.html", f"Who opened {subject.rpartition('/')[2]}", caller.name, subject=subject,
        site=library.settings.site_title,
        link=f"{library.settings.public_url}{page.link}", people=page.items,
        count=page if page.times else None, next=more,
    )  # fmt: skip


def _may_see(library: Library, caller: Caller, subject: str) -> bool:
    return caller.is_instructor or library.opening.publications.is_publisher(
        caller, _published(library, subject)
    )


def _published(library: Library, subject: str) -> str:
    """Return the asset that a subject is: of a collection, the one that holds its file."""
    if not subject.startswith(_COLLECTIONS):
        return subject
    try:
        asset = find_collection(library.tree, subject.removeprefix(_COLLECTIONS)).asset
    except LibraryError:
        return subject
    return f"common/{asset.kind}/{asset.name}"


def _link(subject: str) -> str:
    return f"{PAGES}/{quote(subject)}"
