"""`twinhub audit`: who signed in, whose workspace started, who was given or published what."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from heapq import merge
from typing import TYPE_CHECKING

from twinhub_hub import audit, library_audit
from twinhub_hub.installation import Installation, default_home

if TYPE_CHECKING:
    from collections.abc import Mapping


_DIGITS = len("2026-11-24T09:30:00.000000")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `twinhub`."""
    parser = subparsers.add_parser(
        "audit",
        help="show sign-ins, starts, changes of rights, and the events of library and runner",
        description="Show sign-ins, starts, changes of rights, and what was done in the library:"
        " who published, granted, synced, opened a link; and who ran what. The oldest comes first;"
        " times are UTC.",
        epilog="example: twinhub audit --by admin --since 2026-11-24T09:30",
    )
    parser.add_argument("--user", metavar="NAME", help="about one user only")
    parser.add_argument("--by", metavar="NAME", help="done by one user or service only")
    parser.add_argument(
        "--since",
        type=_moment,
        metavar="TIME",
        help="from then on, such as 2026-11-24T09:30",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what was asked for, the oldest first."""
    installation = Installation(default_home())
    trails = (
        audit.read(installation.audit_file),
        library_audit.read(installation.library_log),
        library_audit.read(installation.runner_log, "runner"),
    )
    for event in merge(*trails, key=_order):
        if arguments.user and event.get("user") != arguments.user:
            continue
        if arguments.by and event.get("by") != arguments.by:
            continue
        if arguments.since and _moment(str(event.get("time"))) < arguments.since:
            continue
        print(json.dumps(event) if arguments.json else _sentence(event))
    return 0


def _order(event: Mapping[str, object]) -> str:
    """Return a time as text in its order: services of an earlier TwinHub wrote fewer digits."""
    return str(event.get("time")).removesuffix("Z").ljust(_DIGITS, "0")


def _sentence(event: Mapping[str, object]) -> str:
    rest = [f"{key}={value}" for key, value in event.items() if key not in {"time", "event"}]
    return " ".join([str(event.get("time")), str(event.get("event")), *rest])


def _moment(text: str) -> datetime:
    """Return a time; one without a zone is UTC, as those of the trail are."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: write it as 2026-11-24 or 2026-11-24T09:30"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
