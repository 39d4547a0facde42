"""What ``twin.yaml`` says of the heated tank is what its scripts and its scenario do."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.interpolation import put_in
from twinhub_dtconfig.loading import load_twin

from tests.integration.twin.conftest import SOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_dtconfig.models.twin import Twin as Description

    from tests.integration.twin.conftest import Twin

FOLDER = SOURCE / "digital_twins" / "heated-tank"


@pytest.fixture(scope="module")
def description() -> Description:
    loaded = load_twin(FOLDER / "twin.yaml")
    assert loaded.warnings == ()
    return loaded.twin


def execute_words(description: Description, scenario: str | None) -> list[str]:
    """The program and arguments of ``execute`` with a scenario's values put in."""
    chosen = description.scenarios[scenario].parameters if scenario else {}
    values = {name: one.default for name, one in description.parameters.items()} | chosen
    command = description.phases["execute"].command
    assert isinstance(command, tuple)
    return [put_in(word, lambda name: str(values[name.name])) for word in command]


def execute(twin: Twin, words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=twin.folder, env=dict(twin.environment),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def record(twin: Twin) -> dict[str, object]:
    found: dict[str, object] = json.loads(twin.result.with_suffix(".json").read_text())
    return {key: found[key] for key in ("parameters", "scheme", "step_s")}


def test_every_phase_is_a_script_of_the_lifecycle_folder(description: Description) -> None:
    programs = {
        name: (phase.command if isinstance(phase.command, str) else (phase.command or [""])[0])
        for name, phase in description.phases.items()
    }
    scripts = {path.name for path in (FOLDER / "lifecycle").iterdir()}
    assert programs == {name: f"./lifecycle/{name}" for name in scripts}


def test_the_defaults_give_what_the_script_alone_gives(
    twin: Twin, description: Description
) -> None:
    twin.must("create", "execute")
    by_hand, bytes_by_hand = record(twin), twin.result.read_bytes()

    assert execute(twin, execute_words(description, None)).returncode == 0
    assert record(twin) == by_hand
    assert twin.result.read_bytes() == bytes_by_hand


def test_a_scenario_reaches_the_models_and_is_recorded(
    twin: Twin, description: Description
) -> None:
    twin.must("create")
    assert execute(twin, execute_words(description, "small-heater")).returncode == 0
    parameters = record(twin)["parameters"]
    assert isinstance(parameters, dict)
    assert parameters["controller"]["P_max"] == 8000
    twin.must("analyse")


def test_the_other_scheme_reaches_the_master(twin: Twin, description: Description) -> None:
    twin.must("create")
    assert execute(twin, execute_words(description, "delayed")).returncode == 0
    assert record(twin)["scheme"] == "jacobi"


def test_the_signals_are_columns_of_the_result(twin: Twin, description: Description) -> None:
    twin.must("create", "execute")
    columns = twin.result.read_text("utf-8").partition("\n")[0].split(",")
    assert {signal.source.column for signal in description.signals.values()} <= set(columns)


def test_what_it_uses_is_there(description: Description, common: Path) -> None:
    used = [use.asset or "" for use in description.uses.values()]
    assert [name for name in used if not (common.parent / name).exists()] == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("boiler.P=1", "'boiler.P' is set, and there is no FMU 'boiler'"),
        ("controller.P_max=much", "'much' is no number"),
        ("controller.P_max", "must have the form FMU.PARAMETER=VALUE"),
        ("controller.P_mx=1", "P_mx"),
        ("P_max=1", "must have the form FMU.variable"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(twin: Twin, setting: str, said: str) -> None:
    twin.must("create")
    done = execute(twin, ["./lifecycle/execute", "--set", setting])
    assert done.returncode == 2
    assert said in done.stderr
    assert not twin.result.exists()
