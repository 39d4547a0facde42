"""The agent's own files, in the folder of each run: made once by each runner, and linked there.

Nothing writes to them: a sandbox sees its folder read-only. Half a hundred new files for each run
would take longer than its process does to start, and some 300 KiB of the disk.
"""

from __future__ import annotations

import errno
import os
import py_compile
import tempfile
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

import twinhub_agent

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = "agents"
"""Folder beside those of runs that they are linked from; of no use to the next runner."""
_AGENT = twinhub_agent.__name__
_COMPILED, _PROGRAMS = f"{_AGENT}/__pycache__", f"{_AGENT}/programs"
_MAKE_ANEW = {errno.ENOENT, errno.EMLINK}
"""They were removed, or have as many links as a file may have."""
_made: dict[Path, Path] = {}


def put_agent(inside: Path) -> None:
    """Put the agent into what a sandbox reads; may be repeated.

    Raises:
        OSError: the disk has no room, or the like.
    """
    kept = inside.parents[1] / KEPT
    made = _made.get(kept) or _make(kept)
    _lay_out_folders(inside)
    try:
        _put(inside, lambda name, _, target: os.link(made / name, target))
    except OSError as error:
        if error.errno in _MAKE_ANEW:
            _made.pop(kept, None)
        _put(inside, _write)


def _make(kept: Path) -> Path:
    """Write the files down; what was written before a crash may have lost its content."""
    kept.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=kept))
    _lay_out_folders(made)
    _put(made, _write)
    _made[kept] = made
    return made


def _lay_out_folders(folder: Path) -> None:
    for one in (_COMPILED, _PROGRAMS):
        (folder / one).mkdir(parents=True, exist_ok=True)


def _put(folder: Path, put: Callable[[str, bytes, Path], None]) -> None:
    for name, content in _files():
        target = folder / name
        try:
            put(name, content, target)
        except FileExistsError:  # never written to: it may be that of many runs
            target.unlink()
            put(name, content, target)


def _write(name: str, content: bytes, target: Path) -> None:
    with target.open("xb") as file:
        file.write(content)
    if name.startswith(_PROGRAMS):
        target.chmod(0o755)


@cache
def _files() -> tuple[tuple[str, bytes], ...]:
    """Return the agent's modules by their paths, also compiled, scripts and programs of runs.

    A sandbox cannot keep what it compiles, which is half of the agent's start. What was compiled is
    taken without a look at the source (PEP 552), and only by the same version of Python.
    """
    found: list[tuple[str, bytes]] = []
    with tempfile.TemporaryDirectory(prefix="twinhub-agent-") as made:
        for source in sorted(Path(twinhub_agent.__file__).parent.glob("*.py")):
            compiled = Path(made, Path(cache_from_source(source.name)).name)
            py_compile.compile(
                str(source), str(compiled), doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )  # fmt: skip
            found.append((f"{_AGENT}/{source.name}", source.read_bytes()))
            found.append((f"{_COMPILED}/{compiled.name}", compiled.read_bytes()))
    folder = Path(twinhub_agent.__file__).parent
    found += [(f"{_AGENT}/{one.name}", one.read_bytes()) for one in folder.glob("*.bash")]
    programs = folder / "programs"
    found += [(f"{_PROGRAMS}/{one.name}", one.read_bytes()) for one in sorted(programs.iterdir())]
    return tuple(found)
