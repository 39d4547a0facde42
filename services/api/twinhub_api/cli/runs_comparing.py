"""``twin compare``: what differs between two runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from twinhub_api.cli.command import FAULTY, GOOD
from twinhub_api.cli.runs_asking import Runs
from twinhub_api.cli.runs_printing import tell
from twinhub_api.cli.terminal import safe, terminal_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from twinhub_api.cli.terminal import Colour
    from twinhub_api.client.runner import RunnerClient

_SIGNS: dict[str, tuple[str, Colour]] = {
    "added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that two runs do not have in common."""

    name: str
    kind: Literal["added", "removed", "changed"]
    before: object
    after: object


def run(options: argparse.Namespace) -> int:
    """Print what differs; 1 if anything does."""
    with Runs.here(options) as runs:
        before, after = (
            _facts(runs.client, runs.find(text).id) for text in (options.before, options.after)
        )
    found = list(compare(before, after))
    if options.json:
        rows = [
            {"name": one.name, "kind": one.kind, "before": one.before, "after": one.after}
            for one in found
        ]
        print(json.dumps({"differences": rows}, indent=2))
    else:
        terminal = terminal_of()
        for one in found:
            sign, colour = _SIGNS[one.kind]
            shown = [_shown(value) for value in (one.before, one.after) if value is not None]
            print(f"{terminal.paint(sign, colour, 'bold')} {safe(one.name)}: {' → '.join(shown)}")
        if not found:
            tell("nothing differs")
    return FAULTY if found else GOOD


def compare(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Difference]:
    """Yield what two runs do not have in common, in the order of its names in the first one."""
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            yield Difference(name, "removed", before[name], None)
        elif name not in before:
            yield Difference(name, "added", None, after[name])
        elif before[name] != after[name]:
            yield Difference(name, "changed", before[name], after[name])


def _facts(client: RunnerClient, run_id: str) -> dict[str, object]:
    """Return what a run was and has made, by names."""
    origin = client.get_provenance(run_id)
    run = origin.run
    facts: dict[str, object] = {
        "twin": run.twin, "phase": run.phase, "status": run.status.value,
        "exit_code": run.exit_code, "image": origin.image,
        "environment": origin.environment,
    }  # fmt: skip
    facts |= {f"parameters.{name}": value for name, value in run.parameters.items()}
    facts |= _flat("configuration", {
        name: origin.configuration.get(name) for name in ("time_limit", "processes")
    })  # fmt: skip
    if origin.twin is not None:
        facts["files of the twin"] = origin.twin.digest
    facts |= {f"inputs.{one.path}": one.digest for one in origin.inputs}
    facts |= {f"results.{one.path}": one.sha256 for one in client.list_artefacts(run_id).items}
    series = client.metrics(run_id, most=2).series
    return facts | {f"numbers.{one.name}": one.last for one in series}


def _flat(name: str, value: object) -> dict[str, object]:
    """Return the values in mappings in one another by dotted names."""
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, object] = {}
    for key, inner in value.items():
        found |= _flat(f"{name}.{key}", inner)
    return found


def _shown(value: object) -> str:
    return safe(json.dumps(value, ensure_ascii=False))
