"""Random edits of a folder by two people, and whether what one of them wrote is still there."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

NAMES = ("a.txt", "b.py", "c.bin", "d/e.txt", "d/f.csv", "d/g/h.md", "d", "a.txt/x", "i")
NOTEBOOKS = ("n.ipynb", "d/m.ipynb")
_TOKEN = re.compile(rb"U[0-9]+U")


class Editor:
    """Somebody who edits a folder; each thing that they write has a number of its own."""

    def __init__(self, folder: Path, mark: str, random: Random, *, notebooks: bool) -> None:
        self.folder = folder
        self._mark = mark
        self._random = random
        self._written = 0
        self._names = NAMES + (NOTEBOOKS if notebooks else ())

    def edit(self, times: int) -> None:
        for _ in range(times):
            name = self._random.choice(self._names)
            act = self._random.choice(
                (self._write, self._insert, self._insert, self._replace, self._cut, self._remove,
                 self._set_mode)
            )  # fmt: skip
            act(name)

    def _token(self) -> str:
        self._written += 1
        return f"{self._mark}{self._written}{self._mark}"

    def _write(self, name: str) -> None:
        file = self.folder / name
        if file.is_dir():
            return
        if any(one.is_file() for one in file.parents if one.is_relative_to(self.folder)):
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"line {number} {self._token()}" for number in range(self._random.randint(1, 8))]
        file.write_bytes(_render(name, lines))

    def _change(self, name: str, change: str) -> None:
        file = self.folder / name
        if not file.is_file():
            self._write(name)
            return
        lines = _parse(name, file.read_bytes())
        at = self._random.randint(0, len(lines))
        if change == "insert":
            lines.insert(at, f"new {self._token()}")
        elif lines and change == "replace":
            lines[at % len(lines)] = f"other {self._token()}"
        elif lines:
            del lines[at % len(lines)]
        file.write_bytes(_render(name, lines))

    def _insert(self, name: str) -> None:
        self._change(name, "insert")

    def _replace(self, name: str) -> None:
        self._change(name, "replace")

    def _cut(self, name: str) -> None:
        self._change(name, "cut")

    def _remove(self, name: str) -> None:
        path = self.folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True) if path.parent.is_dir() else None

    def _set_mode(self, name: str) -> None:
        if (self.folder / name).is_file():
            (self.folder / name).chmod(self._random.choice((0o644, 0o755)))


def find_tokens(folder: Path) -> set[bytes]:
    """Return what the user has written and not taken out again, wherever it is."""
    found: set[bytes] = set()
    for file in folder.rglob("*"):
        if file.is_file():
            found.update(_TOKEN.findall(file.read_bytes()))
    return found


def find_programs(folder: Path) -> set[str]:
    """Return the files that may be run."""
    return {
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and file.stat().st_mode & 0o100
    }


def _render(name: str, lines: list[str]) -> bytes:
    if name.endswith(".bin"):
        return b"\0" + "\n".join(lines).encode()
    if not name.endswith(".ipynb"):
        return "".join(f"{line}\n" for line in lines).encode()
    cells = [
        {"cell_type": "markdown", "id": f"c{at}", "metadata": {}, "source": [line]}
        for at, line in enumerate(lines)
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1).encode()


def _parse(name: str, content: bytes) -> list[str]:
    if name.endswith(".ipynb"):
        return ["".join(cell["source"]) for cell in json.loads(content)["cells"]]
    return content.lstrip(b"\0").decode().splitlines()
