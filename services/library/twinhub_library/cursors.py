"""Cursors: where a page of a list ended, as text that callers hand back and do not read."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from twinhub_library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_CHARACTERS = 8_000


class BadCursorError(LibraryError):
    """Text that no page has given."""

    code = "bad-cursor"
    status = 400


def make_cursor(place: Sequence[str]) -> str:
    """Return a cursor for a place in a list, as words."""
    text = json.dumps(list(place), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, words: int | None = None) -> tuple[str, ...]:
    """Return the place that a cursor stands for; empty for no cursor.

    Raises:
        BadCursorError: no page has given it; ``words`` is how many words its places have.
    """
    if not cursor:
        return ()
    try:
        padded = cursor[:_MOST_CHARACTERS] + "=" * (-len(cursor) % 4)
        place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _bad() from error
    is_place = isinstance(place, list) and all(isinstance(word, str) for word in place)
    if not is_place or (words is not None and len(place) != words):
        raise _bad()
    return tuple(place)


def _bad() -> BadCursorError:
    return BadCursorError("after: this is no cursor: give back the `next` of the page before.")
