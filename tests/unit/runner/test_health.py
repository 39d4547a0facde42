"""Whether what a run serves goes on answering, as its agent has found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.runner.steps import Stepping, asking, stepping

if TYPE_CHECKING:
    from pathlib import Path

TWIN = """\
format: 1
name: tank
ports:
  api: {port: 8080, health: /health}
  store: {port: 8086, health: up}
  raw: {port: 1883, protocol: tcp, health: /x}
  other: 9000
phases:
  create: echo
  execute:
    processes:
      store: {command: serve, ready: {http: store/ready}, restart: on-failure}
      main: simulate
"""


def tell(there: Stepping, run: str, text: str) -> None:
    """Have the agent of a run say something of its health, and the runner see it."""
    place = there.runner.places.of(there.row(run)).outside
    (place / "health.json").write_text(text)
    there.steps()


def test_ports_with_a_path_are_asked_in_phases_that_run_a_twin(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        plan = there.row(there.submit()).plan["health"]
        asked = {name: (one["http"], one["process"]) for name, one in plan.items()}
        assert asked == {
            "api": ("http://localhost:8080/health", None),
            "store": ("http://localhost:8086/up", "store"),
        }
        assert there.row(there.submit(phases=["create"])).plan["health"] == {}


def test_the_ports_of_a_twin_are_recorded_with_its_run(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there, asking(there.runner) as client:
        origin = client.get(f"/api/runs/{there.submit()}/provenance").json()
        ports = origin["configuration"]["ports"]
        assert {name: one["port"] for name, one in ports.items()} == {
            "api": 8080, "store": 8086, "raw": 1883, "other": 9000,
        }  # fmt: skip
        assert ports["raw"]["protocol"] == "tcp"


def test_a_run_is_unhealthy_while_something_does_not_answer(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        run = there.submit()
        there.steps()
        assert there.row(run).is_healthy is None
        tell(there, run, json.dumps({"ill": ["store"], "failed": {}}))
        assert (there.row(run).is_healthy, there.row(run).reason) == (
            False, "No answer from store.",
        )  # fmt: skip
        tell(there, run, json.dumps({"ill": [], "failed": {}}))
        assert (there.row(run).is_healthy, there.row(run).reason) == (True, "")
        assert there.whats(run)[-2:] == ["unhealthy", "healthy"]


def test_what_has_failed_that_a_run_goes_on_without_is_shown(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        run = there.submit()
        there.steps()
        tell(there, run, json.dumps({"ill": [], "failed": {"store": 7, "\x1b[2J": 1}}))
        assert (there.row(run).is_healthy, there.row(run).reason) == (
            True, "The process store has ended with status 7; the run goes on without it.",
        )  # fmt: skip
        assert there.whats(run)[-1] == "process-failed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"ill": 3}',
        '{"ill": [], "failed": {"main": "x"}}',
        '{"ill": ["\\u001b[2J", {}], "failed": {}}',
        "[" * 9999,
    ],
)
def test_what_a_twin_writes_in_place_of_its_agent_is_shown_to_nobody(
    tmp_path: Path, text: str
) -> None:
    with stepping(tmp_path, TWIN) as there:
        run = there.submit()
        there.steps()
        tell(there, run, text)
        assert there.row(run).reason == ""


@pytest.mark.parametrize(
    ("said", "main"),
    [
        ("[0.5, 1048576, 2]", (0.5, 1048576, 2)), ("[NaN, 1, 1]", None), ("[1e999, 1, 1]", None),
        ("[1, -1, 1]", None), ("[1, 1]", None), ('["x", 1, 1]', None), ("[0, 1" + "0" * 5000, None),
    ],
)  # fmt: skip
def test_what_a_run_uses_is_told_where_it_can_be(
    tmp_path: Path, said: str, main: tuple[float, int, int] | None
) -> None:
    with stepping(tmp_path, TWIN) as there, asking(there.runner) as client:
        run = there.submit()
        there.steps()
        place = there.runner.places.of(there.row(run)).outside
        (place / "load.json").write_text(f'{{"processes": {{"x": [1, 1, 1], "main": {said}}}}}')
        found = client.get(f"/api/runs/{run}/load").json()["processes"]
        names = ("cpus", "memory_bytes", "count")
        assert [tuple(one[name] for name in names) for one in found] == ([main] if main else [])
