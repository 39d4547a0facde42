"""The audit trail: one line of JSON for each sign-in, start, and change of who may do what.

A line is on the disk before the hub answers what it tells of. Only the hub's process writes.
Refused sign-ins, which any stranger can cause, and uses of tokens, of which each look at a
repository is one, have files of their own: they push nothing else out.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from heapq import merge
from itertools import pairwise
from typing import TYPE_CHECKING

from twinhub_api.log_lines import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MOST_BYTES = 5 * 2**20
"""Size at which a file gets the next number."""

FILES = 10
"""How many are kept, of refused sign-ins and of uses of tokens as well as of the rest."""

_LONGEST_VALUE = 200
_REFUSED, _GIT = "refused", "git"


def record(path: Path, event: str, **fields: object) -> None:
    """Add a line, 1 KB at most, 0600; what it holds is shortened and escaped, never left out.

    Raises:
        OSError: it cannot be written; then what it tells of must not happen either.
    """
    if path.exists() and path.stat().st_size > MOST_BYTES:
        _turn(path)
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    line = {"time": now, "event": event} | {key: _short(value) for key, value in fields.items()}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, json.dumps(line).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def record_refused(path: Path, **fields: object) -> None:
    """Add the line of a refused sign-in to its own file beside the trail, as `record` does."""
    record(_beside(path, _REFUSED), "sign-in refused", **fields)


def record_git_token(path: Path, **fields: object) -> None:
    """Add the line of a token that was handed out for git to its own file, as `record` does."""
    record(_beside(path, _GIT), "git token used", **fields)


def read(path: Path) -> Iterator[Mapping[str, object]]:
    """Yield the events of all files, the oldest first; half a line of a full disk is left out."""
    files = (path, _beside(path, _REFUSED), _beside(path, _GIT))
    yield from merge(*map(_read, files), key=lambda event: str(event.get("time")))


def _beside(path: Path, name: str) -> Path:
    return path.with_name(f"{path.stem}-{name}{path.suffix}")


def _read(path: Path) -> Iterator[Mapping[str, object]]:
    for file in (*reversed(_older(path)), path):
        if not file.exists():
            continue
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if isinstance(event, dict):
                    yield event


def _turn(path: Path) -> None:
    files = [path, *_older(path)]
    for younger, older in reversed(list(pairwise(files))):
        if younger.exists():
            younger.replace(older)


def _older(path: Path) -> list[Path]:
    return [path.with_name(f"{path.name}.{number}") for number in range(1, FILES)]


def _short(value: object) -> object:
    if isinstance(value, bool | int | float) or value is None:
        return value
    text = shorten(str(value))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
