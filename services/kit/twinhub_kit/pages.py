"""Who looks at a service's pages, and whether a form was sent from one of them.

A page's route takes who looks at it; a browser that has not signed in is led to the hub and back::

    @router.get("/open/{path:path}")
    def show(path: str, caller: PageCaller, guard: TheGuard) -> HTMLResponse:
        return page(template, xsrf=guard.xsrf_token)      # <input type="hidden" name="_xsrf" …>

    @router.post("/open/{path:path}")
    def act(path: str, caller: PagePoster) -> Response:    # 403 without the form's _xsrf
        ...

The scopes of the caller are those of the browser's token. ``serve_pages(application, sign_in)``
prepares an application; without ``sign_in`` (stand-alone, tests) the caller is whom the identity
knows by the ``Authorization`` header.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import Response  # noqa: TC002 - FastAPI reads it

from twinhub_kit.application import serve_routes
from twinhub_kit.callers import Caller, Identity, read_address, read_token, with_look
from twinhub_kit.errors import NotAllowedError, NotSignedInError
from twinhub_kit.turns import take_turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from twinhub_kit.sign_in import SignIn

_FORM = "application/x-www-form-urlencoded"
_LONGEST_FORM = 64 * 1024


class SignInNeededError(Exception):
    """A browser that nobody has signed in with; it is led to the hub."""


@dataclass(frozen=True)
class Guard:
    """What the forms of a page need."""

    xsrf_token: str
    """Value of each form's hidden field ``_xsrf``, or of the header ``X-XSRFToken``."""


def serve_pages(
    application: FastAPI, sign_in: SignIn | None, *, route_class: type[APIRoute] = APIRoute
) -> None:
    """Prepare an application for pages; with ``sign_in`` it gets the route of the callback.

    ``route_class`` is that of the pages, so that a sign-in that fails is a page as well.
    """
    application.state.sign_in = sign_in
    if sign_in is None:
        return
    known = sign_in

    async def begin(request: Request, _: Exception) -> Response:
        return known.begin(request)

    application.add_exception_handler(SignInNeededError, begin)
    router = APIRouter(include_in_schema=False, route_class=route_class)
    router.add_api_route("/oauth_callback", end_sign_in)
    serve_routes(application, router)


async def end_sign_in(request: Request) -> Response:
    """Take a browser back that the hub has signed in."""
    sign_in: SignIn = request.app.state.sign_in
    return await sign_in.end(request)


async def get_page_caller(request: Request) -> Caller:
    """Return who looks at a page.

    Raises:
        SignInNeededError: nobody has signed in; the browser is led to the hub.
        NotSignedInError: a form came without a session, or there is no sign-in here.
        UnavailableError: the hub does not answer.
    """
    identity: Identity = request.app.state.identity
    sign_in: SignIn | None = request.app.state.sign_in
    token = read_token(request.scope) or (sign_in.read_token(request) if sign_in else "")
    caller = await identity.find_caller(token, read_address(request.scope))
    if caller is not None:
        request.state.page_caller = caller
        return with_look(caller, identity, token)
    if sign_in is None or request.method not in {"GET", "HEAD"}:
        raise NotSignedInError("Your session has ended: open the page once more.")
    raise SignInNeededError


async def get_page_poster(request: Request) -> Caller:
    """Return who has sent a form of a page, if it is one of ours and of this session.

    Raises:
        NotAllowedError: it came from another page.
    """
    caller = await get_page_caller(request)
    sign_in: SignIn | None = request.app.state.sign_in
    if read_token(request.scope) or sign_in is None:
        return caller  # no browser sends that by itself
    if _is_from_elsewhere(request) or not hmac.compare_digest(
        (await _sent_token(request)).encode(), sign_in.xsrf_token(request).encode()
    ):
        raise NotAllowedError("This form is not of this page: open the page once more.")
    return caller


def find_page_caller(request: Request) -> Caller | None:
    """Return who looks at a page whose route has been refused; None if that is not known."""
    found: Caller | None = getattr(request.state, "page_caller", None)
    return found


def get_guard(request: Request) -> Guard:
    """Return what the forms of this browser's session send along."""
    sign_in: SignIn | None = request.app.state.sign_in
    return Guard(sign_in.xsrf_token(request) if sign_in else "")


def _is_from_elsewhere(request: Request) -> bool:
    """Return whether the browser says that another origin's page has sent this.

    See https://www.w3.org/TR/fetch-metadata/; browsers that do not know it send an Origin.
    """
    site = request.headers.get("sec-fetch-site", "")
    if site not in {"", "same-origin", "none"}:
        return True
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    return origin is not None and (origin == "null" or urlsplit(origin).netloc != host)


async def _sent_token(request: Request) -> str:
    if header := request.headers.get("x-xsrftoken"):
        return header
    is_form = request.headers.get("content-type", "").partition(";")[0].strip() == _FORM
    length = request.headers.get("content-length", "")
    if not is_form or not length.isdecimal() or int(length) > _LONGEST_FORM:
        return ""
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    return form.get("_xsrf", [""])[-1]


async def _take_turn(
    request: Request, caller: Annotated[Caller, Depends(get_page_caller)]
) -> AsyncIterator[Caller]:
    async with take_turn(request, caller) as has_waited:
        yield await get_page_caller(request) if has_waited else caller


async def _take_poster_turn(
    request: Request, caller: Annotated[Caller, Depends(get_page_poster)]
) -> AsyncIterator[Caller]:
    async with take_turn(request, caller) as has_waited:
        yield await get_page_caller(request) if has_waited else caller


PageCaller = Annotated[Caller, Depends(_take_turn, scope="function")]
"""Type of a page's parameter that is who looks at it."""
PagePoster = Annotated[Caller, Depends(_take_poster_turn, scope="function")]
"""Type of a parameter that is who has sent a form."""
TheGuard = Annotated[Guard, Depends(get_guard)]
"""Type of a parameter that is what forms of the page send along."""
