"""Reads any folder as a twin: what it is, in the language, and why that is thought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.inference.assets import guess_uses
from twinhub_dtconfig.inference.cosimulations import guess_cosimulations
from twinhub_dtconfig.inference.guesses import Findings, Guess, slug
from twinhub_dtconfig.inference.installs import guess_environment
from twinhub_dtconfig.inference.phases import KNOWN_PHASES, guess_phases, guess_program
from twinhub_dtconfig.inference.pipelines import guess_pipeline
from twinhub_dtconfig.inference.prose import guess_prose
from twinhub_dtconfig.inference.reading import ReadingLimits, TwinFolder
from twinhub_dtconfig.inference.services import guess_ports, guess_services, note_written_secrets
from twinhub_dtconfig.inference.warnings import note_habits

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_dtconfig.faults import Fault
    from twinhub_dtconfig.nodes import Data

_ORDER = ("format", "name", "title", "summary", "uses", "secrets", "environment", "phases",
          "cosimulations", "services", "ports")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inference:
    """A twin as plain data of the language, the guesses that it is made of, and notes."""

    data: dict[str, Data]
    guesses: tuple[Guess, ...]
    notes: tuple[Fault, ...]


def infer_data(folder: Path, limits: ReadingLimits | None = None) -> Inference:
    """Return what a folder says about itself, in the language; nothing in it is executed.

    A folder that cannot be read counts as an empty one.
    """
    reading = TwinFolder(folder, limits)
    findings = Findings({"format": 1})
    _guess_name(reading, findings)
    guess_prose(reading, findings)
    scripts = guess_phases(reading, findings)
    scripts += guess_pipeline(reading, findings)
    scripts += guess_program(reading, findings)
    guess_cosimulations(reading, findings)
    guess_uses(scripts, reading, findings)
    guess_environment(scripts, reading, findings)
    guess_services(reading, findings)
    guess_ports(scripts, reading, findings)
    note_habits(scripts, findings)
    note_written_secrets(reading, findings)
    if reading.is_cut:
        findings.note(".", 1, "the folder has too many files; not all were looked at", "")
    return Inference(_ordered(findings.data), tuple(findings.guesses), tuple(findings.notes))


def _guess_name(folder: TwinFolder, findings: Findings) -> None:
    name = folder.root.absolute().name
    valid = slug(name)
    if valid == name:
        findings.put(("name",), valid, "the folder's name", "certain")
    else:
        why = f"the folder is called {name[:80]!r}, which is no name for a twin"
        findings.put(("name",), valid, why, "likely")


def _ordered(data: dict[str, Data]) -> dict[str, Data]:
    phases = data.get("phases")
    if isinstance(phases, dict):
        known = [name for name in KNOWN_PHASES if name in phases]
        others = [name for name in phases if name not in KNOWN_PHASES]
        data["phases"] = {name: phases[name] for name in (*known, *others)}
    return {key: data[key] for key in _ORDER if key in data}
