"""Functional mock-up units: what a model says about itself, without running or unpacking it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from twinhub_dtconfig.archives import read_member
from twinhub_dtconfig.files import FileRefusedError, read_regular_file
from twinhub_dtconfig.fmu.description import parse_description
from twinhub_dtconfig.fmu.model import (
    BaseUnit,
    Causality,
    Experiment,
    FmuError,
    FmuKind,
    ModelDescription,
    ValueType,
    Variability,
    Variable,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "MEMBER", "BaseUnit", "Causality", "Experiment", "FmuError", "FmuKind", "ModelDescription",
    "ValueType", "Variability", "Variable", "parse_description", "read_model_description",
]  # fmt: skip

MEMBER = "modelDescription.xml"
_BINARY = re.compile("binaries/([^/]+)/.")
_LARGEST = 32 * 2**20
_REMEDY = "an FMU is a ZIP archive with modelDescription.xml at its top"


def read_model_description(path: Path, *, limit_bytes: int = _LARGEST) -> ModelDescription:
    """Return what an FMU, an unpacked one, or a bare ``modelDescription.xml`` says.

    Nothing is unpacked or run; memory and time are bounded for any content.

    Raises:
        FmuError: it cannot be read; the text names the file, and the line if there is one.
    """
    try:
        if path.is_dir():
            return _read_folder(path, limit_bytes)
        if path.suffix.lower() == ".xml":
            return parse_description(read_regular_file(path, limit_bytes).content, str(path))
        archive = read_member(path, MEMBER, limit_bytes)
    except FileRefusedError as error:
        raise FmuError(f"{path}: the file {error}", _REMEDY) from error
    except PermissionError as error:
        raise FmuError(f"{path}: permission denied", "ask its owner") from error
    description = parse_description(archive.content, f"{path}/{MEMBER}")
    binaries = {_BINARY.match(name) for name in archive.names}
    platforms = tuple(sorted({b[1] for b in binaries if b}))
    has_sources = any(name.startswith("sources/") for name in archive.names)
    return replace(description, platforms=platforms, has_sources=has_sources)


def _read_folder(folder: Path, limit_bytes: int) -> ModelDescription:
    try:
        content = read_regular_file(folder / MEMBER, limit_bytes).content
    except FileRefusedError as error:
        raise FmuError(f"{folder / MEMBER}: the file {error}", _REMEDY) from error
    description = parse_description(content, str(folder / MEMBER))
    binaries = folder / "binaries"
    try:
        platforms = sorted(entry.name for entry in binaries.iterdir() if entry.is_dir())
    except OSError:  # there are none, as in an FMU of sources
        platforms = []
    has_sources = (folder / "sources").is_dir()
    return replace(description, platforms=tuple(platforms), has_sources=has_sources)
