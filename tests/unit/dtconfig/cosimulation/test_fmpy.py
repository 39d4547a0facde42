"""One FMU for FMPy: start values that its own function takes."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import fmpy
from twinhub_dtconfig.cosimulation import Assignment, read_cosimulation


def test_start_values_are_written_as_arguments_of_fmpy(tmp_path: Path) -> None:
    system = read_cosimulation("fmpy", tmp_path / "tank.fmu")
    assert [one.source for one in system.instances.values()] == [str(tmp_path / "tank.fmu")]
    system.write(tmp_path / "bound.json", [Assignment("m", 60), Assignment("x.y", value=True)])
    arguments = json.loads((tmp_path / "bound.json").read_text())
    assert arguments["start_values"] == {"m": 60, "x.y": True}
    inspect.signature(fmpy.simulate_fmu).bind(**arguments)


def test_every_name_is_a_variable_of_the_only_model() -> None:
    found = read_cosimulation("fmpy", Path("tank.fmu")).find("a.b[1]")
    assert found is not None
    assert (found.variable, found.name) == ("a.b[1]", "a.b[1]")
