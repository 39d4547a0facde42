"""Paths of the library that saves are written to and read from, for those who may."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from twinhub_api.names import label_for
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.files.errors import BadPathError, NotThereError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.paths import RelativePath

from twinhub_runner.folders import opened_folder
from twinhub_runner.twins import TEAMS, may_read

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_kit.callers import Caller

_KINDS = frozenset(AssetKind)


def readable_place(caller: Caller, text: str) -> RelativePath:
    """Return the path of what a caller may read; what begins with a kind is their own.

    Raises:
        FileError: no file can have it, or the caller may not know of it.
    """
    names = RelativePath.parse(text.strip("/")).names
    if names[:1] and names[0] in _KINDS:
        names = (caller.label, *names)
    if not may_read(caller, names) or any(name.startswith(".") for name in names):
        raise NotThereError(f"{text} is not there.")
    return RelativePath(names)


def writable_place(caller: Caller, text: str) -> RelativePath:
    """Return the path of what a caller may make: in their own area, or in a team's of theirs.

    Raises:
        FileError: no file can have it, or the caller may not make it.
    """
    place = readable_place(caller, text)
    names = place.names
    is_team = names[0] == TEAMS and names[1] in map(label_for, caller.groups)
    if not (names[0] == caller.label or is_team) or len(names) < _depth(names) + 2:
        raise BadPathError(f"{text} is not yours to make: name a place such as data/saves/x.zip.")
    return place


def open_made(root: Path, place: RelativePath) -> int:
    """Return a descriptor of a folder of an area, which is made if need be, over no link.

    Raises:
        FileError: something else is there, or there is no room.
    """
    depth = _depth(place.names)
    with translated(place):
        with opened_folder(root.joinpath(*place.names[:depth])) as area:
            folder = os.dup(area)
        for name in place.names[depth:]:
            folder = _step(folder, name)
    return folder


def _step(folder: int, name: str) -> int:
    """Return a folder in an open one, which is closed."""
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=folder)
        with opened_folder(name, folder) as found:
            return os.dup(found)
    finally:
        os.close(folder)


def _depth(names: tuple[str, ...]) -> int:
    return 2 if names[0] == TEAMS else 1
