"""Computes a multi-model at a fixed step with FMPy: cosimulate.py MULTI-MODEL CONFIGURATION.

Small enough to be read and changed; it takes real variables and one instance of each model.
"""

import csv
import json
import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import fmpy
from fmpy.fmi2 import FMU2Slave


class Slave:
    """One model while it is computed."""

    def __init__(self, name: str, path: Path, folder: Path) -> None:
        """Unpack a model and make an instance of it."""
        description = fmpy.read_model_description(str(path))
        self.references = {one.name: one.valueReference for one in description.modelVariables}
        fmpy.extract(str(path), unzipdir=str(folder / name))
        self.fmu = FMU2Slave(
            guid=description.guid,
            unzipDirectory=str(folder / name),
            modelIdentifier=description.coSimulation.modelIdentifier,
            instanceName=name,
        )
        self.fmu.instantiate()

    def read(self, variable: str) -> float:
        """Return the value of a variable."""
        return float(self.fmu.getReal([self.references[variable]])[0])

    def write(self, variable: str, value: float) -> None:
        """Set the value of a variable."""
        self.fmu.setReal([self.references[variable]], [float(value)])


def place(model: str, address: str) -> Path:
    """Return where a model is: as twin.yaml has it, else where the multi-model says."""
    known = os.environ.get(model.strip("{}").upper())
    file = Path(unquote(urlsplit(address).path))
    return Path(known) / file.name if known else file


def split(name: str) -> tuple[str, str]:
    """Return the model and the variable of ``{model}.instance.variable``."""
    model, _, variable = name.split(".", 2)
    return model, variable


def main(model_file: str, configuration_file: str) -> None:
    """Compute from start to end and write output/result.csv."""
    model = json.loads(Path(model_file).read_text(encoding="utf-8"))
    configuration = json.loads(Path(configuration_file).read_text(encoding="utf-8"))
    time, end = configuration["startTime"], configuration["endTime"]
    step = configuration["algorithm"]["size"]
    output = Path("output").resolve()
    unpacked = output / "models"
    unpacked.mkdir(parents=True, exist_ok=True)
    slaves = {
        name: Slave(name.strip("{}"), place(name, address), unpacked)
        for name, address in model["fmus"].items()
    }
    for slave in slaves.values():
        slave.fmu.setupExperiment(startTime=time, stopTime=end)
    for name, value in model["parameters"].items():
        key, variable = split(name)
        slaves[key].write(variable, value)
    for slave in slaves.values():
        slave.fmu.enterInitializationMode()
        slave.fmu.exitInitializationMode()
    logged = [(k, v) for k, names in configuration["logVariables"].items() for v in names]
    with (output / "result.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["time", *(f"{key}.{variable}" for key, variable in logged)])
        while time < end:
            for source, targets in model["connections"].items():
                key, variable = split(source)
                value = slaves[key].read(variable)
                for target in targets:
                    other, wanted = split(target)
                    slaves[other].write(wanted, value)
            for slave in slaves.values():
                slave.fmu.doStep(time, step)
            time += step
            values = (slaves[key.split(".")[0]].read(variable) for key, variable in logged)
            table.writerow([time, *values])
    for slave in slaves.values():
        slave.fmu.terminate()
        slave.fmu.freeInstance()
    print("output/result.csv is written")


if __name__ == "__main__":
    main(*sys.argv[1:])
