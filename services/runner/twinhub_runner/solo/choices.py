"""What may be run: the scripts that a ``runner.yaml`` names, or the phases of a twin."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.documents import DocumentError, load_document
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.loading import TwinError
from twinhub_dtconfig.opening import open_twin
from twinhub_dtconfig.resolving import Context, resolve

from twinhub_runner.plans import LOG, make_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = ("port", "location", "commands")
_SHEBANG = b"#!"
_GRACE_SECONDS = 10.0


class ChoiceError(Exception):
    """What was given cannot be served; the text names file, place and remedy."""


@dataclass(frozen=True, slots=True)
class Scripts:
    """Scripts in one folder, run where the server was started, as DTaaS's runner does."""

    folder: Path
    names: tuple[str, ...]
    port: int | None = None

    @property
    def faulty(self) -> tuple[str, ...]:
        """Names of scripts that cannot be run as they are now."""
        return tuple(name for name in self.names if not _is_script(self.folder / name))

    def plan_of(self, name: str) -> dict[str, Any] | None:
        """Return the plan of a script; None if it may not, or cannot, be run."""
        file = self.folder / name
        if name not in self.names or not _is_script(file):
            return None
        process = {
            "command": [str(file)], "folder": str(Path.cwd()), "variables": {}, "after": [],
            "ready": {}, "restart": "never", "essential": True,
            "stop": {"signal": "SIGTERM", "command": None, "grace": _GRACE_SECONDS},
        }  # fmt: skip
        return {
            "phase": name, "live": False, "time_limit": None, "keeps_children": False, "log": LOG,
            "processes": {"main": process},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phases:
    """The phases of a twin, with the defaults of its parameters, run in its folder."""

    folder: Path
    names: tuple[str, ...]
    plans: Mapping[str, dict[str, Any]]
    port: int | None = None
    faulty: tuple[str, ...] = ()

    def plan_of(self, name: str) -> dict[str, Any] | None:
        """Return the plan of a phase; None if the twin does not have it."""
        return self.plans.get(name)


def read_scripts(file: Path) -> Scripts:
    """Return what a ``runner.yaml`` names.

    Raises:
        ChoiceError: it cannot be read, or has a key or value that means nothing.
    """
    try:
        document = load_document(file)
    except DocumentError as error:
        raise ChoiceError(str(error)) from error
    data = document.data
    if not isinstance(data, dict):
        raise ChoiceError(f"{file}: write `location:` and `commands:`")
    for key in data:
        if key not in _KEYS:
            nearest = nearest_key(key, _KEYS)
            hint = f"; did you mean {nearest!r}?" if nearest else ""
            line = document.key_position_of((key,)).line
            raise ChoiceError(f"{file}:{line}: there is no key {key!r}{hint or '; remove it'}")
    location, commands, port = data.get("location"), data.get("commands"), data.get("port")
    if not isinstance(location, str):
        raise ChoiceError(f"{file}: location must be the folder of the scripts")
    if not isinstance(commands, list) or not all(isinstance(one, str) for one in commands):
        raise ChoiceError(f"{file}: commands must be a list of names of scripts")
    if not (port is None or isinstance(port, int)):
        raise ChoiceError(f"{file}: port must be a number")
    return Scripts((file.parent / location).resolve(), tuple(map(str, commands)), port)


def read_twin(folder: Path) -> Phases:
    """Return the phases of the twin in a folder.

    Raises:
        ChoiceError: there is none, or a parameter of it has no default.
    """
    if not folder.exists():
        raise ChoiceError(f"{folder} does not exist: name the folder of a twin")
    try:
        opened = open_twin(folder)
    except TwinError as error:
        raise ChoiceError(str(error)) from error
    place = str(folder.resolve())
    plans = {}
    for phase in opened.twin.phases:
        run = {"id": "local", "folder": place, "phase": phase, "user": "local"}
        resolved = resolve(opened.twin, context=Context({"run": run}))
        if resolved.missing:
            names = ", ".join(resolved.missing)
            raise ChoiceError(f"{folder}: parameters without a default: {names}; give each one")
        plans[phase] = make_plan(resolved, phase, place, most_seconds=None)
    return Phases(folder.resolve(), tuple(opened.twin.phases), plans)


def _is_script(file: Path) -> bool:
    """Return whether DTaaS's runner would run a file: executable, and with an interpreter."""
    try:
        with file.open("rb") as opened:
            return os.access(file, os.X_OK) and opened.read(2) == _SHEBANG
    except OSError:
        return False
