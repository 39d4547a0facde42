"""Co-simulations, bindings and signals against the models that they name."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.unit.dtconfig.cosimulation.test_ssp import HEAD, TAIL
from tests.unit.dtconfig.models import COMMON, FMI_2, FMI_3, write_fmu

if TYPE_CHECKING:
    from tests.unit.dtconfig.checks.twins import Workspace

MULTI_MODEL = {
    "fmus": {"{controller}": "../models/pi.fmu", "{tank}": "/workspace/common/models/tank/m.fmu"},
    "connections": {
        "{controller}.c.P": ["{tank}.t.P"],
        "{tank}.t.T_sensor": ["{controller}.c.T_measured"],
    },
    "parameters": {"{tank}.t.m": 60, "{controller}.c.T_i": 480},
    "endTime": 7200,
    "algorithm": {"type": "fixed-step", "size": 5},
}


def describe(name: str) -> str:
    return (COMMON / f"models/{name}/modelDescription.xml").read_text()


@pytest.fixture(name="plant")
def _plant(workspace: Workspace) -> Workspace:
    write_fmu(workspace.folder / "models/pi.fmu", describe("pi-controller"))
    write_fmu(workspace.root / "common/models/tank/m.fmu", describe("heated-tank"))
    workspace.write("cosim/mm.json", json.dumps(MULTI_MODEL, indent=1))
    return workspace


BASE = "cosimulations:\n  base:\n    format: maestro\n    file: cosim/mm.json\n"


def test_a_co_simulation_without_faults_has_none(plant: Workspace) -> None:
    assert not plant.check(
        BASE
        + """\
    bind:
      power_limit: "{controller}.c.P_max"
      mass: ["{tank}.t.m", "tank.m"]
parameters:
  power_limit: {unit: kW, default: 12, minimum: 0, maximum: 20}
  mass: {default: 60, unit: kg}
signals:
  water: {unit: degC, source: {variable: tank.T_water}}
  heater: {unit: W, source: {variable: "{controller}.c.P"}}
state: {fmu_state: true}
"""
    )


@pytest.mark.parametrize(
    ("variable", "parameter", "words"),
    [
        (
            "{tank}.t.mm",
            "{default: 60, unit: kg}",
            "twin.yaml:8:14: cosimulations.base.bind.power: HeatedTank has no variable 'mm'; it has"
            " m, c, C_heater, G_heater, G_loss, tau_sensor, T_start, P, m_flow, T_inlet …",
        ),
        ("{tank}.t.T_strat", "{default: 300, unit: K}", "did you mean '{tank}.t.T_start'?"),
        (
            "{tnak}.t.m",
            "{default: 60, unit: kg}",
            "the co-simulation has no model for '{tnak}.t.m'; did you mean '{tank}.t.m'?",
        ),
        ("nothing", "60", "no model for 'nothing'; its models are {controller}.c, {tank}.t"),
        ("{tank}.t.T_water", "{default: 3, unit: K}", "T_water is an output: the model"),
        ("{tank}.t.P", "{default: 3, unit: W}", "a connection gives it its value too"),
        ("{tank}.t.m", "{default: a}", "m takes values of type number, not text"),
        ("{tank}.t.m", "{default: 60, unit: K}", "K cannot be turned into kg, the unit of m"),
        ("{tank}.t.m", "60", "warning: cosimulations.base.bind.power: m is in kg, and here is no"),
        (
            "{tank}.t.T_start",
            "{default: -300, unit: degC}",
            "parameters.power.default: -300 degC is too small; T_start is at least 0 K",
        ),
        (
            "{tank}.t.m",
            "{default: 60, unit: kg, minimum: -1}",
            "warning: parameters.power.minimum: -1 is too small; m is at least 0 kg",
        ),
    ],
)  # fmt: skip
def test_a_binding_that_a_variable_cannot_take_is_located(
    plant: Workspace, variable: str, parameter: str, words: str
) -> None:
    faults = plant.check(
        f'{BASE}    bind:\n      power: "{variable}"\nparameters:\n  power: {parameter}\n'
    )
    assert len(faults) == 1
    assert words in faults[0]


def test_scenarios_and_second_parameters_are_checked_too(plant: Workspace) -> None:
    faults = plant.check(
        BASE
        + """\
    bind: {a: "{tank}.t.m", b: ["{tank}.t.c", "{tank}.t.m"]}
parameters: {a: {default: 1, unit: kg}, b: {default: 1, unit: kg}}
scenarios: {light: {parameters: {a: -5}}}
"""
    )
    assert [fault.partition(": ")[2] for fault in faults] == [
        "cosimulations.base.bind.b[0]: kg cannot be turned into J/(kg.K), the unit of c;"
        " give a unit that measures the same",
        "cosimulations.base.bind.b[1]: the parameter a gives it its value too; remove one of them",
        "scenarios.light.parameters.a: -5 is too small; m is at least 0 kg",
    ]


def test_signals_are_compared_with_their_variables(plant: Workspace) -> None:
    faults = plant.check(
        BASE
        + """\
signals:
  a: {unit: W, source: {variable: tank.T_water}}
  b: {type: boolean, source: {variable: tank.P}}
  c: {unit: K, source: {variable: tank.T_watre}}
  d: {source: {variable: tank.T_water}}
"""
    )
    assert [fault.partition(": ")[2] for fault in faults] == [
        "signals.a.unit: W cannot be turned into K, the unit of T_water;"
        " give a unit that measures the same",
        "signals.b.type: P has values of type number, not boolean; write `type: number`",
        "signals.c.source.variable: HeatedTank has no variable 'T_watre';"
        " did you mean '{tank}.t.T_water'?",
        "warning: signals.d.unit: T_water is in K, and here is no unit; add `unit: K`",
    ]


def test_faults_of_the_file_are_located_in_it(plant: Workspace) -> None:
    changed = MULTI_MODEL | {
        "connections": {
            "{controller}.c.P_mx": ["{tank}.t.P", "{tank}.t.m"],
            "{tank}.t.m_flow": ["{tank}.t.P"],
        },
        "parameters": {"{tank}.t.m": -1, "{tank}.t.T_water": 3, "{controller}.c.T_i": "long"},
    }
    plant.write("cosim/mm.json", json.dumps(changed, indent=1))
    faults = plant.check(BASE)
    assert [fault.removeprefix("digital_twins/tank/cosim/") for fault in faults] == [
        "mm.json:7:3: PIController has no variable 'P_mx'; did you mean 'P_max'?",
        "mm.json:9:4: m is no input but of causality parameter; connect an input",
        "mm.json:11:3: m_flow is an input, so that nothing comes out of it; use an output",
        "mm.json:12:4: P has two sources, the other at 8:4; remove one",
        "mm.json:16:3: -1 is too small; m is at least 0 kg",
        "mm.json:17:3: T_water is an output: the model computes it; bind a parameter or an input",
        "mm.json:18:3: T_i takes values of type number, not text; write `type: number`",
    ]


def test_models_that_cannot_be_read_are_located(plant: Workspace) -> None:
    (plant.folder / "models/pi.fmu").write_text("no archive")
    (plant.root / "common/models/tank/m.fmu").unlink()
    faults = plant.check(BASE)
    assert [fault.removeprefix("digital_twins/tank/cosim/") for fault in faults] == [
        "mm.json:3:19: digital_twins/tank/cosim/../models/pi.fmu: the file is no ZIP archive, or"
        " is cut off; an FMU is a ZIP archive with modelDescription.xml at its top",
        "mm.json:4:13: there is no model /workspace/common/models/tank/m.fmu;"
        " correct the path, or build it",
    ]


def test_a_model_that_is_to_be_built_is_judged_by_its_description(plant: Workspace) -> None:
    (plant.root / "common/models/tank/m.fmu").unlink()
    plant.write("/common/models/tank/modelDescription.xml", describe("heated-tank"))
    assert not plant.check(BASE)
    (plant.folder / "models/pi.fmu").unlink()
    step = 'build: {c: {command: make, inputs: ["src/*"], outputs: [models/pi.fmu]}}\n'
    text = BASE.replace("cosim/mm.json", "mm.json") + step
    changed = MULTI_MODEL["fmus"] | {"{controller}": "models/pi.fmu"}  # type: ignore[operator]
    plant.write("mm.json", json.dumps(MULTI_MODEL | {"fmus": changed}))
    assert not plant.check(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("mm.json", "nn.json"), "there is no file cosim/nn.json; did you mean 'cosim/mm"),
        (("mm.json", "mm.json\n    configuration: coe.json"), "there is no file coe.json"),
        (("mm.json", "bad.json"), "bad.json:1:1: this is no multi-model"),
        (("maestro", "ssp"), "mm.json:1:1: this is not valid XML"),
    ],
)  # fmt: skip
def test_files_of_co_simulations_that_cannot_be_used_are_located(
    plant: Workspace, change: tuple[str, str], words: str
) -> None:
    plant.write("cosim/bad.json", "[]")
    faults = plant.check(BASE.replace(*change))
    assert words in faults[0]


def test_a_file_that_is_rendered_is_judged_by_its_template(plant: Workspace) -> None:
    changed = {"{controller}": "../models/pi.fmu", "{tank}": "${uses.tank}/m.fmu"}
    parameters = {"{tank}.t.mm": "${parameters.mass}"}
    (plant.folder / "cosim/mm.json").unlink()
    plant.write(
        "deep/templates/mm.json",
        json.dumps(MULTI_MODEL | {"fmus": changed, "parameters": parameters}),
    )
    faults = plant.check(
        BASE
        + """\
uses: {tank: common/models/tank}
parameters: {mass: 60}
files: [{render: deep/templates/mm.json, to: cosim/mm.json}]
"""
    )
    assert len(faults) == 1
    assert "templates/mm.json:1:" in faults[0]
    assert "HeatedTank has no variable 'mm'" in faults[0]


def test_numbers_of_a_template_need_no_quotes(plant: Workspace) -> None:
    template = (
        json.dumps(MULTI_MODEL).replace("60", "${parameters.mass}").replace("480", "${run.x}")
    )
    plant.write("t.json", template.replace("${run.x}", "480"))
    text = BASE + "parameters: {mass: -60}\nfiles: [{render: t.json, to: cosim/mm.json}]\n"
    assert "-60 is too small; m is at least 0 kg" in plant.check(text)[0]
    plant.write("t.json", template.replace("${run.x}", "${ports.a}"))
    assert not plant.check(text + "ports: {a: 1}\n")
    plant.write("t.json", "[]")
    assert "this is no multi-model" in plant.check(text)[0]


def test_one_fmu_for_fmpy_is_checked(workspace: Workspace) -> None:
    write_fmu(workspace.root / "common/models/two/two.fmu", FMI_2)
    faults = workspace.check("""\
uses: {two: common/models/two}
cosimulations:
  one:
    format: fmpy
    file: ${uses.two}/two.fmu
    bind: {mode: mode, n: n, a: pi, speed: speed, quiet: quiet, x: "x.y[1]", o: out}
parameters:
  mode: {default: offf}
  n: {type: integer, default: 10}
  a: 3
  speed: {default: 1, unit: m}
  quiet: true
  x: 1
  o: {unit: K, default: 3}
""")
    assert [fault.partition(": ")[2] for fault in faults] == [
        "cosimulations.one.bind.a: pi is a constant; bind a parameter or an input",
        "cosimulations.one.bind.speed: m cannot be turned into rev/min, the unit of speed;"
        " give a unit that measures the same",
        "cosimulations.one.bind.o: out is an output: the model computes it;"
        " bind a parameter or an input",
        "parameters.mode.default: 'offf' is no choice; did you mean 'off'?; mode takes off, on",
        "parameters.n.default: 10 is too large; n is at most 9",
    ]


@pytest.mark.parametrize("start", ["", "file://"])
def test_a_path_in_the_workspace_need_not_be_an_asset(plant: Workspace, start: str) -> None:
    write_fmu(plant.root / "examples/m u.fmu", describe("heated-tank"))
    name = "m%20u.fmu" if start else "m u.fmu"
    fmus = {"{tank}": f"{start}/workspace/examples/{name}"}
    plant.write("cosim/mm.json", json.dumps({"fmus": fmus, "parameters": {"{tank}.t.mm": 1}}))
    faults = plant.check(BASE)
    assert len(faults) == 1
    assert "HeatedTank has no variable 'mm'" in faults[0]


def test_an_absent_fmu_for_fmpy_is_located_with_the_nearest(workspace: Workspace) -> None:
    write_fmu(workspace.folder / "two.fmu", FMI_2)
    faults = workspace.check("cosimulations: {one: {format: fmpy, file: tow.fmu}}\n")
    assert faults == [
        "twin.yaml:3:43: cosimulations.one.file: there is no model tow.fmu; did you mean 'two.fmu'?"
    ]


def write_for_windows(workspace: Workspace, path: str, description: str, *extra: str) -> None:
    target = workspace.write(path)
    with zipfile.ZipFile(target, "w") as model:
        model.writestr("modelDescription.xml", description)
        for name in ("binaries/win64/m.dll", *extra):
            model.writestr(name, "x")


def test_a_model_without_a_program_for_linux_is_a_warning(plant: Workspace) -> None:
    write_for_windows(plant, "models/pi.fmu", describe("pi-controller"))
    assert [one.partition("mm.json")[2] for one in plant.check(BASE)] == [
        ":3:19: warning: PIController has programs for win64 only;"
        " export it for Linux, or with its sources"
    ]
    write_for_windows(plant, "two.fmu", FMI_2)
    faults = plant.check("cosimulations: {one: {format: fmpy, file: two.fmu}}\n")
    assert faults[0].startswith("twin.yaml:3:43: warning: cosimulations.one.file: Two has programs")
    write_for_windows(plant, "models/pi.fmu", describe("pi-controller"), "sources/m.c")
    assert not plant.check(BASE)


def test_maestro_runs_no_model_exchange(plant: Workspace) -> None:
    text = describe("pi-controller").replace("CoSimulation", "ModelExchange")
    write_fmu(plant.folder / "models/pi.fmu", text)
    faults = plant.check(BASE)
    assert "PIController is for ModelExchange only, which Maestro does not run" in faults[0]


def test_arrays_take_no_single_value(workspace: Workspace) -> None:
    write_fmu(workspace.folder / "three.fmu", FMI_3)
    faults = workspace.check("""\
cosimulations: {one: {format: fmpy, file: three.fmu, bind: {v: v}}}
parameters: {v: {default: 1, unit: m/s}}
""")
    assert "v is an array, and a parameter is one value" in faults[0]


def test_a_state_that_models_cannot_give_is_a_warning(workspace: Workspace) -> None:
    write_fmu(workspace.folder / "two.fmu", FMI_2)
    text = "cosimulations: {one: {format: fmpy, file: two.fmu}}\nstate: {fmu_state: true}\n"
    assert workspace.check(text) == [
        "twin.yaml:4:20: warning: state.fmu_state: Two cannot write its state to a file, so that a"
        " run can be restarted only; export the model with this ability"
    ]
    assert "there is no co-simulation" in workspace.check("state: {fmu_state: true}\n")[0]


PARTS = """\
    <ssd:Elements><ssd:Component name="tank" source="resources/tank.fmu"/></ssd:Elements>
    <ssd:Connections>
      <ssd:Connection startElement="tank" startConnector="T_water"
        endElement="tank" endConnector="Q"/>
    </ssd:Connections>
"""


@pytest.mark.parametrize("file", ["s.ssd", "s.ssp"])
def test_a_system_of_ssp_is_checked_packed_or_not(workspace: Workspace, file: str) -> None:
    system = workspace.write("s.ssd", HEAD + PARTS + TAIL)
    model = write_fmu(workspace.folder / "resources/tank.fmu", describe("heated-tank"))
    with zipfile.ZipFile(workspace.folder / "s.ssp", "w") as package:
        package.write(system, "SystemStructure.ssd")
        package.write(model, "resources/tank.fmu")
    faults = workspace.check(f"""\
cosimulations: {{one: {{format: ssp, file: {file}, bind: {{m: tank.m, p: tank.p}}}}}}
parameters: {{m: {{default: -1, unit: kg}}, p: 1}}
""")
    assert [fault.partition(": ")[2] for fault in faults] == [
        "cosimulations.one.bind.p: HeatedTank has no variable 'p'; did you mean 'tank.P'?",
        "parameters.m.default: -1 is too small; m is at least 0 kg",
        "HeatedTank has no variable 'Q'; it has m, c, C_heater, G_heater, G_loss, tau_sensor,"
        " T_start, P, m_flow, T_inlet …",
    ]


def test_a_package_without_its_model_is_refused(workspace: Workspace) -> None:
    workspace.folder.mkdir(parents=True)
    with zipfile.ZipFile(workspace.folder / "s.ssp", "w") as package:
        package.writestr("SystemStructure.ssd", HEAD + PARTS + TAIL)
    faults = workspace.check("cosimulations: {one: {format: ssp, file: s.ssp}}\n")
    assert len(faults) == 1
    assert "s.ssp: the file holds no resources/tank.fmu; pack the model" in faults[0]
