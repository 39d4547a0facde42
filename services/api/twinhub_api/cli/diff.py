"""``twin diff``: what differs between two twins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twinhub_dtconfig.difference import compare_twins

from twinhub_api.cli.command import FAULTY, GOOD
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.cli.twins import open_sound

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from twinhub_dtconfig.difference import Change, Kind
    from twinhub_dtconfig.nodes import Data

    from twinhub_api.cli.terminal import Colour, Terminal

_SIGNS: dict[Kind, tuple[str, Colour]] = {
    "added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow"),
}  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Print what differs; the exit code is 1 if anything does."""
    before, after = open_sound(arguments.before).twin, open_sound(arguments.after).twin
    changes = compare_twins(before, after)
    if arguments.json:
        print(json.dumps({"changes": [_data(change) for change in changes]}, indent=2))
    else:
        terminal = terminal_of()
        for change in changes:
            print("\n".join(_render(change, terminal)))
    return FAULTY if changes else GOOD


def _render(change: Change, terminal: Terminal) -> Iterator[str]:
    sign, colour = _SIGNS[change.kind]
    values = {"added": change.after, "removed": change.before}
    if change.kind == "changed":
        value = f"{_shown(change.before)} → {_shown(change.after)}"
    else:
        value = _shown(values[change.kind])
    yield f"{terminal.paint(sign, colour, 'bold')} {safe(change.dotted)}: {value}"


def _shown(value: Data) -> str:
    return safe(json.dumps(_lean(value), ensure_ascii=False))


def _lean(value: Data) -> Data:
    """Return a value without the parts of it that are empty."""
    if not isinstance(value, dict):
        return value
    lean = {key: _lean(inner) for key, inner in value.items()}
    return {key: inner for key, inner in lean.items() if inner not in ([], {}, "")}


def _data(change: Change) -> dict[str, Data]:
    return {
        "path": list(change.path),
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
    }
