"""The endpoint ``/lib`` itself: an ASGI application without a layer that it does not need."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from graphql import GraphQLError, VariableDefinitionNode, execute_sync
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from twinhub_kit.callers import get_caller

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
    read_get,
    read_post,
    too_large,
)
from twinhub_library.graphql.schema import core_schema, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import ExecutionResult
    from starlette.types import Receive, Scope, Send

    from twinhub_library.graphql.plans import Plan
    from twinhub_library.library import Library

_log = logging.getLogger(__name__)

_INTERNAL = "INTERNAL_SERVER_ERROR"
_NO_NULL = "Cannot return null for non-nullable field"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_TYPE = "application/json; charset=utf-8"


class GraphQLEndpoint:
    """Answers GraphQL for those whom the application knows."""

    def __init__(self, library: Library) -> None:
        """Answer from a library."""
        self._library = library
        self._schema = core_schema()
        self._queries = Queries(self._schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        caller = await get_caller(request)
        try:
            asked = await _read(request)
            reader = Reader(self._library, caller)
            status, body = await run_in_threadpool(self.answer, asked, reader)
            response = Response(body, status, _HEADERS, _TYPE)
        except RefusedRequestError as refused:
            response = _refusal(refused)
        await response(scope, receive, send)

    def answer(self, asked: Asked, reader: Reader, *, plans: bool = True) -> tuple[int, bytes]:
        """Return status and body; ``plans`` says whether simple queries take the short way."""
        query = self._queries.find(asked.query)
        if plans and query is not None and query.plan is not None:
            path = query.plan.path_of(asked.variables, asked.operation)
            if path is not None and (text := _follow(query.plan, path, reader)) is not None:
                return HTTPStatus.OK, text.encode()
        try:
            return self._execute(asked, reader)
        except RefusedQueryError as refused:
            errors = [_as_error(one, refused.code) for one in refused.errors]
            return HTTPStatus.BAD_REQUEST, _dump({"errors": errors})

    def _execute(self, asked: Asked, reader: Reader) -> tuple[int, bytes]:
        query = self._queries.load(asked.query)
        query.check_operation(asked.operation)
        if asked.is_get and query.is_mutation(asked.operation):
            message = "GET requests only support query operations, not mutation operations"
            raise RefusedQueryError("BAD_REQUEST", [GraphQLError(message)])
        result = execute_sync(
            self._schema, query.document, context_value=reader,
            variable_values=dict(asked.variables or {}), operation_name=asked.operation,
        )  # fmt: skip
        return HTTPStatus.OK, _dump(_as_apollo(result))


async def _read(request: Request) -> Asked:
    headers = request.headers
    if request.method not in {"GET", "HEAD", "POST"}:
        raise bad_method()
    check_origin(headers)
    if request.method != "POST":
        return read_get(request.scope["query_string"])
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise too_large()
    return read_post(headers, body)


def _refusal(refused: RefusedRequestError) -> Response:
    headers = dict(_HEADERS)
    if refused.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "GET, POST"
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
    if cause is not None and not isinstance(cause, GraphQLError | ListingError | ReadingError):
        if not message.startswith(_NO_NULL):
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
