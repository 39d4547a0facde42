"""The checkout's Markdown: which pages there are, and what is code, a link or a table in them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[3]
TUTORIAL = CHECKOUT / "docs" / "tutorial" / "first-twin.md"
REFERENCE = CHECKOUT / "docs" / "reference"

_FENCE = re.compile(
    r"(?:^<!-- test: (?P<mark>\w+) -->\n)?"
    r"^(?P<indent> *)```(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block, and the mark of the comment above it (``""`` without one)."""

    language: str
    text: str
    mark: str


def tracked_files() -> list[Path]:
    """Return every file that git tracks and that is there."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return [
        path for name in done.stdout.split("\0") if name and (path := CHECKOUT / name).is_file()
    ]


def pages() -> list[Path]:
    """Return every tracked page of Markdown."""
    return [path for path in tracked_files() if path.suffix == ".md"]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [
        Block(m["language"].strip(), m["text"].replace(f"\n{m['indent']}", "\n"), m["mark"] or "")
        for m in _FENCE.finditer(page.read_text("utf-8"))
    ]


def code(page: Path) -> Iterator[str]:
    """Yield what a page shows as code: each fenced block, each span."""
    text = page.read_text("utf-8")
    yield from (match["text"] for match in _FENCE.finditer(text))
    yield from _SPAN.findall(_FENCE.sub("", text))


def links(page: Path) -> list[str]:
    """Return the links of a page that lead to files."""
    found = _LINK.findall(_SPAN.sub("", _FENCE.sub("", page.read_text("utf-8"))))
    return [link for link in found if "://" not in link and not link.startswith("#")]


def section(page: Path, heading: str) -> str:
    """Return the text between a heading and the next one of any level."""
    _, found, rest = f"\n{page.read_text('utf-8')}".partition(f"\n{heading}\n")
    assert found, f"{page} has no heading {heading!r}"
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(text: str) -> list[str]:
    """Return what stands as code in the first cells of a text's tables."""
    rows = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
    return [span for row in rows for span in _SPAN.findall(row)]
