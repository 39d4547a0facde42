"""What people did in library and runner, read from the logs in which `twinhub_kit.audit` writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MARK = '"audit"'
_AUTHOR, _TO = "author", "to"
_OF_A_USER = "user:"
_FORGOTTEN = "person-forgotten"


def read(log: Path, service: str = "library") -> Iterator[Mapping[str, object]]:
    """Yield the events of a log and of its older files, the oldest first, as the hub's have them.

    ``by`` did it, and ``user`` is whom it is about: who was given a grant or had made what was
    decided about, or whose run it is, else whoever did it. ``subject`` is the thing; ``in`` names
    the service.
    """
    found = [event for file in _files(log) for event in _read(file, service)]
    yield from sorted(found, key=lambda event: str(event["time"]))


def _files(log: Path) -> list[Path]:
    """Return a log's files, the oldest first; the supervisor gives older ones a number."""
    older = [file for file in log.parent.glob(f"{log.name}.*") if file.suffix[1:].isdecimal()]
    return [*sorted(older, key=lambda file: -int(file.suffix[1:])), log]


def _read(file: Path, service: str) -> Iterator[Mapping[str, object]]:
    try:
        lines = file.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:  # there was no library yet, or the file has just got a number
        return
    with lines:
        for line in lines:
            if _MARK in line and (event := _event(line, service)) is not None:
                yield event


def _event(line: str, service: str) -> Mapping[str, object] | None:
    """Return the event of a line; None for lines that are none, whatever they quote."""
    try:
        logged = json.loads(line)
    except ValueError:
        return None
    audit = logged.get("audit") if isinstance(logged, dict) else None
    if not isinstance(audit, dict) or not isinstance(logged.get("time"), str):
        return None
    event = {
        "time": logged["time"], "event": audit.get("action"), "user": _about(audit),
        "by": audit.get("user"), "in": service,
    }  # fmt: skip
    return event | {key: value for key, value in audit.items() if key not in {"action", *event}}


def _about(audit: Mapping[str, object]) -> object:
    to = str(audit.get(_TO, ""))
    if to.startswith(_OF_A_USER):
        return to.removeprefix(_OF_A_USER)
    if audit.get("action") == _FORGOTTEN:
        return audit.get("subject")
    return audit.get(_AUTHOR) or audit.get("user")
