"""``twin validate``: every fault of twins, with the line that it is in."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.asset_files import LIMITS, check_requires, is_asset_file, read_asset
from twinhub_dtconfig.assets import AssetTree
from twinhub_dtconfig.checks import check_twin
from twinhub_dtconfig.faults import START, Fault
from twinhub_dtconfig.files import FileRefusedError, read_regular_file
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.loading import TwinError

from twinhub_api.cli.command import FAULTY, GOOD, CommandError
from twinhub_api.cli.reporting import count_faults, counted, fault_data, render_faults
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.cli.twins import existing, lines_of, open_any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from twinhub_dtconfig.opening import OpenedTwin

    from twinhub_api.cli.terminal import Terminal


_WRITE = "`twin init` writes a twin.yaml, where you can say it"


@dataclass(frozen=True, slots=True)
class _Report:
    """What was found in one twin."""

    path: str
    faults: tuple[Fault, ...]
    line_of: Callable[[Fault], str]
    twin: OpenedTwin | None = None
    asset: str | None = None
    """What an asset is called, of an ``asset.yaml``."""

    @property
    def is_described(self) -> bool:
        return self.twin is None or self.twin.is_described


def run(arguments: argparse.Namespace) -> int:
    """Print all faults of the named twins; warnings count as faults if they are to."""
    assets = _assets(arguments.assets)
    reports = [_check(path, assets) for path in arguments.paths]
    errors, warnings = count_faults([fault for report in reports for fault in report.faults])
    if arguments.json:
        print(json.dumps(_data(reports, errors, warnings), indent=2))
    else:
        _print(reports, errors, warnings)
    return FAULTY if errors or (warnings and arguments.strict) else GOOD


def _assets(root: str | None) -> Path | None:
    if root is None:
        return None
    if not Path(root).is_dir():
        raise CommandError(f"--assets: {safe(root)} is no folder; give the one that has `models`")
    return existing(root)


def _check(path: str, assets: Path | None) -> _Report:
    if is_asset_file(Path(path).name):
        return _check_asset(path, assets)
    try:
        opened = open_any(path)
    except TwinError as error:
        return _Report(path, error.faults, lines_of(error.document))
    faults = [*opened.loaded.warnings, *_doubts(opened)]
    faults += check_twin(opened.loaded, opened.folder, AssetTree.below(assets) if assets else None)
    unique = dict.fromkeys(faults)
    ordered = sorted(unique, key=lambda fault: (fault.file, fault.line, fault.column))
    return _Report(path, tuple(ordered), lines_of(opened.loaded.document, opened.folder), opened)


def _check_asset(path: str, assets: Path | None) -> _Report:
    try:
        content = read_regular_file(existing(path), LIMITS.size_bytes + 1).content
    except FileRefusedError as error:
        fault = Fault(path, *START, f"the file {error}", "give the path of an asset.yaml")
        return _Report(path, (fault,), lines_of(None), asset=path)
    read = read_asset(content, path)
    faults = [*read.faults, *(check_requires(read, AssetTree.below(assets)) if assets else ())]
    ordered = sorted(faults, key=lambda fault: (fault.line, fault.column))
    title = read.asset.title or path
    return _Report(path, tuple(ordered), lines_of(read.document), asset=title)


def _doubts(opened: OpenedTwin) -> list[Fault]:
    """Return what is doubtful in a folder that no ``twin.yaml`` describes."""
    if opened.inferred is None:
        return []
    unsure = [
        opened.loaded.locate(Finding(guess.path, guess.why, _WRITE, is_warning=True))
        for guess in opened.inferred.guesses
        if guess.sure == "unsure"
    ]
    folder = opened.folder
    notes = [replace(note, file=str(folder / note.file)) for note in opened.inferred.notes]
    return [*unsure, *notes]


def _print(reports: Sequence[_Report], errors: int, warnings: int) -> None:
    terminal = terminal_of()
    for report in reports:
        if report.faults:
            print(render_faults(report.faults, report.line_of, terminal))
        if report.twin is not None and not count_faults(report.faults)[0]:
            print(_good(report.twin, terminal))
        elif report.asset is not None and not report.faults:
            print(f"{safe(report.asset)}: {terminal.paint('good', 'green', 'bold')}")
    if errors or warnings:
        found = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
        kind = "file" if any(report.asset is not None for report in reports) else "twin"
        print(f"{found} in {counted(len(reports), kind)}")


def _good(opened: OpenedTwin, terminal: Terminal) -> str:
    twin = opened.twin
    phases = ", ".join(twin.phases)
    mark = terminal.paint("good", "green", "bold")
    if opened.is_described:
        return f"{safe(twin.name)}: {mark}; phases: {phases}"
    how = "there is no twin.yaml, so this is how its folder is read; `twin init` writes it down"
    return f"{safe(twin.name)}: {mark}; phases: {phases}; {how}"


def _data(reports: Sequence[_Report], errors: int, warnings: int) -> dict[str, object]:
    return {
        "twins": [
            {
                "path": report.path,
                "name": report.twin.twin.name if report.twin is not None else report.asset,
                "described": report.is_described,
                "valid": not count_faults(report.faults)[0],
                "faults": [fault_data(fault, report.line_of(fault)) for fault in report.faults],
            }
            for report in reports
        ],
        "errors": errors,
        "warnings": warnings,
    }
