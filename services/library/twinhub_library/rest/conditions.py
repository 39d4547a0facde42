"""Conditions and ranges of HTTP (RFC 9110, sections 13 and 14), decided from headers alone."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import ChangedError
from twinhub_kit.numbers import read_number

from twinhub_library.errors import BadRequestError, LibraryError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_RANGES = 16
"""Parts of one answer; who asks for more gets the whole."""


class RangeError(LibraryError):
    """A range that begins after the end."""

    code = "bad-range"
    status = 416


def quoted(etag: str) -> str:
    """Return an etag as headers have it."""
    return f'"{etag}"'


def read_etags(header: str) -> list[str]:
    """Return the etags of a header without their quotes; ``*`` is itself.

    Raises:
        BadRequestError: they are no etags.
    """
    etags = []
    for part in header.split(","):
        text = part.strip().removeprefix("W/")
        if text != "*" and not (len(text) > 1 and text[0] == text[-1] == '"'):
            raise BadRequestError(f"{part.strip()!r} is no etag: send it with its quotes.")
        etags.append(text.strip('"'))
    return etags


def is_unchanged(headers: Mapping[str, str], etag: str, changed_at: datetime) -> bool:
    """Return whether a reader has what is there (If-None-Match, else If-Modified-Since)."""
    if (known := headers.get("if-none-match")) is not None:
        etags = read_etags(known)
        return etag in etags or "*" in etags
    since = _read_date(headers.get("if-modified-since", ""))
    return since is not None and changed_at.replace(microsecond=0) <= since


def check_if_match(headers: Mapping[str, str], etag: str) -> None:
    """Raise where a reader wants another state than is there (If-Match).

    Raises:
        ChangedError: it is another.
    """
    wanted = headers.get("if-match")
    if wanted is not None and not {"*", etag} & set(read_etags(wanted)):
        raise ChangedError("It was changed meanwhile: load it anew.")


def find_ranges(
    headers: Mapping[str, str], size: int, *, etag: str, changed_at: datetime
) -> list[tuple[int, int]] | None:
    """Return the ranges that are asked for, from and to before which; None for the whole.

    Raises:
        RangeError: none of them is in the file.
    """
    header = headers.get("range")
    if header is None or not _is_of_this(headers.get("if-range"), etag, changed_at):
        return None
    unit, _, text = header.partition("=")
    parts = text.split(",")
    if unit.strip().lower() != "bytes" or len(parts) > MOST_RANGES:
        return None
    ranges = [_range(part.strip(), size) for part in parts]
    if None in ranges:
        return None  # it is no range at all: RFC 9110, 14.2 lets it be ignored
    found = sorted(one for one in ranges if one is not None and one[0] < one[1])
    if not found:
        raise RangeError(f"The file has {size:,} bytes: ask for a range in it.")
    if any(later[0] < earlier[1] for earlier, later in pairwise(found)):
        return None
    return found


def _is_of_this(header: str | None, etag: str, changed_at: datetime) -> bool:
    if header is None:
        return True
    if header.startswith(('"', "W/")):
        return header == quoted(etag)
    return _read_date(header) == changed_at.replace(microsecond=0)


def _range(text: str, size: int) -> tuple[int, int] | None:
    before, dash, after = text.partition("-")
    first, last = read_number(before), read_number(after)
    if not dash or (before and first is None) or (after and last is None):
        return None
    if first is None:
        return None if last is None else (max(0, size - last), size)
    if last is not None and last < first:
        return None
    return first, size if last is None else min(size, last + 1)


def _read_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def http_date(moment: datetime) -> str:
    """Return a moment as headers have it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
