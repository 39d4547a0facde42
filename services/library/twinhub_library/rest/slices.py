"""Pages of lists that are at hand: so many after the one that a cursor names."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Query

from twinhub_library.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_T = TypeVar("_T")

Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
After = Annotated[str | None, Query(max_length=4000, description="`next` of the page before.")]


def slice_page(
    rows: Sequence[_T], limit: int, after: str | None, key: Callable[[_T], str]
) -> tuple[Sequence[_T], str | None]:
    """Return the rows of a page, and the cursor of the next one.

    Raises:
        BadRequestError: the cursor is none, or what it names is gone.
    """
    start = 0
    if after:
        wanted = _decode(after)
        start = next((at for at, row in enumerate(rows, 1) if key(row) == wanted), -1)
        if start < 0:
            raise BadRequestError("`after` names nothing any more: begin at the first page.")
    page = rows[start : start + limit]
    has_more = start + limit < len(rows)
    return page, _encode(key(page[-1])) if has_more and page else None


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (ValueError, binascii.Error) as error:
        raise BadRequestError("`after` is no cursor: use `next` of the page before.") from error
