"""Twins of the library as runs need them: found by path, for those who may read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_api.names import label_for
from twinhub_dtconfig.loading import TwinError
from twinhub_dtconfig.opening import open_twin
from twinhub_dtconfig.references import AssetKind

from twinhub_runner.errors import BadTwinError, NoTwinError

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_dtconfig.models.twin import Twin
    from twinhub_kit.callers import Caller

_COMMON, _TEAMS = "common", "teams"
_ODD = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class FoundTwin:
    """A twin, and where it is."""

    path: str
    """In the library, such as ``ada/digital_twins/tank``."""
    folder: Path
    twin: Twin
    is_described: bool
    """Whether it has a ``twin.yaml``; else it is what its folder looks like."""
    team: str
    """Label of the team whose it is; empty of others."""
    inside: str
    """Its folder as a sandbox sees it."""


@dataclass(frozen=True, slots=True)
class Twins:
    """The twins below an assets root."""

    root: Path

    def find(self, caller: Caller, text: str) -> FoundTwin:
        """Return a twin by its path, or one of the caller's own by its name.

        Raises:
            NoTwinError: there is none that the caller may read.
            BadTwinError: it is there, and cannot be used.
        """
        names = self._names(caller, text)
        folder = self.root.joinpath(*names)
        if not folder.is_dir():
            raise NoTwinError(f"There is no twin {text}.")
        try:
            opened = open_twin(folder)
        except TwinError as error:
            raise BadTwinError(str(error)) from error
        team = names[1] if names[0] == _TEAMS else ""
        own = names[1:] if names[0] == caller.label else names
        return FoundTwin(
            "/".join(names), folder, opened.twin, opened.is_described, team,
            "/".join(("/workspace", *own)),
        )  # fmt: skip

    def _names(self, caller: Caller, text: str) -> tuple[str, ...]:
        """Return the names of a path that the caller may read."""
        names = tuple(text.strip("/").split("/"))
        if len(names) == 1:
            names = (caller.label, AssetKind.DIGITAL_TWINS.value, *names)
        if names[0] == AssetKind.DIGITAL_TWINS:
            names = (caller.label, *names)
        if names[0] == caller.name:
            names = (caller.label, *names[1:])
        teams = {label_for(group) for group in caller.groups}
        is_team = names[0] == _TEAMS and len(names) > 1 and names[1] in teams
        may = caller.is_everybody or names[0] in {caller.label, _COMMON} or is_team
        if not may or any(name in _ODD or name.startswith(".") for name in names):
            raise NoTwinError(f"There is no twin {text}.")
        return names
