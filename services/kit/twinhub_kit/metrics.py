"""What a service counts, and the log of its requests.

``/metrics`` is for whoever holds a token with JupyterHub's scope ``read:metrics``, as the hub's own
metrics are. Labels are routes as they are written, never paths that somebody asked for.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from twinhub_api.log_lines import log_fields, shorten
from twinhub_api.scopes import READ_METRICS

from twinhub_kit.application import serve_routes
from twinhub_kit.callers import Identity, read_address, read_token
from twinhub_kit.errors import NotAllowedError, NotSignedInError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger("twinhub.requests")

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_LONGEST_NAME = 64
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"})
_QUIET = frozenset({"GET", "HEAD", "OPTIONS"})
READS = "twinhub.reads"
"""Key of a request's scope where one only reads whose method could change something."""

_ROUTINE = frozenset({"/health", "/metrics"})


class Metrics:
    """The numbers of one application."""

    def __init__(self, service: str) -> None:
        """Count for a service; each name begins with ``twinhub_<service>_``."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.prefix = f"twinhub_{service}"
        self.requests = Counter(
            f"{self.prefix}_requests", "Answered requests", ("method", "route", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            f"{self.prefix}_request_seconds", "Time until an answer is complete",
            ("method", "route"), buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        """What counts a kind of answers: looking it up by its labels costs more than counting."""
        self.open = 0
        """Requests under way; of one event loop, so that no lock is needed to count them."""
        Gauge(
            f"{self.prefix}_requests_open", "Requests under way", registry=self.registry
        ).set_function(lambda: self.open)

    def show(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Show a number of a part, which is asked for it each time."""
        shown = Gauge(f"{self.prefix}_{name}", text, registry=self.registry)
        shown.set_function(read)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        key = (method, route, status)
        if (found := self._counted.get(key)) is None:
            found = (
                self.requests.labels(method, route, str(status)), self.seconds.labels(method, route)
            )  # fmt: skip
            self._counted[key] = found
        found[0].inc()
        found[1].observe(seconds)


class Counted:
    """Counts each request, and logs those that change something or are refused.

    Reading is not logged: a workspace does it many times a second, and the numbers tell.
    """

    def __init__(self, application: ASGIApp, metrics: Metrics) -> None:
        """Stand before an application."""
        self._application, self._metrics = application, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        start, status = perf_counter(), HTTPStatus.INTERNAL_SERVER_ERROR.value

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.open += 1
        try:
            await self._application(scope, receive, note)
        finally:
            self._metrics.open -= 1
            seconds = perf_counter() - start
            self._metrics.count(_method(scope), _route(scope), status, seconds)
            if _is_told(scope, status):
                _tell(scope, status, seconds)


def _method(scope: Scope) -> str:
    """Return the method if it is one; a client can send any word."""
    return scope["method"] if scope["method"] in _METHODS else "other"


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "")) or "none"


def _is_told(scope: Scope, status: int) -> bool:
    reads = scope["method"] in _QUIET or READS in scope
    is_read = reads and status < HTTPStatus.BAD_REQUEST
    return not is_read and scope["path"] not in _ROUTINE


def _tell(scope: Scope, status: int, seconds: float) -> None:
    caller = scope.get("state", {}).get("caller")
    parts = {
        "method": shorten(scope["method"])[:_LONGEST_NAME],
        "status": status,
        "user": shorten(caller.name)[:_LONGEST_NAME] if caller else None,
        "address": read_address(scope),
        "milliseconds": round(1000 * seconds, 1),
    }
    level = logging.WARNING if status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
    with log_fields(request=parts):
        _log.log(level, "%s %s %s", status, scope["method"], scope["path"])


router = APIRouter(tags=["health"])


@router.get("/metrics")
async def get_metrics(request: Request) -> PlainTextResponse:
    """Return the numbers, for a token with the scope ``read:metrics``."""
    identity: Identity = request.app.state.identity
    found = await identity.find_scopes(read_token(request.scope), read_address(request.scope))
    if found is None:
        raise NotSignedInError("Send the token for metrics: Authorization: token <token>.")
    if READ_METRICS not in found:
        raise NotAllowedError("This token may not read metrics.")
    metrics: Metrics = request.app.state.metrics
    return PlainTextResponse(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def serve_metrics(application: FastAPI, metrics: Metrics) -> None:
    """Count what an application answers, and add the route to it."""
    application.state.metrics = metrics
    application.add_middleware(Counted, metrics=metrics)
    serve_routes(application, router)
