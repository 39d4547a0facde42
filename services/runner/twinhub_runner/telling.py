"""What runs are told while they go on: a request for the agent in a file, its answer in another."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from twinhub_api.runner.commands import RunCommand
from twinhub_api.runner.runs import Status
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.interpolation import put_in
from twinhub_dtconfig.models.parameters import Quantity
from twinhub_dtconfig.resolving import as_text
from twinhub_dtconfig.scalars import ScalarError, resolve_plain

from twinhub_runner.agents import read_answer
from twinhub_runner.errors import BadSubmissionError, NotRunningError
from twinhub_runner.identifiers import make_run_id
from twinhub_runner.loglines import find_end

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twinhub_api.runner.commands import CommandIn
    from twinhub_api.runner.runs import Value
    from twinhub_dtconfig.interpolation import Name

    from twinhub_runner.places import Place
    from twinhub_runner.store.rows import RunRow

MOST_COMMANDS = 1000
"""That one try of a run is told."""
LISTENING = frozenset({Status.STARTING, Status.RUNNING})
"""Statuses of runs that can be told: an agent that is just being started takes it as it begins."""
_ID = re.compile(r"[0-9a-z]{20}")


def give_command(row: RunRow, place: Place, asked: CommandIn, who: str) -> RunCommand:
    """Have the agent of a run start a command of its twin, in the run's own sandbox.

    Raises:
        NotRunningError: the run does not go on, or was told too much.
        BadSubmissionError: the twin has no such command, or it does not take these arguments.
    """
    if row.status not in LISTENING:
        raise NotRunningError(f"The run {row.id} is {row.status}: only one that runs can be told.")
    folder = place.inside / "control"
    if sum(1 for _ in folder.glob("*.json")) >= MOST_COMMANDS:
        raise NotRunningError(f"The run {row.id} was told {MOST_COMMANDS} things already.")
    plan = _find_plan(row, asked.name)
    if plan.get("not_yet"):
        raise BadSubmissionError(f"{row.twin}: {asked.name}: {plan['not_yet']}")
    values = _check(f"{row.twin}: {asked.name}", plan.get("arguments", {}), asked.arguments)
    request = {
        **plan, "name": asked.name, "command": _words(plan, values),
        "log_start": find_end(place.outside / "log"), "who": who,
        "asked_at": datetime.now(UTC).isoformat(), "given": dict(asked.arguments),
    }  # fmt: skip
    file = folder / f"{make_run_id()}.json"
    new = file.with_suffix(".new")
    new.write_text(json.dumps(request))
    new.rename(file)
    return _read(row, place, file)


def find_command(row: RunRow, place: Place, command: str) -> RunCommand | None:
    """Return what a run was told by its id, and how that has ended."""
    file = place.inside / "control" / f"{command}.json"
    if not _ID.fullmatch(command) or not file.is_file():
        return None
    return _read(row, place, file)


def list_commands(row: RunRow, place: Place) -> tuple[RunCommand, ...]:
    """Return all that the present try of a run was told, the oldest first."""
    files = sorted((place.inside / "control").glob("*.json"))
    return tuple(_read(row, place, file) for file in files)


def _read(row: RunRow, place: Place, file: Path) -> RunCommand:
    request = json.loads(file.read_text())
    status = read_answer(place.outside, file.name)
    return RunCommand(
        id=file.stem, name=request["name"], arguments=request["given"], who=request["who"],
        asked_at=request["asked_at"], log_start=request["log_start"], exit_code=status,
        has_ended=status is not None or row.ended_at is not None,
    )  # fmt: skip


def _find_plan(row: RunRow, name: str) -> Mapping[str, Any]:
    plans: Mapping[str, Mapping[str, Any]] = row.plan.get("commands", {})
    if name not in plans:
        nearest = nearest_key(name, plans)
        hint = f" Did you mean {nearest!r}?" if nearest else ""
        known = f"it has {', '.join(plans)}" if plans else "it has none"
        raise BadSubmissionError(f"{row.twin} has no command {name!r}: {known}.{hint}")
    return plans[name]


def _check(where: str, wanted: Mapping[str, Any], given: Mapping[str, Value]) -> dict[str, str]:
    """Return the text of each argument."""
    for name in given:
        if name not in wanted:
            nearest = nearest_key(name, wanted)
            hint = f"; did you mean {nearest!r}?" if nearest else ""
            raise BadSubmissionError(f"{where}: there is no argument {name!r}{hint}")
    if missing := ", ".join(name for name in wanted if name not in given):
        raise BadSubmissionError(f"{where}: arguments without a value: {missing}")
    return {name: _text(f"{where}: {name}", wanted[name], value) for name, value in given.items()}


def _text(where: str, wanted: Mapping[str, Any], given: Value) -> str:
    quantity = Quantity.model_validate(wanted)
    value: object = given
    if isinstance(given, str) and quantity.kind != "text":
        try:
            value = resolve_plain(given.strip())
        except ScalarError as error:
            raise BadSubmissionError(f"{where}: {error.what}; {error.remedy}") from error
    if (refusal := quantity.refuse(value)) is not None:
        raise BadSubmissionError(f"{where}: {refusal.what}; {refusal.remedy}")
    return as_text(value)  # type: ignore[arg-type]  # not refused


def _words(plan: Mapping[str, Any], values: Mapping[str, str]) -> list[str]:
    """Return a command with the arguments in it; in a request they stay what they are, too."""
    words: list[str] = plan["command"]
    if not plan.get("is_call"):
        return [_put_in(word, values) for word in words]
    method, port, path, body = words
    in_path = {name: quote(value, safe="") for name, value in values.items()}
    in_body = values
    if body.lstrip()[:1] in {"{", "["}:
        in_body = {name: json.dumps(value)[1:-1] for name, value in values.items()}
    return [method, port, _put_in(path, in_path), _put_in(body, in_body)]


def _put_in(text: str, values: Mapping[str, str]) -> str:
    def value_of(name: Name) -> str:
        return values.get(name.name, str(name)) if name.namespace == "arguments" else str(name)

    return put_in(text, value_of)
