"""What a click on a link's page begins and takes longer than a page should: a page that waits."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response
from twinhub_api.library.opening import OpenedReport
from twinhub_api.operations import Operation, OperationStatus
from twinhub_kit.pages import PageCaller  # noqa: TC002 - FastAPI reads it

from twinhub_library.opening.links import PAGES
from twinhub_library.opening.pages import HEADERS, PageRoute, render, title_of
from twinhub_library.rest.needs import TheLibrary  # noqa: TC001 - FastAPI reads it

if TYPE_CHECKING:
    from twinhub_api.problems import Problem

    from twinhub_library.library import Library

router = APIRouter(prefix=PAGES, route_class=PageRoute, include_in_schema=False)

_SHORT = timedelta(seconds=30)
_BROKEN_OFF = (
    "It was broken off before it was done. What is there is whole: open the link once more."
)


@router.get("/work/{operation_id}", response_class=HTMLResponse)
def show_work(operation_id: str, library: TheLibrary, caller: PageCaller) -> Response:
    """Show how far it is, again every few seconds; lead on to the report when it is done."""
    operation = library.operations.get(caller, operation_id)
    if operation.status is OperationStatus.DONE and operation.result:
        return lead_to(OpenedReport.model_validate({"report": operation.result["report"]}).report)
    if operation.status.has_ended:
        return _tell_failure(library, operation.problem, caller.name)
    return render(
        "work.html", operation.title, caller.name, site=library.settings.site_title,
        text=operation.text, done=operation.done, total=operation.total,
        address=f"{PAGES}/work/{operation.id}",
        seconds=_seconds(library.opening.clock() - operation.created_at),
    )  # fmt: skip


def _seconds(waited: timedelta) -> int:
    """Return after how many seconds the page looks again: the longer it takes, the more seldom."""
    return 2 if waited < _SHORT else 10


def _tell_failure(library: Library, problem: Problem | None, person: str) -> Response:
    site = library.settings.site_title
    if problem is None:
        return render(
            "fault.html", "This was not finished", person, site=site, status=HTTPStatus.CONFLICT,
            text=_BROKEN_OFF, steps=(),
        )  # fmt: skip
    return render(
        "fault.html", title_of(problem.code, problem.status), person, site=site,
        status=problem.status, text=problem.detail, steps=(),
    )  # fmt: skip


def lead_to_work(operation: Operation) -> Response:
    """Return the answer that leads to the page which waits for an operation."""
    return lead_to(f"{PAGES}/work/{operation.id}")


def lead_to(address: str) -> Response:
    """Return the answer that leads on to an address of this site."""
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers=HEADERS)
