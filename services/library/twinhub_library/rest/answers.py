"""Answers with an etag of what they say: who has it already is told so and sent nothing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fastapi import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request
    from pydantic import BaseModel

_NOT_MODIFIED = 304


def answer_with_etag(request: Request, model: BaseModel) -> Response:
    """Return a model as JSON; 304 where ``If-None-Match`` names what it says."""
    return answer_bytes(request, model.model_dump_json().encode(), "application/json")


def etag_of_model(model: BaseModel) -> str:
    """Return the etag with which `answer_with_etag` answers a model, without quotes."""
    return _hash(model.model_dump_json().encode())


def answer_bytes(
    request: Request, content: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return content with its etag; 304 where ``If-None-Match`` names it."""
    etag = f'"{_hash(content)}"'
    every = {"ETag": etag, "Cache-Control": "private, no-cache", **(headers or {})}
    if _names(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=_NOT_MODIFIED, headers=every)
    return Response(content, headers=every, media_type=media_type)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _names(field: str, etag: str) -> bool:
    """Tell whether an ``If-None-Match`` (RFC 9110, 13.1.2) names an etag."""
    given = {one.strip().removeprefix("W/") for one in field.split(",")}
    return etag in given or field.strip() == "*"
