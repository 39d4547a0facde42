"""Co-simulations: Maestro multi-models and their configuration, SSP and FMU files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from twinhub_dtconfig.inference.guesses import alias

if TYPE_CHECKING:
    from twinhub_dtconfig.inference.guesses import Findings
    from twinhub_dtconfig.inference.reading import TwinFolder
    from twinhub_dtconfig.nodes import Data

_MOST_JSON = 100


def guess_cosimulations(folder: TwinFolder, findings: Findings) -> None:
    """Guess co-simulations from multi-models (JSON) and from ``.ssp`` and ``.ssd`` files."""
    objects = _json_objects(folder)
    configurations = [path for path, data in objects.items() if _is_configuration(data)]
    for path, data in objects.items():
        if not _is_multimodel(data):
            continue
        value: dict[str, Data] = {"format": "maestro", "file": path}
        beside = path.rpartition("/")[0]
        near = [one for one in configurations if one.rpartition("/")[0] == beside]
        if near:
            value["configuration"] = near[0]
        count = len(cast("dict[str, Data]", data["fmus"]))
        why = f"{path} is a Maestro multi-model: it has fmus ({count}) and connections"
        findings.put(("cosimulations", _name(path)), value, why, "certain")
    for path in folder.files:
        if path.lower().endswith((".ssp", ".ssd")):
            why = f"{path} has the name of a system structure (SSP)"
            value = {"format": "ssp", "file": path}
            findings.put(("cosimulations", _name(path)), value, why, "likely")


def _name(path: str) -> str:
    return alias(path.rpartition("/")[2].rpartition(".")[0])


def _json_objects(folder: TwinFolder) -> dict[str, dict[str, Data]]:
    objects: dict[str, dict[str, Data]] = {}
    for path in [path for path in folder.files if path.endswith(".json")][:_MOST_JSON]:
        try:
            data = json.loads(folder.text(path) or "")
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            objects[path] = data
    return objects


def _is_multimodel(data: dict[str, Data]) -> bool:
    return (
        isinstance(data.get("fmus"), dict)
        and isinstance(data.get("connections"), dict)
        and all(key.startswith("{") for key in cast("dict[str, Data]", data["fmus"]))
    )


def _is_configuration(data: dict[str, Data]) -> bool:
    return "fmus" not in data and {"startTime", "endTime"} <= data.keys()
