"""What a request to ``/lib`` asks, and how one that asks nothing is refused.

Statuses and messages are those of Apollo Server 4 behind NestJS, which DTaaS's library runs on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 100 * 1024
"""Bytes of a body; more are refused, as DTaaS's server does."""

_HEADERS_OF_PROGRAMS = ("x-apollo-operation-name", "apollo-require-preflight")
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
_FORGED = (
    "This operation has been blocked as a potential Cross-Site Request Forgery (CSRF). Please "
    "either specify a 'content-type' header (with a type that is not one of "
    "application/x-www-form-urlencoded, multipart/form-data, text/plain) or provide a non-empty "
    "value for one of the following headers: x-apollo-operation-name, apollo-require-preflight\n"
)
_NO_BODY = "POST body missing, invalid Content-Type, or JSON object has no keys."
_NO_QUERY = "GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension."
_NOT_BY_GET = "GET requests only support query operations, not mutation operations"
_METHODS = "Apollo server only supports GET and POST requests."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks."""

    query: str
    variables: Mapping[str, object] | None = field(default=None)
    operation: str | None = None
    is_get: bool = False


class RefusedRequestError(Exception):
    """A request that asks nothing; holds the status and the whole body of the answer."""

    def __init__(self, status: int, body: Mapping[str, object], allow: str = "") -> None:
        """Hold status and body, and the methods that would be allowed."""
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.allow = allow

    @classmethod
    def bad_request(
        cls, message: str, *, code: str = "BAD_REQUEST", status: int = HTTPStatus.BAD_REQUEST
    ) -> RefusedRequestError:
        """Return a refusal in GraphQL's own shape."""
        return cls(status, {"errors": [{"message": message, "extensions": {"code": code}}]})

    @classmethod
    def bad_method(cls, message: str, *, allow: str) -> RefusedRequestError:
        """Return the refusal of a method, in GraphQL's own shape."""
        refused = cls.bad_request(message, status=HTTPStatus.METHOD_NOT_ALLOWED)
        refused.allow = allow
        return refused


def check_origin(headers: Mapping[str, str]) -> None:
    """Refuse what a page of somebody else's could have sent without being asked.

    Raises:
        RefusedRequestError: neither type nor headers are such that a browser asks first.
    """
    kind = media_type(headers)
    if (kind and kind not in _FORMS) or any(headers.get(name) for name in _HEADERS_OF_PROGRAMS):
        return
    raise RefusedRequestError.bad_request(_FORGED)


def media_type(headers: Mapping[str, str]) -> str:
    """Return the type of a body without its parameters, in small letters; empty if not said."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def read_get(query_string: bytes) -> Asked:
    """Return what a GET asks by ``?query=…&variables=…&operationName=…``.

    Raises:
        RefusedRequestError: it asks nothing.
    """
    fields = parse_qs(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=20)
    values: dict[str, object] = {name: texts[0] for name, texts in fields.items() if texts}
    for name in ("variables", "extensions"):
        if isinstance(text := values.get(name), str):
            try:
                values[name] = json.loads(text) if text else None
            except (ValueError, RecursionError):
                message = f"The {name} search parameter contains invalid JSON."
                raise RefusedRequestError.bad_request(message) from None
    return _asked(values, is_get=True)


def read_post(headers: Mapping[str, str], body: bytes) -> Asked:
    """Return what the body of a POST asks.

    Raises:
        RefusedRequestError: it is no JSON object with a query.
    """
    if media_type(headers) != "application/json":
        raise RefusedRequestError.bad_request(_NO_BODY)
    values = _read_json(body) if body else None
    if isinstance(values, list):
        raise RefusedRequestError.bad_request("Operation batching disabled.")
    if not isinstance(values, dict) or not values:
        raise RefusedRequestError.bad_request(_NO_BODY)
    return _asked(values, is_get=False)


def bad_method() -> RefusedRequestError:
    """Return the refusal of a method that GraphQL has no use for."""
    return RefusedRequestError.bad_method(_METHODS, allow="GET, POST")


def not_by_get() -> RefusedRequestError:
    """Return the refusal of a mutation that a GET asks for."""
    return RefusedRequestError.bad_method(_NOT_BY_GET, allow="POST")


def too_large() -> RefusedRequestError:
    """Return the refusal of a body with more than `MOST_BYTES`."""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return RefusedRequestError(
        status,
        {"message": "request entity too large", "error": "Payload Too Large",
         "statusCode": int(status)},
    )  # fmt: skip


def _read_json(body: bytes) -> object:
    """Return a JSON value; only an object or a list may be at the top, as body-parser has it."""
    try:
        text = body.decode("utf-8", "replace").lstrip()
        if text[:1] not in {"{", "["}:
            shown = text[:10]
            raise _bad_json(f'Unexpected token {shown[:1]!r}, "{shown}" is not valid JSON')
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _bad_json(_in_words(error)) from error
    except (ValueError, RecursionError) as error:
        raise _bad_json("The JSON is nested too deep, or a number in it is too long") from error


def _in_words(error: json.JSONDecodeError) -> str:
    """Say what is wrong with JSON in the words of V8, which clients may look for."""
    if error.pos >= len(error.doc):
        return "Unexpected end of JSON input"
    place = f"in JSON at position {error.pos} (line {error.lineno} column {error.colno})"
    if "property name" in error.msg:
        return f"Expected property name or '}}' {place}"
    return f"Unexpected token {error.doc[error.pos]!r} {place}"


def _bad_json(message: str) -> RefusedRequestError:
    status = HTTPStatus.BAD_REQUEST
    body = {"message": message, "error": status.phrase, "statusCode": int(status)}
    return RefusedRequestError(status, body)


def _asked(values: Mapping[str, object], *, is_get: bool) -> Asked:
    query, variables = values.get("query"), values.get("variables")
    operation, extensions = values.get("operationName"), values.get("extensions")
    for name, value in (("variables", variables), ("extensions", extensions)):
        if not (value is None or isinstance(value, dict)):
            message = f"`{name}` in a POST body must be an object if provided."
            raise RefusedRequestError.bad_request(message)
    if isinstance(extensions, dict) and "persistedQuery" in extensions and not query:
        raise RefusedRequestError.bad_request(
            "PersistedQueryNotSupported", code="PERSISTED_QUERY_NOT_SUPPORTED", status=HTTPStatus.OK
        )
    if not isinstance(query, str) or not query:
        raise RefusedRequestError.bad_request(_NO_QUERY)
    if not (operation is None or isinstance(operation, str)):
        raise RefusedRequestError.bad_request(
            "`operationName` in a POST body must be a string if provided."
        )
    return Asked(
        query, variables if isinstance(variables, dict) else None, operation or None, is_get
    )
