"""Writes what came out, and what it came from.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from master import Row
    from scenario import Scenario


def write_csv(file: Path, scenario: Scenario, rows: list[Row]) -> None:
    """Write the rows under a heading; every number is written so that it reads back the same."""
    lines = [",".join(["time", *map(str, scenario.outputs)])]
    lines += [",".join(repr(value) for value in row) for row in rows]
    write_text(file, "\n".join(lines) + "\n")


def write_record(file: Path, scenario: Scenario, *, seconds: float, finished_at: str) -> None:
    """Write what the result depends on, with a digest of every file."""
    record: dict[str, Any] = {
        "scenario": _file_record(scenario.file),
        "inputs": _file_record(scenario.inputs.file) if scenario.inputs else None,
        "fmus": {item.name: _file_record(item.file) for item in scenario.instances},
        "parameters": {item.name: item.parameters for item in scenario.instances},
        "scheme": scenario.scheme,
        "step_s": scenario.step,
        "steps": scenario.step_count,
        "python": platform.python_version(),
        "fmpy": version("fmpy"),
        "machine": platform.machine(),
        "finished_at": finished_at,
        "seconds": round(seconds, 3),
    }
    write_text(file, json.dumps(record, indent=2) + "\n")


def write_text(file: Path, text: str) -> None:
    """Put a file in place as a whole: whoever reads it sees the old one or the new one."""
    descriptor, aside = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
            opened.flush()
            os.fchmod(opened.fileno(), 0o644)
            os.fsync(opened.fileno())
        Path(aside).replace(file)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _file_record(file: Path) -> dict[str, str]:
    return {"file": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
