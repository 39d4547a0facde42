"""What `twin validate` says of the digital twins in a ``files`` folder of DTaaS, as counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.assets import AssetTree
from twinhub_dtconfig.checks import check_twin
from twinhub_dtconfig.loading import TwinError
from twinhub_dtconfig.opening import open_twin
from twinhub_dtconfig.references import AssetKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twinhub_dtconfig.faults import Fault


@dataclass(frozen=True, slots=True)
class TwinCheck:
    """How many faults a twin has."""

    path: str
    is_described: bool
    errors: int
    warnings: int


def check_twins(files: Path, folders: Sequence[str]) -> list[TwinCheck]:
    """Return a check of every twin in the folders of users and in ``common``, in order."""
    found = []
    for folder in folders:
        twins = files / folder / AssetKind.DIGITAL_TWINS
        if twins.is_dir() and not twins.is_symlink():
            found += [
                _check(files, folder, one)
                for one in sorted(twins.iterdir())
                if one.is_dir() and not one.is_symlink() and not one.name.startswith(".")
            ]
    return found


def _check(files: Path, folder: str, twin: Path) -> TwinCheck:
    faults: Sequence[Fault]
    is_described = True
    try:
        opened = open_twin(twin)
        is_described = opened.is_described
        assets = AssetTree(files / folder, files / "common")
        faults = [*opened.loaded.warnings, *check_twin(opened.loaded, opened.folder, assets)]
        if opened.inferred is not None:
            faults += opened.inferred.notes
    except TwinError as error:
        faults = error.faults
    errors = sum(fault.severity == "error" for fault in faults)
    path = twin.relative_to(files).as_posix()
    return TwinCheck(path, is_described, errors, len(faults) - errors)
