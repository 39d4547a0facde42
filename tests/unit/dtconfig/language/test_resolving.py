from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.loading import parse_twin
from twinhub_dtconfig.resolving import (
    ChoiceError,
    Context,
    combinations,
    read_value,
    resolve,
)

if TYPE_CHECKING:
    from twinhub_dtconfig.models.twin import Twin

_TWIN = """\
format: 1
name: tank
version: 1.2.3
parameters:
  power: {type: number, unit: W, default: 12000, minimum: 0, maximum: 20000}
  scheme: {type: text, default: gauss seidel, choices: [jacobi, gauss seidel]}
  cycles: {type: integer}
  fast: false
services: {mqtt: {managed: {topics: [tank]}}}
ports: {api: 8080}
phases:
  execute:
    command: python3 run.py --scheme ${parameters.scheme} '$${HOME}' ${run.id}
    variables: {POWER: "${parameters.power}", BROKER: "${services.mqtt.url}", PORT: "${ports.api}"}
  analyse: {script: "echo $POWER\\n"}
scenarios:
  cold: {parameters: {power: 8000.0, cycles: 2}}
sweeps:
  grid: {parameters: {power: {from: 0, to: 1, steps: 3}, fast: [true, false]}}
"""


@pytest.fixture(name="twin")
def _twin() -> Twin:
    return parse_twin(_TWIN.encode()).twin


def test_values_are_those_of_the_default_then_the_scenario_then_single_choices(twin: Twin) -> None:
    assert resolve(twin).parameters["power"] == 12000
    assert resolve(twin, scenario="cold").parameters["power"] == 8000
    chosen = resolve(twin, scenario="cold", values={"power": 9000})
    assert chosen.parameters == {
        "power": 9000,
        "scheme": "gauss seidel",
        "cycles": 2,
        "fast": False,
    }


def test_parameter_without_a_value_is_missing(twin: Twin) -> None:
    assert resolve(twin).missing == ("cycles",)
    assert resolve(twin, scenario="cold").missing == ()


def test_value_with_spaces_stays_one_word_of_a_command(twin: Twin) -> None:
    command = resolve(twin).data["phases"]["execute"]["command"]
    assert command == [
        "python3", "run.py", "--scheme", "gauss seidel", "${HOME}", "${run.id}",
    ]  # fmt: skip


def test_numbers_are_put_in_as_people_write_them(twin: Twin) -> None:
    variables = resolve(twin, scenario="cold").data["phases"]["execute"]["variables"]
    assert variables["POWER"] == "8000"
    assert variables["PORT"] == "8080"


def test_what_only_a_run_knows_stays_and_is_listed(twin: Twin) -> None:
    resolved = resolve(twin)
    assert set(resolved.open_names) == {"services.mqtt.url", "run.id"}
    context = Context({"services": {"mqtt.url": "mqtt://broker"}, "run": {"id": "7"}})
    resolved = resolve(twin, context=context)
    assert resolved.open_names == ()
    assert resolved.data["phases"]["execute"]["variables"]["BROKER"] == "mqtt://broker"


def test_nothing_is_put_into_a_script(twin: Twin) -> None:
    assert resolve(twin).data["phases"]["analyse"]["script"] == "echo $POWER\n"


def test_sweep_is_written_out_and_marked_as_not_yet_run(twin: Twin) -> None:
    resolved = resolve(twin)
    assert resolved.data["sweeps"]["grid"]["parameters"]["power"] == [0, 0.5, 1]
    assert resolved.data["sweeps"]["grid"]["runs"] == 6
    assert resolved.not_yet_run == ("sweeps",)
    rows = list(combinations(twin.sweeps["grid"].parameters))
    assert len(rows) == 6
    assert rows[0] == {"power": 0, "fast": True}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"powr": 1}, "there is no parameter 'powr'; did you mean 'power'?"),
        ({"power": 30000}, "power: 30000 is too large; give at most 20000"),
        ({"scheme": "jakobi"}, "did you mean 'jacobi'?"),
        ({"cycles": 1.5}, "cycles: 1.5 is not a whole number"),
        ({"fast": 1}, "fast: 1 is not true or false"),
    ],
)
def test_value_that_does_not_fit_is_refused(
    twin: Twin, values: dict[str, float | str], said: str
) -> None:
    with pytest.raises(ChoiceError) as caught:
        resolve(twin, values=values)
    assert said in str(caught.value)


def test_unknown_scenario_is_refused_with_the_nearest(twin: Twin) -> None:
    with pytest.raises(ChoiceError, match="did you mean 'cold'"):
        resolve(twin, scenario="colt")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("power", "8e3", 8000),
        ("cycles", "3", 3),
        ("fast", "true", True),
        ("scheme", "jacobi", "jacobi"),
    ],
)
def test_text_is_read_by_the_type_of_its_parameter(
    twin: Twin, name: str, text: str, value: object
) -> None:
    assert read_value(twin, name, text) == value


@pytest.mark.parametrize(
    ("name", "text"), [("power", "much"), ("cycles", "1.5"), ("fast", "yes"), ("power", "012")]
)
def test_text_of_another_type_is_refused(twin: Twin, name: str, text: str) -> None:
    with pytest.raises(ChoiceError):
        read_value(twin, name, text)


def test_very_many_scenarios_and_sweeps_are_resolved_in_short_time() -> None:
    parameters = "".join(f"  p{at}: 1\n" for at in range(3000))
    scenarios = "".join(f"  s{at}: {{parameters: {{p1: 2}}}}\n" for at in range(1000))
    sweeps = "".join(
        f"  w{at}: {{parameters: {{p0: {{from: 0, to: 1, steps: 100000}}}}}}\n" for at in range(500)
    )
    text = (
        "format: 1\nname: x\nphases: {execute: ls}\n"
        f"parameters:\n{parameters}scenarios:\n{scenarios}sweeps:\n{sweeps}"
    )
    twin = parse_twin(text.encode()).twin
    began = time.process_time()
    resolved = resolve(twin)
    assert time.process_time() - began < 5
    assert resolved.data["scenarios"]["s1"]["parameters"] == {"p1": 2}
    assert resolved.data["sweeps"]["w1"]["runs"] == 100_000
    assert len(resolved.data["sweeps"]["w1"]["parameters"]["p0"]) == 1000
