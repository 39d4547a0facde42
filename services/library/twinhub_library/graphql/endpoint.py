"""The endpoint ``/lib`` itself: an ASGI application without a layer that it does not need."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from graphql import GraphQLError, VariableDefinitionNode, execute_sync
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route
from twinhub_kit.application import refusal
from twinhub_kit.callers import identify
from twinhub_kit.errors import ServiceError
from twinhub_kit.metrics import READS

from twinhub_library.graphql.documents import Queries, RefusedQueryError
from twinhub_library.graphql.reading import (
    ListingError,
    Reader,
    ReadingError,
    as_name,
    as_text,
)
from twinhub_library.graphql.requests import (
    MOST_BYTES,
    Asked,
    RefusedRequestError,
    bad_method,
    check_origin,
    not_by_get,
    read_get,
    read_post,
    too_large,
)
from twinhub_library.graphql.schema import core_schema, name_of
from twinhub_library.nearness import NotAtOnceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from graphql import ExecutionResult
    from starlette.types import ASGIApp, Receive, Scope, Send
    from twinhub_kit.callers import Caller
    from twinhub_kit.turns import Turns

    from twinhub_library.graphql.plans import Plan
    from twinhub_library.library import Library

_log = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "HEAD", "POST"})
_INTERNAL = "INTERNAL_SERVER_ERROR"
_NO_NULL = "Cannot return null for non-nullable field"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_TYPE = "application/json; charset=utf-8"
_RAW_HEADERS = [
    (name.lower().encode(), value.encode())
    for name, value in (_HEADERS | {"Content-Type": _TYPE}).items()
]


class GraphQLEndpoint:
    """Answers GraphQL for those whom the application knows."""

    def __init__(self, library: Library) -> None:
        """Answer from a library."""
        self._library = library
        self._schema = core_schema()
        self._queries = Queries(self._schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            caller = await identify(scope)
            asked = await _read(scope, receive)
            turns: Turns = scope["app"].state.turns
            status, body = await self._answer(asked, caller, turns)
        except RefusedRequestError as refused:
            await _refusal(refused)(scope, receive, send)
        except ServiceError as error:
            await refusal(error)(scope, receive, send)
        else:
            length = (b"content-length", b"%d" % len(body))
            headers = [*_RAW_HEADERS, length]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _answer(self, asked: Asked, caller: Caller, turns: Turns) -> tuple[int, bytes]:
        if self._library.is_near:
            with suppress(NotAtOnceError):
                body = self.answer_simple(asked, Reader(self._library, caller, at_once=True))
                if body is not None:
                    return HTTPStatus.OK, body
        async with turns.take(caller):
            return await run_in_threadpool(self.answer, asked, Reader(self._library, caller))

    def answer(self, asked: Asked, reader: Reader) -> tuple[int, bytes]:
        """Return status and body."""
        if (body := self.answer_simple(asked, reader)) is not None:
            return HTTPStatus.OK, body
        try:
            return HTTPStatus.OK, self.execute(asked, reader)
        except RefusedQueryError as refused:
            errors = [_as_error(one, refused.code) for one in refused.errors]
            return HTTPStatus.BAD_REQUEST, _dump({"errors": errors})

    def answer_simple(self, asked: Asked, reader: Reader) -> bytes | None:
        """Return the body for a query that was seen before and has a plan; else None.

        Raises:
            NotAtOnceError: the reader is to read only what takes no time, and this does.
        """
        query = self._queries.find(asked.query)
        if query is None or query.plan is None:
            return None
        path = query.plan.path_of(asked.variables, asked.operation)
        text = None if path is None else _follow(query.plan, path, reader)
        return None if text is None else text.encode()

    def execute(self, asked: Asked, reader: Reader) -> bytes:
        """Return the body for any query.

        Raises:
            RefusedQueryError: it is not executed.
            RefusedRequestError: it is not what the method is for.
        """
        query = self._queries.load(asked.query)
        query.check_operation(asked.operation)
        if asked.is_get and query.is_mutation(asked.operation):
            raise not_by_get()
        result = execute_sync(
            self._schema, query.document, context_value=reader,
            variable_values=dict(asked.variables or {}), operation_name=asked.operation,
        )  # fmt: skip
        return _dump(_as_apollo(result))


class Front:
    """Answers ``/lib`` before what only other routes need; passes everything else on."""

    def __init__(self, application: ASGIApp, route: Route) -> None:
        """Stand before an application, for one route of it."""
        self._application, self._route = application, route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "http" and scope["path"] == self._route.path:
            scope["route"] = self._route  # as the router does, for whoever counts
            scope[READS] = True
            await self._route.app(scope, receive, send)
        else:
            await self._application(scope, receive, send)


def serve_graphql(application: FastAPI, library: Library) -> None:
    """Add the route ``/lib`` to an application; to be called before middleware is added."""
    route = Route("/lib", GraphQLEndpoint(library), include_in_schema=False)
    application.router.routes.append(route)
    application.add_middleware(Front, route=route)


async def _read(scope: Scope, receive: Receive) -> Asked:
    method, headers = scope["method"], _headers_of(scope)
    if method not in _METHODS:
        raise bad_method()
    check_origin(headers)
    if method != "POST":
        return read_get(scope["query_string"])
    return read_post(headers, await _read_body(receive))


def _headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers by their names, in the small letters of ASGI; the first counts."""
    pairs = reversed(scope["headers"])
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}


async def _read_body(receive: Receive) -> bytes:
    """Return a body of a size that is allowed."""
    body, is_whole = b"", False
    while not is_whole:
        message = await receive()
        if message["type"] != "http.request":
            raise RefusedRequestError.bad_request("The request has not come to its end.")
        body += message.get("body", b"")
        is_whole = not message.get("more_body", False)
        if len(body) > MOST_BYTES:
            raise too_large()
    return body


def _refusal(refused: RefusedRequestError) -> Response:
    headers = _HEADERS | ({"Allow": refused.allow} if refused.allow else {})
    return Response(_dump(refused.body), refused.status, headers, _TYPE)


def _follow(plan: Plan, path: str, reader: Reader) -> str | None:
    """Return the answer by a plan; None where there is something to refuse."""
    try:
        if plan.asks == "readFile":
            text = as_text(reader.read_file(path))
            answer = plan.render({}, {"name": name_of(path), "text": text})
        else:
            names: dict[str, list[str]] = {"blobs": [], "trees": []}
            for name, is_folder in reader.list_folder(path):
                names["trees" if is_folder else "blobs"].append(as_name(name))
            answer = plan.render(names, {})
    except (ListingError, ReadingError):
        return None
    return answer


def _as_apollo(result: ExecutionResult) -> dict[str, object]:
    """Return a result with its parts in Apollo's order."""
    if not result.errors:
        return {"data": result.data}
    return {"errors": [_as_error(one, _code_of(one)) for one in result.errors], "data": result.data}


def _code_of(error: GraphQLError) -> str:
    nodes = error.nodes or ()
    is_of_variable = len(nodes) == 1 and isinstance(nodes[0], VariableDefinitionNode)
    return "BAD_USER_INPUT" if is_of_variable else _INTERNAL


def _as_error(error: GraphQLError, code: str) -> dict[str, object]:
    """Return an error as Apollo writes it, with nothing of what is inside."""
    message = error.message
    cause = error.original_error
    is_ours = cause is None or isinstance(cause, GraphQLError)
    if not is_ours and not message.startswith(_NO_NULL):
        _log.error("fault in GraphQL", exc_info=cause)
        message = "A fault in TwinHub: its log says more."
    shown: dict[str, object] = {"message": message}
    if error.locations:
        shown["locations"] = [
            {"line": place.line, "column": place.column} for place in error.locations
        ]
    if error.path:
        shown["path"] = list(error.path)
    extensions: Mapping[str, object] = error.extensions or {}
    return shown | {"extensions": {"code": code, **extensions}}


def _dump(body: Mapping[str, object]) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"
