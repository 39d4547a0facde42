"""Co-simulations in the formats that a twin may name; each format's own files are the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from twinhub_dtconfig.cosimulation.base import (
    Assignment,
    CosimulationError,
    Found,
    Instance,
    Mention,
    System,
)
from twinhub_dtconfig.cosimulation.fmpy import SingleModel
from twinhub_dtconfig.cosimulation.maestro import MultiModel
from twinhub_dtconfig.cosimulation.ssp import Structure
from twinhub_dtconfig.documents import DocumentError, parse_document

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Assignment", "CosimulationError", "Format", "Found", "Instance", "Mention", "MultiModel",
    "SingleModel", "Structure", "System", "parse_cosimulation", "read_cosimulation",
]  # fmt: skip

Format = Literal["maestro", "ssp", "fmpy"]


def read_cosimulation(format_: Format, file: Path, configuration: Path | None = None) -> System:
    """Return the co-simulation in a file; for ``fmpy`` the file is the FMU, which is not read.

    Raises:
        CosimulationError: the file cannot be used; holds every fault in it.
    """
    match format_:
        case "maestro":
            return MultiModel.load(file, configuration)
        case "ssp":
            return Structure.load(file)
        case "fmpy":
            return SingleModel(str(file))


def parse_cosimulation(format_: Literal["maestro", "ssp"], content: bytes, file: str) -> System:
    """Return the co-simulation in the bytes of a file, which faults call by the given name.

    Raises:
        CosimulationError: the content cannot be used; holds every fault in it.
    """
    if format_ == "ssp":
        return Structure(content, file)
    try:
        return MultiModel(parse_document(content, file))
    except DocumentError as error:
        raise CosimulationError(error.faults) from error
