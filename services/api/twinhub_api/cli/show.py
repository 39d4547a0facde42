"""``twin show``: a twin with all that is left out written out, or as it would run."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from twinhub_dtconfig.difference import written_out
from twinhub_dtconfig.documents import dump_document
from twinhub_dtconfig.lines import HIDDEN
from twinhub_dtconfig.resolving import ChoiceError, read_value, resolve

from twinhub_api.cli.command import GOOD, CommandError
from twinhub_api.cli.terminal import safe
from twinhub_api.cli.twins import open_sound

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Data
    from twinhub_dtconfig.resolving import Resolved

    Value = bool | int | float | str


def run(arguments: argparse.Namespace) -> int:
    """Print a twin as YAML or JSON; notes on it go to standard error."""
    chosen = arguments.values or arguments.scenario
    if chosen and not arguments.resolved:
        raise CommandError("--set and --scenario choose values; add --resolved")
    twin = open_sound(arguments.path).twin
    if not arguments.resolved:
        _print(written_out(twin), as_json=arguments.json)
        return GOOD
    resolved = _resolve(twin, arguments.values, arguments.scenario)
    if arguments.json:
        _print(_data(resolved), as_json=True)
        return GOOD
    _print(dict(resolved.data), as_json=False)
    sys.stdout.flush()
    for note in _notes(resolved):
        print(f"# {safe(note)}", file=sys.stderr)
    return GOOD


def _resolve(twin: Twin, given: Sequence[str], scenario: str | None) -> Resolved:
    values: dict[str, Value] = {}
    try:
        for text in given:
            name, equals, value = text.partition("=")
            if not equals:
                raise CommandError(f"--set {safe(text)}: write a parameter and a value, as in p=1")
            values[name] = read_value(twin, name, value)
        return resolve(twin, scenario=scenario, values=values)
    except ChoiceError as error:
        raise CommandError(safe(str(error))) from error


def _notes(resolved: Resolved) -> Iterator[str]:
    if resolved.missing:
        yield f"a run must say: {', '.join(resolved.missing)}"
    if resolved.open_names:
        yield f"only a run knows: {', '.join(resolved.open_names)}"
    if resolved.unsupported:
        yield f"phases that it does not have: {', '.join(resolved.unsupported)}"
    if resolved.not_yet_run:
        yield f"read, and not yet run: {', '.join(resolved.not_yet_run)}"


def _data(resolved: Resolved) -> dict[str, Data]:
    return {
        "twin": dict(resolved.data),
        "parameters": dict(resolved.parameters),
        "missing": list(resolved.missing),
        "open": list(resolved.open_names),
        "unsupported": list(resolved.unsupported),
        "not_yet_run": list(resolved.not_yet_run),
    }


def _print(data: dict[str, Data], *, as_json: bool) -> None:
    if as_json:
        text = json.dumps(data, indent=2, ensure_ascii=False)
        print(HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text))
    else:
        print(dump_document({key: value for key, value in data.items() if value != {}}), end="")
