"""Pages of the library: rendered from templates, without script, under a strict policy."""

from __future__ import annotations

import functools
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse
from twinhub_kit.errors import ServiceError
from twinhub_kit.pages import find_page_caller

from twinhub_library.opening.faults import (
    HostNotAllowedError,
    OpenLinkError,
    OwnWorkError,
    WithdrawnError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.requests import Request
    from starlette.responses import Response

    from twinhub_library.library import Library

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_TITLES = {
    HTTPStatus.FORBIDDEN: "Not allowed",
    HTTPStatus.NOT_FOUND: "Page not found",
    HTTPStatus.UNAUTHORIZED: "Sign in once more",
    HTTPStatus.INSUFFICIENT_STORAGE: "There is no room",
    HTTPStatus.SERVICE_UNAVAILABLE: "Try again in a moment",
}
_TITLES_OF_CODES = {
    one.code: one.title for one in (WithdrawnError, OwnWorkError, HostNotAllowedError)
}


@functools.cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("twinhub_library.opening"), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def render(
    template: str,
    title: str,
    person: str = "",
    *,
    site: str,
    status: int = 200,
    **values: Any,  # noqa: ANN401 - whatever the template shows
) -> HTMLResponse:
    """Return a page of a site by its title; values are escaped where the template says nothing."""
    text = _templates().get_template(template).render(
        title=title, person=person, site=site, status=status,
        library_version=version("twinhub-library"), **values
    )  # fmt: skip
    return HTMLResponse(text, status, headers=HEADERS)


class PageRoute(APIRoute):
    """A route whose refusals are pages in plain words."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        """Return the handler with refusals as pages."""
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            try:
                return await handle(request)
            except ServiceError as error:
                return _show(error, request)
            except RequestValidationError:
                cut = OpenLinkError("The address is not whole: copy the link once more.")
                return _show(cut, request)
            except HTTPException as error:
                return render(
                    "fault.html", "This did not work", site=_site(request),
                    status=error.status_code, text=str(error.detail), steps=(),
                )  # fmt: skip

        return handle_page


def title_of(code: str, status: int) -> str:
    """Return the title of a page that tells a refusal, by its code or else its status."""
    return _TITLES_OF_CODES.get(code) or _TITLES.get(HTTPStatus(status), "This did not work")


def _show(error: ServiceError, request: Request) -> HTMLResponse:
    caller = find_page_caller(request)
    title = title_of(error.code, error.status)
    steps: tuple[object, ...] = ()
    if isinstance(error, OpenLinkError):
        title, steps = error.title, error.steps
    person = caller.name if caller else ""
    return render(
        "fault.html", title, person, site=_site(request), status=error.status, text=str(error),
        steps=steps,
    )  # fmt: skip


def _site(request: Request) -> str:
    library: Library = request.app.state.library
    return library.settings.site_title
