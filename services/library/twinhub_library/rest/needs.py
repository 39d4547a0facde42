"""What routes are given: the library, and a path that the caller may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Path, Request
from twinhub_kit.callers import KnownCaller
from twinhub_kit.errors import NotAllowedError

from twinhub_library.access import may_read, may_write
from twinhub_library.areas import split_path
from twinhub_library.catalogue import KINDS
from twinhub_library.errors import NotThereError
from twinhub_library.library import Library
from twinhub_library.paths import RelativePath

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

Number = Annotated[int, Path(ge=0, le=2**63 - 1)]
"""Type of a part of a route's path that is the number of a row."""


def get_library(request: Request) -> Library:
    """Return the library that the application serves."""
    library: Library = request.app.state.library
    return library


TheLibrary = Annotated[Library, Depends(get_library)]
"""Type of a route's parameter that is the library."""


def readable_path(library: Library, caller: Caller, text: str) -> RelativePath:
    """Return a path that a caller may read.

    Raises:
        BadPathError: no file can have it.
        NotThereError: it is in no area, or in one that is not the caller's to read.
    """
    path = RelativePath.parse(text)
    area, _ = split_path(path)
    if not may_read(caller, area, list_teams(library)):
        raise NotThereError(_why_not_there(caller, path))
    return path


def _why_not_there(caller: Caller, path: RelativePath) -> str:
    if path.names[0] in KINDS:
        return f"{path} is not there: a path begins with its area; yours is {caller.label}/{path}."
    return f"{path} is not there."


def writable_path(library: Library, caller: Caller, text: str) -> RelativePath:
    """Return a path that a caller may change.

    Raises:
        BadPathError: no file can have it.
        NotThereError: it is in no area, or in one that is not the caller's to read.
        NotAllowedError: the caller may read it and not change it.
    """
    path = readable_path(library, caller, text)
    area, _ = split_path(path)
    if not may_write(caller, area, list_teams(library)):
        raise NotAllowedError(f"{path} is for reading only: publish a version instead.")
    return path


def list_teams(library: Library) -> list[str]:
    """Return the labels of the teams that are switched on."""
    return library.teams.list_labels()


__all__ = ["KnownCaller", "Number", "TheLibrary", "readable_path", "writable_path"]
