"""The heated tank from create to clean, against a solution that shares nothing with it."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import nbformat
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.integration.twin.conftest import SOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.integration.twin.conftest import Twin

    Vector = NDArray[np.float64]

TOLERANCE_K = 1e-6
DEFINED = SOURCE / "digital_twins" / "heated-tank"
PHASES = ("analyse", "clean", "create", "execute", "terminate")


def load(file: Path) -> dict[str, Vector]:
    with file.open(encoding="utf-8") as opened:
        rows = list(csv.reader(opened))
    table = np.array([[float(value) for value in row] for row in rows[1:]])
    return dict(zip(rows[0], table.T, strict=True))


def solve_by_scipy(scenario: dict[str, Any], profile: dict[str, Vector]) -> Vector:
    """Return the water temperature at every sample: Runge-Kutta of order 8, from event to event."""
    tank, pi = (scenario["fmus"][name]["parameters"] for name in ("tank", "controller"))
    times = np.arange(0, scenario["stop_time_s"] + pi["T_sample"], pi["T_sample"])
    x, integral, water = np.full(3, tank["T_start"]), 0.0, [tank["T_start"]]
    for begin, end in pairwise(times):
        row = np.flatnonzero(profile["time_s"] <= begin)[-1]
        now = {name: column[row] for name, column in profile.items()}
        error = now["set_point_K"] - x[2]
        wanted = pi["K_p"] * error + integral
        power = np.clip(wanted, pi["P_min"], pi["P_max"])
        integral += pi["T_sample"] * (pi["K_p"] * error / pi["T_i"] + (power - wanted) / pi["T_t"])

        def derive(
            _time: float, x: Vector, power: float = power, now: dict[str, float] = now
        ) -> list[float]:
            into = tank["G_heater"] * (x[1] - x[0])
            inflow = now["flow_kg_per_s"] * tank["c"] * (now["inlet_temperature_K"] - x[0])
            loss = tank["G_loss"] * (x[0] - now["ambient_temperature_K"])
            return [
                (inflow + into - loss) / (tank["m"] * tank["c"]),
                (power - into) / tank["C_heater"],
                (x[0] - x[2]) / tank["tau_sensor"],
            ]

        x = solve_ivp(derive, (begin, end), x, "DOP853", rtol=1e-12, atol=1e-11).y[:, -1]
        water.append(x[0])
    return np.array(water)


# the result


def test_the_result_is_that_of_an_independent_solution(twin: Twin, common: Path) -> None:
    twin.must("create", "execute")

    scenario = json.loads((twin.folder / "scenario.json").read_text())
    profile = load(common / "data" / "draw-off-profile" / "profile.csv")
    result = load(twin.result)
    exact = solve_by_scipy(scenario, profile)
    assert len(exact) == len(result["time"]) == 1441
    assert np.max(np.abs(result["tank.T_water"] - exact)) < TOLERANCE_K


def test_the_analysis_states_the_error_and_closes_the_energy_balance(twin: Twin) -> None:
    said = twin.must("create", "execute", "analyse")
    analysis = json.loads((twin.folder / "output" / "analysis.json").read_text())

    assert analysis["largest_error_K"] < TOLERANCE_K
    assert "within 1e-06 K" in said
    energy = analysis["energy_kWh"]
    used = energy["carried_off"] + energy["lost"] + energy["stored"]
    assert used == pytest.approx(energy["electric"], rel=1e-5)


def test_the_loop_settles_at_every_set_point_without_much_overshoot(twin: Twin) -> None:
    twin.must("create", "execute", "analyse")
    stages = json.loads((twin.folder / "output" / "analysis.json").read_text())["stages"]

    assert [stage["set_point_K"] - 273.15 for stage in stages] == pytest.approx([45, 55, 50])
    assert all(stage["rise_time_s"] < 900 for stage in stages)
    assert all(stage["overshoot_K"] < 1.5 for stage in stages)
    assert load(twin.result)["tank.T_water"][-1] == pytest.approx(323.15, abs=0.05)


def test_what_the_readme_says_about_the_error_is_what_is_measured(twin: Twin, common: Path) -> None:
    script = common / "functions" / "heating-analysis" / "convergence.py"
    measured = subprocess.run(
        [sys.executable, script, twin.folder / "scenario.json"],
        env=dict(twin.environment),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[1:]
    errors = [float(line.split()[2]) for line in measured]
    orders = [float(line.split()[3]) for line in measured[5:]]

    readme = (twin.folder / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith(("| Gauss", "| Jacobi"))]
    stated = [float(value) for row in rows for value in re.findall(r"([\d.e-]+) K ", row)]
    assert stated == pytest.approx(errors, rel=0.1)
    assert orders == pytest.approx([1.0] * 3, abs=0.02)


def test_two_runs_give_the_same_bytes(twin: Twin) -> None:
    twin.must("create", "execute")
    first = twin.result.read_bytes()
    twin.must("execute")

    assert twin.result.read_bytes() == first


def test_the_record_names_what_the_result_was_made_from(twin: Twin, common: Path) -> None:
    twin.must("create", "execute")
    record = json.loads(twin.result.with_suffix(".json").read_text())

    files = [record["inputs"], *record["fmus"].values()]
    assert {item["file"] for item in files} == {
        str(common / "data/draw-off-profile/profile.csv"),
        str(common / "models/heated-tank/heated-tank.fmu"),
        str(common / "models/pi-controller/pi-controller.fmu"),
    }
    assert all(re.fullmatch(r"[0-9a-f]{64}", item["sha256"]) for item in files)


def test_the_input_profile_comes_out_of_its_script_bit_for_bit() -> None:
    folder = SOURCE / "data" / "draw-off-profile"
    made = subprocess.run(
        [sys.executable, folder / "make_profile.py"], capture_output=True, check=True
    ).stdout

    assert made == (folder / "profile.csv").read_bytes()
    assert len(made) < 200_000


# the phases


def test_the_phases_are_the_executables_of_the_lifecycle_folder() -> None:
    files = sorted((DEFINED / "lifecycle").iterdir())

    assert [file.name for file in files] == sorted(PHASES)
    assert all(file.stat().st_mode & 0o111 == 0o111 for file in files)


def test_clean_leaves_what_the_copy_had(twin: Twin) -> None:
    before = sorted(twin.folder.rglob("*"))
    twin.must("create", "execute", "analyse", "clean")

    assert sorted(twin.folder.rglob("*")) == before


@pytest.mark.parametrize("phase", ["terminate", "clean"])
def test_there_may_be_nothing_to_end(twin: Twin, phase: str) -> None:
    assert "no run is in progress" in twin.must(phase)


def test_execute_before_create_names_the_next_step(twin: Twin) -> None:
    assert twin.run("execute") == (
        1,
        "",
        "execute: there is no folder output: run ./lifecycle/create first\n",
    )


def test_analyse_before_execute_names_the_next_step(twin: Twin) -> None:
    twin.must("create")
    code, _, errors = twin.run("analyse")

    assert code == 2
    assert errors == "output/result.csv is missing: run ./lifecycle/execute first\n"


def test_create_where_nothing_can_be_written_says_to_copy_the_twin(twin: Twin) -> None:
    (twin.folder / "output").touch()
    code, _, errors = twin.run("create")

    assert code == 1
    assert f"copy the twin with 'cp -r {twin.folder} /workspace/digital_twins/'" in errors


def test_create_without_common_assets_names_what_is_missing(twin: Twin, tmp_path: Path) -> None:
    twin = type(twin)(twin.folder, {**twin.environment, "TWINHUB_COMMON": str(tmp_path)})
    code, _, errors = twin.run("create")

    assert code == 1
    assert f"{tmp_path}/tools/fixed-step-master/cosimulate.py is missing" in errors


# faults in what a user may change

FAULTS = {
    "an unknown key": ({"stepp_s": 5}, 2, "unknown key 'stepp_s', did you mean 'step_s'?"),
    "a step that does not divide": ({"step_s": 7}, 2, "7 s does not divide"),
    "a step of no time": ({"step_s": 0}, 2, "must be above zero"),
    "an unknown scheme": ({"scheme": "euler"}, 2, "'euler'"),
    "a word for a number": ({"step_s": "five"}, 2, "'step_s' is 'five'"),
    "an unknown output": ({"outputs": ["tank.T_watr"]}, 2, "did you mean tank.T_water?"),
    "two units": (
        {"connections": {"tank.T_sensor": ["tank.P"]}},
        2,
        "tank.T_sensor is in K, but tank.P is in W",
    ),
    "two sources": (
        {"connections": {"controller.P": ["tank.P"], "controller.P_integral": ["tank.P"]}},
        2,
        "tank.P has 2 sources",
    ),
    "a target that is an output": (
        {"connections": {"controller.P": ["tank.T_water"]}},
        2,
        "tank.T_water is of causality output, here it must be input",
    ),
    "a missing FMU": ({"fmus": {"tank": {"file": "tank.fmu"}}}, 2, "tank.fmu is missing"),
    "no FMU": ({"fmus": {"tank": {"file": "README.md"}}}, 2, "README.md is no FMU"),
    "a missing profile": ({"inputs": "nowhere.csv"}, 2, "nowhere.csv cannot be read"),
    "an unset variable": ({"inputs": "${NOWHERE}/x.csv"}, 2, "NOWHERE, which is not set"),
    "water that flows back": (
        {"inputs": "backwards.csv"},
        3,
        "FMU 'tank': at 10 s: m_flow must not be negative",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_named_in_one_line_and_leaves_no_result(twin: Twin, case: str) -> None:
    change, code, message = FAULTS[case]
    profile = "time_s,set_point_K,flow_kg_per_s,inlet_temperature_K,ambient_temperature_K"
    rows = ("0,318.15,0.02,285,293", "10,318.15,-0.02,285,293")
    (twin.folder / "backwards.csv").write_text("\n".join([profile, *rows]))
    file = twin.folder / "scenario.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    (twin.folder / "output").mkdir()

    actual, _, errors = twin.run("execute")

    assert actual == code
    assert message in errors
    assert errors.count("\n") == 1
    assert {path.name for path in (twin.folder / "output").iterdir()} <= {"run.lock"}


# runs in progress


def make_long(twin: Twin) -> None:
    """Make a run take minutes, by a step that is far shorter."""
    file = twin.folder / "scenario.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"step_s": 0.001}))


def start_long_run(twin: Twin) -> subprocess.Popen[str]:
    """Start a run that takes minutes and return when it holds its lock."""
    twin.must("create")
    make_long(twin)
    lock = twin.folder / "output" / "run.lock"
    process = twin.start("execute")
    while not (lock.exists() and lock.stat().st_size):
        assert process.poll() is None
    return process


def test_terminate_ends_a_run_which_leaves_no_result(twin: Twin) -> None:
    with start_long_run(twin) as process:
        assert twin.must("terminate") == "the run was stopped (SIGTERM)\n"
        assert process.wait(timeout=10) == 143

    assert [path.name for path in (twin.folder / "output").iterdir()] == ["run.lock"]
    assert twin.must("terminate") == "no run is in progress\n"


def test_clean_ends_a_run_first(twin: Twin) -> None:
    with start_long_run(twin) as process:
        twin.must("clean")
        assert process.wait(timeout=10) == 143
    assert not (twin.folder / "output").exists()


def test_a_second_run_is_refused_while_the_first_goes_on(twin: Twin) -> None:
    with start_long_run(twin) as process:
        code, _, errors = twin.run("execute")
        assert (code, process.poll()) == (4, None)
        assert errors == "output/run.lock: a run is in progress: wait for it or terminate it\n"
        twin.must("terminate")


def test_a_killed_run_stops_nobody(twin: Twin) -> None:
    with start_long_run(twin) as process:
        process.kill()
    file = twin.folder / "scenario.json"
    file.write_text((DEFINED / "scenario.json").read_text())

    assert twin.must("terminate") == "no run is in progress\n"
    twin.must("execute")


@pytest.mark.parametrize("changed", ["started_ticks", "pid_namespace"])
def test_terminate_spares_a_process_that_only_has_the_number(twin: Twin, changed: str) -> None:
    """The lock is held, but the file describes a process that is not the one of this number."""
    with start_long_run(twin) as process:
        lock = twin.folder / "output" / "run.lock"
        written = json.loads(lock.read_text())
        lock.write_text(json.dumps(written | {changed: "another"}))
        code, _, errors = twin.run("terminate")

        assert (code, process.poll()) == (1, None)
        assert "stop it from there" in errors
        lock.write_text(json.dumps(written))
        twin.must("terminate")


# the notebook


def test_the_notebook_is_clean_and_runs_on_the_default_kernel() -> None:
    notebook = json.loads((DEFINED / "heated-tank.ipynb").read_text(encoding="utf-8"))
    nbformat.validate(notebook)

    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    for cell in code:
        compile("".join(cell["source"]), "heated-tank.ipynb", "exec")
