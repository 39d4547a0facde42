"""An application whose refusals are problem details, without a trace of what is inside."""

from __future__ import annotations

import contextlib
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from twinhub_api.problems import MEDIA_TYPE

from twinhub_kit.bodies import SmallBody
from twinhub_kit.description import complete_description
from twinhub_kit.errors import ServiceError
from twinhub_kit.problems import FAULT, make_problem
from twinhub_kit.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from twinhub_kit.background import Background
    from twinhub_kit.callers import Identity

_log = logging.getLogger(__name__)
_NO_BODY = "Send a JSON object as the body, at least {}, as Content-Type: application/json."


_HEADERS: dict[int, dict[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "5"},
}
_NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)
"""Requests are counted by `metrics`; nothing in the environment may send them anywhere."""


class _Application(FastAPI):
    """FastAPI whose description says how every route refuses."""

    def openapi(self) -> dict[str, Any]:
        """Return the description, which is made once."""
        if self.openapi_schema is None:
            complete_description(super().openapi())  # which keeps it, to be completed
        return super().openapi()


def make_application(
    title: str, *, version: str, identity: Identity, background: Background | None = None
) -> FastAPI:
    """Return an application that knows who calls and answers every refusal as a problem.

    The tasks of ``background`` go on as long as it serves.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with background.running() if background else contextlib.nullcontext():
            yield

    application = _Application(
        title=title, version=version, docs_url=None, redoc_url=None, lifespan=lifespan,
        telemetry=_NO_TELEMETRY,
    )  # fmt: skip
    application.state.identity = identity
    application.state.turns = Turns()
    application.add_exception_handler(ServiceError, _refuse)
    application.add_exception_handler(RequestValidationError, _refuse_form)
    application.add_exception_handler(HTTPException, _refuse_route)
    application.add_exception_handler(Exception, _refuse_fault)
    return application


def serve_routes(application: FastAPI, router: APIRouter) -> None:
    """Add the routes of a router to an application as they are.

    ``include_router`` makes each of them anew for each application at the first request, a tenth
    of a second for a service; it is needed only to give them another prefix or more dependencies.
    A route that reads its body as a whole refuses a large one: it is read before it is known who
    calls.
    """
    for route in router.routes:
        if (
            isinstance(route, APIRoute)
            and route.body_field
            and not isinstance(route.app, SmallBody)
        ):
            route.app = SmallBody(route.app)
    application.router.routes.extend(router.routes)


def problem_response(
    status: int, detail: str, *, code: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an answer that says what is wrong."""
    content = make_problem(status, detail, code=code).model_dump(mode="json")
    return JSONResponse(content, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def refusal(error: ServiceError) -> JSONResponse:
    """Return the answer to what a caller can mend."""
    headers = _HEADERS.get(error.status)
    return problem_response(error.status, str(error), code=error.code, headers=headers)


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)  # noqa: S101 - registered for it
    return refusal(error)


async def _refuse_form(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    detail = _NO_BODY if first["loc"] == ("body",) else f"{place}: {first['msg']}."
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail, code="bad-request")


async def _refuse_route(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    status, headers = error.status_code, error.headers or {}
    code = make_problem(status, "", code="").title.lower().replace(" ", "-")
    return problem_response(status, str(error.detail), code=code, headers=headers)


async def _refuse_fault(request: Request, error: Exception) -> JSONResponse:
    _log.error("fault method=%s path=%s", request.method, request.url.path, exc_info=error)
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, FAULT, code="fault")
