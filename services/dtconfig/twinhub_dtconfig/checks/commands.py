"""Programs that a twin names: whether they are there and can be run."""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from twinhub_dtconfig.checks.context import is_file
from twinhub_dtconfig.checks.files import absent
from twinhub_dtconfig.command_lines import BadCommandError, split_command
from twinhub_dtconfig.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_dtconfig.checks.context import Context, Result
    from twinhub_dtconfig.models.phases import Phase, Ready, Stop
    from twinhub_dtconfig.nodes import Key

    Where = tuple[Key, ...]
    Command = str | tuple[str, ...]

_PROGRAMS = re.compile(r"python3?(\.\d+)?|bash|sh|dash|node|julia|ruby|perl|Rscript|octave")


class _Use(NamedTuple):
    place: Where
    command: Command | None
    folder: str
    may_come: bool
    """Whether the phase `create` comes before it and may make its program."""


def check_commands(context: Context) -> Iterator[Result]:
    """Yield programs in the twin's folder that are not there or cannot be run."""
    for use in _uses(context):
        try:
            words = [] if use.command is None else split_command(use.command)
        except BadCommandError:  # the rules of the language said so
            words = []
        if words:
            yield from _check_program(context, use, words)


def _uses(context: Context) -> Iterator[_Use]:
    twin = context.twin
    may_come = "create" in twin.phases
    for name, phase in twin.phases.items():
        yield from _of_phase(("phases", name), phase, may_come=may_come and name != "create")
    for name, step in twin.build.items():
        yield _Use(("build", name, "command"), step.command, step.folder, may_come=False)
    for name, command in twin.commands.items():
        place: Where = ("commands", name, "effect", "command")
        yield _Use(place, command.effect.command, ".", may_come)
    for key in ("checkpoint", "restore"):
        yield _Use(("state", key), getattr(twin.state, key), ".", may_come)


def _of_phase(place: Where, phase: Phase, *, may_come: bool) -> Iterator[_Use]:
    yield _Use((*place, "command"), phase.command, phase.folder, may_come)
    yield from _of_ends(place, None, phase.stop, phase.folder, may_come=may_come)
    for name, process in (phase.processes or {}).items():
        inner = (*place, "processes", name)
        folder = process.folder or phase.folder
        yield _Use((*inner, "command"), process.command, folder, may_come)
        yield from _of_ends(inner, process.ready, process.stop, folder, may_come=may_come)


def _of_ends(
    place: Where, ready: Ready | None, stop: Stop, folder: str, *, may_come: bool
) -> Iterator[_Use]:
    if ready is not None:
        yield _Use((*place, "ready", "command"), ready.command, folder, may_come)
    yield _Use((*place, "stop", "command"), stop.command, folder, may_come)


def _check_program(context: Context, use: _Use, words: list[str]) -> Iterator[Result]:
    program, *arguments = words
    script = arguments[0] if arguments else ""
    if "/" in program:
        path = _path(use.folder, program)
        found = None if path is None else context.find(path).path
        if path is not None and found is None:
            yield from absent(context, use.place, path, "program", may_come=use.may_come)
        elif path is not None and found is not None:
            yield from _check_runs(use.place, path, found)
    elif _PROGRAMS.fullmatch(program) and "." in script[1:]:
        path = _path(use.folder, script)
        if path is not None and context.find(path).path is None:
            yield from absent(context, use.place, path, "script", may_come=use.may_come)


def _has_line(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(2) == b"#!"
    except OSError:
        return False


def _path(folder: str, word: str) -> str | None:
    """Return a word as a path in the twin's folder; None for options and what lies elsewhere."""
    path = posixpath.normpath(posixpath.join(folder, word))
    is_elsewhere = word.startswith(("-", "/")) or "${" in path or path.startswith("../")
    return None if is_elsewhere else path


def _check_runs(place: Where, path: str, found: Path) -> Iterator[Result]:
    if not is_file(found):
        yield Finding(place, f"{path} is no file, so it cannot be run", "name a program")
        return
    if os.access(found, os.X_OK):
        return
    if _has_line(found):
        what = f"{path} is not executable, so it is run by its #! line"
        yield Finding(place, what, f"run `chmod +x {path}`", is_warning=True)
    else:
        what = f"{path} is not executable and has no #! line, so it cannot be run"
        yield Finding(place, what, f"run `chmod +x {path}`, or name the program that reads it")
