"""Pages on twins: what of them is a twin, a file, or typed into a terminal."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.contract.docs.pages import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

DOCS = CHECKOUT / "docs"
REFERENCE = DOCS / "reference" / "twin-yaml.md"
"""All of its YAML is of twins."""

_BLOCK = re.compile(
    r"(?:^ *<!-- test: (?P<mark>twin|file (?P<file>\S+)) -->\n)?"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_WHOLE = {"format": "1", "name": "snippet", "phases": "{execute: 'true'}"}


@dataclass(frozen=True)
class Step:
    """A twin (or a part of one), a file to be saved, or commands with what they print."""

    kind: Literal["twin", "file", "console"]
    text: str
    file: str = ""


def steps_of(page: Path) -> list[Step]:
    """Return what a page says to do, in order."""
    steps = []
    for match in _BLOCK.finditer(page.read_text("utf-8")):
        text = textwrap.dedent(match["text"])
        if match["file"]:
            steps.append(Step("file", text, match["file"]))
        elif match["mark"] == "twin" or (page == REFERENCE and match["language"] == "yaml"):
            steps.append(Step("twin", text))
        elif match["language"] == "console":
            steps.append(Step("console", text))
    return steps


def twin_pages() -> list[Path]:
    """Return the pages that hold a twin."""
    return [
        page
        for page in sorted(DOCS.rglob("*.md"))
        if any(step.kind == "twin" or step.file.endswith("twin.yaml") for step in steps_of(page))
    ]


def whole(snippet: str) -> str:
    """Return a snippet with the keys that every twin needs."""
    missing = [
        f"{key}: {value}\n"
        for key, value in _WHOLE.items()
        if not re.search(rf"^{key}:", snippet, re.MULTILINE)
    ]
    return "".join(missing) + snippet


def commands_of(text: str) -> list[tuple[str, str]]:
    """Return each command of a console block with what it is said to print."""
    parts = re.split(r"^\$ (.*)$", text, flags=re.MULTILINE)[1:]
    return [
        (command, printed.removeprefix("\n"))
        for command, printed in zip(parts[::2], parts[1::2], strict=True)
    ]


def is_printed(printed: str, shown: str) -> bool:
    """Tell whether all that was printed is what a page shows.

    A line that is only an ellipsis stands for any lines, one at the end of a line for any text.
    """
    lines = []
    for line in shown.splitlines(keepends=True):
        parts = [re.escape(part) for part in line.split("…")]
        lines.append(r"(?:.*\n)*" if line.strip() == "…" else ".*".join(parts))
    return re.fullmatch("".join(lines), printed) is not None
