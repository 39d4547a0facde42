"""The interface itself: what DTaaS's runner answers, code by code and body by body."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from twinhub_runner.solo.running import Asked, Commands

MOST_BYTES = 100 * 1024
"""Of a body, as Express's body-parser has it."""
_INVALID = {
    "message": "Validation Failed", "error": "Bad Request", "statusCode": HTTPStatus.BAD_REQUEST,
}  # fmt: skip
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NOTHING = {"name": "none", "status": "invalid", "logs": {"stdout": "", "stderr": ""}}


class _BadBodyError(Exception):
    """A body that asks nothing; holds the answer."""

    def __init__(self, body: Mapping[str, object]) -> None:
        super().__init__(str(body))
        self.body = body


def make_application(commands: Commands, token: str | None) -> Starlette:
    """Return the application; without a token it answers every program, and no page of others.

    A page could send a form, or have its own name lead to this machine (DNS rebinding): so a
    request has to be for a name of loopback, and not from another page.
    """
    ways = _Ways(commands, token)
    return Starlette(
        routes=[
            Route("/", ways.run, methods=["POST"]),
            Route("/", ways.show, methods=["GET"]),
            Route("/history", ways.list_history, methods=["GET"]),
        ],
        exception_handlers={HTTPException: ways.refuse},
    )


class _Ways:
    def __init__(self, commands: Commands, token: str | None) -> None:
        self._commands, self._token = commands, token

    async def run(self, request: Request) -> Response:
        """Run a command, and answer when it has ended."""
        self._check(request)
        try:
            name = _name_in(request.headers.get("content-type", ""), await _body_of(request))
        except _BadBodyError as error:
            return _json(error.body, HTTPStatus.BAD_REQUEST)
        asked = await self._commands.run(name)
        if asked.status == "succeeded":
            return _json({"status": "success", "run": asked.as_run()})
        return _json({"status": "invalid command", "run": asked.as_run()}, HTTPStatus.BAD_REQUEST)

    async def show(self, request: Request) -> Response:
        """Answer how the command is or has ended that was asked for last."""
        self._check(request)
        if not self._commands.history:
            return _json(_NOTHING | {"run": None})
        asked = self._commands.history[-1]
        out, err = await run_in_threadpool(self._commands.output_of, asked)
        is_good = asked.status == "succeeded"
        logs = {"stdout": out if is_good else "", "stderr": err if is_good else ""}
        truth = asked.as_run() | {"stdout": out, "stderr": err}
        status = "valid" if is_good else "invalid"
        return _json({"name": asked.name, "status": status, "logs": logs, "run": truth})

    async def list_history(self, request: Request) -> Response:
        """Answer all that was asked for, in that order."""
        self._check(request)
        return _json([_in_history(one) for one in self._commands.history])

    async def refuse(self, request: Request, error: Exception) -> Response:
        """Answer what has no route, or may not be asked."""
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        if error.status_code == HTTPStatus.UNAUTHORIZED:
            body = {"message": "Unauthorized", "statusCode": int(HTTPStatus.UNAUTHORIZED)}
            return _json(body, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
        if error.status_code == HTTPStatus.FORBIDDEN:
            body = {"message": "Forbidden", "statusCode": int(HTTPStatus.FORBIDDEN)}
            return _json(body, HTTPStatus.FORBIDDEN)
        return _json(
            {
                "message": f"Cannot {request.method} {request.url.path}", "error": "Not Found",
                "statusCode": int(HTTPStatus.NOT_FOUND),
            },
            HTTPStatus.NOT_FOUND,
        )  # fmt: skip

    def _check(self, request: Request) -> None:
        if self._token is None:
            _check_is_no_page_of_others(request)
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        is_right = hmac.compare_digest(given.strip().encode(), self._token.encode())
        if scheme.lower() not in {"bearer", "token"} or not is_right:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)


def _check_is_no_page_of_others(request: Request) -> None:
    """Refuse what a page of another site has sent.

    Raises:
        HTTPException: with 403.
    """
    host, origin = request.headers.get("host", ""), request.headers.get("origin")
    try:
        is_ours = urlsplit(f"//{host}").hostname in _LOOPBACK
        is_ours &= origin is None or urlsplit(origin).netloc == host
    except ValueError:  # no address at all
        is_ours = False
    if not is_ours:
        raise HTTPException(HTTPStatus.FORBIDDEN)


def _in_history(asked: Asked) -> dict[str, object]:
    return {"name": asked.name, "run": asked.as_run()}


async def _body_of(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise _BadBodyError(
                {"message": "request entity too large", "error": "Bad Request", "statusCode": 413}
            )
    return body


def _name_in(content_type: str, body: bytes) -> str:
    """Return the name of a command in a body."""
    kind = content_type.partition(";")[0].strip().lower()
    values: object = {}
    if kind == "application/x-www-form-urlencoded":
        try:
            fields = parse_qs(body.decode("latin-1"), keep_blank_values=True, max_num_fields=20)
        except ValueError as error:
            raise _BadBodyError(
                {"message": "too many parameters", "error": "Bad Request", "statusCode": 413}
            ) from error
        values = {name: texts[0] for name, texts in fields.items()}
    elif kind == "application/json" and body:
        values = _read_json(body)
    name = values.get("name") if isinstance(values, dict) else None
    if not isinstance(name, str):
        raise _BadBodyError(_INVALID)
    return name


def _read_json(body: bytes) -> object:
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        message = _in_words(error)
    except (ValueError, RecursionError):
        message = "The JSON cannot be read"
    raise _BadBodyError(
        {"message": message, "error": "Bad Request", "statusCode": HTTPStatus.BAD_REQUEST}
    )


def _in_words(error: json.JSONDecodeError) -> str:
    """Say what is wrong with JSON in the words of V8, which clients may look for."""
    if error.pos >= len(error.doc):
        return "Unexpected end of JSON input"
    if "property name" in error.msg:
        return f"Expected property name or '}}' in JSON at position {error.pos}"
    return f"Unexpected token {error.doc[error.pos]} in JSON at position {error.pos}"


def _json(
    body: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(
        text.encode("utf-8", "backslashreplace"), status, dict(headers or {}),
        "application/json; charset=utf-8",
    )  # fmt: skip
