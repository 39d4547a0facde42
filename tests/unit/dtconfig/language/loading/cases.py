"""Files with what is said about them: ``## title``, the file, then ``=> line:column: message``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twinhub_dtconfig.loading import TwinError, parse_twin


@dataclass(frozen=True)
class Case:
    """A file and every message about it."""

    title: str
    text: str
    said: tuple[str, ...]


def read_cases(name: str) -> list[Case]:
    """Return the cases of a file beside this one."""
    content = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return [_case(part) for part in f"\n{content}".split("\n## ")[1:]]


def said_about(text: str) -> tuple[str, ...]:
    """Return the messages about a file, without its name; of a good one, its warnings."""
    try:
        faults = parse_twin(text.encode()).warnings
    except TwinError as error:
        faults = error.faults
    return tuple(str(fault).removeprefix(f"{fault.file}:") for fault in faults)


def _case(part: str) -> Case:
    title, _, body = part.partition("\n")
    lines = body.splitlines(keepends=True)
    said = tuple(line[3:].rstrip("\n") for line in lines if line.startswith("=> "))
    text = "".join(line for line in lines if not line.startswith("=> "))
    return Case(title, text.rstrip("\n") + "\n", said)
