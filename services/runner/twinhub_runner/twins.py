"""Twins of the library as runs need them: found by path, for those who may read them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twinhub_api.names import label_for
from twinhub_dtconfig.assets import AssetError, AssetTree
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.references import AssetKind, BadReferenceError, Reference
from twinhub_kit.files.beneath import open_beneath
from twinhub_kit.files.errors import BadPathError, NotThereError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.paths import RelativePath

from twinhub_runner.errors import NoTwinError
from twinhub_runner.reading import parse_description, read_description

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_dtconfig.models.twin import Twin
    from twinhub_kit.callers import Caller

COMMON, TEAMS = "common", "teams"
WORKSPACE = "/workspace"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_AREA = os.O_PATH | os.O_DIRECTORY


@dataclass(frozen=True, slots=True)
class FoundTwin:
    """A twin, and where it is."""

    place: RelativePath
    """In the library, such as ``ada/digital_twins/tank``."""
    twin: Twin
    text: str
    """Its description: its ``twin.yaml``, or what its folder looks like."""
    is_described: bool
    """Whether it has a ``twin.yaml``; else it is what its folder looks like."""
    team: str
    """Label of the team whose it is; empty of others."""
    inside: str
    """Its folder as a sandbox sees it."""

    @property
    def path(self) -> str:
        """Where it is, as text."""
        return str(self.place)

    @property
    def is_common(self) -> bool:
        """Whether it is everybody's."""
        return self.place.names[0] == COMMON

    def described_by(self, text: str) -> FoundTwin:
        """Return it as another description of it says, such as that of a copy."""
        twin = parse_description(text.encode(), f"{self.path}/twin.yaml")
        return replace(self, twin=twin, text=text)


@dataclass(frozen=True, slots=True)
class Twins:
    """The twins below an assets root."""

    root: Path

    def find(self, caller: Caller, text: str) -> FoundTwin:
        """Return a twin by its path, or one of the caller's own by its name.

        Raises:
            NoTwinError: there is none that the caller may read.
            BadTwinError: it is there, and cannot be used.
            FileError: it leads out of its area.
        """
        place = self._place(caller, text)
        try:
            with self.opened(place) as folder:
                description = read_description(folder, place)
        except NotThereError as error:
            raise NoTwinError(f"There is no twin {text}.{self._hint(place)}") from error
        names = place.names
        own = names[1:] if names[0] == caller.label else names
        return FoundTwin(
            place, description.twin, description.text, description.is_written,
            names[1] if names[0] == TEAMS else "", "/".join((WORKSPACE, *own)),
        )  # fmt: skip

    def path(self, caller: Caller, text: str) -> str:
        """Return the path of a twin that somebody names, whether or not it is there.

        Raises:
            NoTwinError: the caller may not read what is there.
        """
        return str(self._place(caller, text))

    @contextlib.contextmanager
    def opened(self, place: RelativePath) -> Iterator[int]:
        """Open a folder of the library; links lead on within its area only.

        Raises:
            FileError: it is not there, is no folder, or leads out of its area.
        """
        with translated(place):
            folder = open_in_area(self.root, place, _FOLDER)
        try:
            yield folder
        finally:
            os.close(folder)

    def _place(self, caller: Caller, text: str) -> RelativePath:
        """Return the path of what the caller may read."""
        nothing = NoTwinError(f"There is no twin {text}.")
        try:
            names = RelativePath.parse(text.strip("/")).names
        except BadPathError as error:
            raise nothing from error
        if len(names) == 1:
            names = (AssetKind.DIGITAL_TWINS.value, *names)
        if names[:1] == (AssetKind.DIGITAL_TWINS,):
            names = (caller.label, *names)
        if names[:1] == (caller.name,):
            names = (caller.label, *names[1:])
        if not may_read(caller, names) or any(name.startswith(".") for name in names):
            raise nothing
        return self._version(text, names) if names[0] == COMMON else RelativePath(names)

    def _version(self, text: str, names: tuple[str, ...]) -> RelativePath:
        """Return the place of the version that a path in the common area means."""
        try:
            reference = Reference.parse("/".join(names))
            found = AssetTree(None, self.root / COMMON).locate(reference)
        except (AssetError, BadReferenceError) as error:
            raise NoTwinError(f"There is no twin {text}: {error}.") from error
        return RelativePath(found.relative_to(self.root).parts)

    def _hint(self, place: RelativePath) -> str:
        try:
            with self.opened(place.parent) as folder:
                names = os.listdir(folder)  # noqa: PTH208 - a descriptor
        except NotThereError:
            return ""
        nearest = nearest_key(place.name, [name for name in names if not name.startswith(".")])
        return f" Did you mean {nearest!r}?" if nearest else ""


def may_read(caller: Caller, names: tuple[str, ...]) -> bool:
    """Return whether a caller may read what is at a path of the library."""
    if caller.is_everybody or names[:1] in {(caller.label,), (COMMON,)}:
        return bool(names)
    return names[:1] == (TEAMS,) and len(names) > 1 and names[1] in map(label_for, caller.groups)


def open_in_area(root: Path, place: RelativePath, flags: int) -> int:
    """Return a descriptor of what is at a path; links lead on within its area only.

    Raises:
        OSError: ``EXDEV`` or ``ELOOP`` where it leads out, and what open(2) says.
    """
    depth = 2 if place.names[:1] == (TEAMS,) else 1
    top = os.open(root, _AREA | os.O_CLOEXEC)
    try:
        area = open_beneath(top, "/".join(place.names[:depth]), _AREA, follow=False)
    finally:
        os.close(top)
    try:
        return open_beneath(area, "/".join(place.names[depth:]), flags)
    finally:
        os.close(area)
