"""Three-way merge of notebooks, by cell, in a process of its own.

nbdime is made for notebooks of people who mean well. It runs in a process that has no more than
`LIMITS` says: a notebook that makes it too slow or too big counts as a whole file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 32 << 20
MOST_SECONDS = 60
MOST_SECONDS_IN_ALL = 300
_WORKER = "twinhub_library.merging.worker"


@dataclass(frozen=True, slots=True)
class Sides:
    """One notebook as it was, as its owner has it, and as it is to become."""

    base: bytes
    ours: bytes
    theirs: bytes


def merge_notebooks(notebooks: Sequence[Sides]) -> list[bytes | None]:
    """Return each notebook with the changes of both sides; None where they touch, or it is none."""
    merged: list[bytes | None] = [None] * len(notebooks)
    fitting = [at for at, sides in enumerate(notebooks) if _fits(sides)]
    if not fitting:
        return merged
    found = _run([notebooks[at] for at in fitting])
    if found is None and len(fitting) > 1:  # one of them is too much: find out which
        found = _run_each([notebooks[at] for at in fitting])
    for at, one in zip(fitting, found or [], strict=False):
        merged[at] = one
    return merged


def _run_each(notebooks: Sequence[Sides]) -> list[bytes | None]:
    """Merge each by itself, as long as there is time for all of them."""
    end = time.monotonic() + MOST_SECONDS_IN_ALL
    merged: list[bytes | None] = []
    for sides in notebooks:
        found = _run([sides]) if time.monotonic() < end else None
        merged.append(found[0] if found else None)
    return merged


def _fits(sides: Sides) -> bool:
    return all(0 < len(one) <= MOST_BYTES for one in (sides.base, sides.ours, sides.theirs))


def _run(notebooks: Sequence[Sides]) -> list[bytes | None] | None:
    """Return what the process made of each; None where it did not come to an end."""
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answered:
        for sides in notebooks:
            line = [
                one.decode("utf-8", "replace") for one in (sides.base, sides.ours, sides.theirs)
            ]
            asked.write(json.dumps(line).encode() + b"\n")
        asked.seek(0)
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-m", _WORKER],
                stdin=asked, stdout=answered, stderr=subprocess.DEVNULL, cwd="/",
                env={"PATH": os.defpath, "HOME": "/nonexistent", "JUPYTER_NO_CONFIG": "1"},
                timeout=MOST_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
        answered.seek(0)
        lines = answered.read(len(notebooks) * 3 * MOST_BYTES).splitlines()
    if done.returncode or len(lines) != len(notebooks):
        return None
    return [_read(line) for line in lines]


def _read(line: bytes) -> bytes | None:
    text = json.loads(line)
    return text.encode() if isinstance(text, str) else None
