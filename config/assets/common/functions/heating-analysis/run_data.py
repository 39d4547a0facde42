"""Reads what a run left, and what it was made from.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[np.float64]]


class RunDataError(Exception):
    """A file of the run cannot be used; the text says which and what to do."""


def load_columns(file: Path) -> Columns:
    """Return the columns of a CSV file by their headings."""
    try:
        with file.open(encoding="utf-8") as opened:
            names = opened.readline().rstrip("\r\n").split(",")
            table = np.loadtxt(opened, delimiter=",", ndmin=2)
    except FileNotFoundError as error:
        raise RunDataError(f"{file} is missing: run ./lifecycle/execute first") from error
    except (OSError, ValueError) as error:
        raise RunDataError(f"{file} is no table of numbers: {error}") from error
    if table.shape[1] != len(names):
        raise RunDataError(f"{file} has not as many columns as headings: execute again")
    return dict(zip(names, table.T, strict=True))


def load_record(result: Path) -> dict[str, Any]:
    """Return the record that the co-simulation wrote beside its result."""
    file = result.with_suffix(".json")
    try:
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunDataError(f"{file} cannot be read: run ./lifecycle/execute again") from error
    return record


def load_inputs(record: dict[str, Any]) -> Columns:
    """Return the input profile that a run used."""
    return load_columns(Path(Template(record["inputs"]["file"]).substitute(os.environ)))
