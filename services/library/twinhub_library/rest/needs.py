"""What routes are given: the library, and a path that the caller may use."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Depends, Path, Request
from starlette.concurrency import run_in_threadpool
from twinhub_dtconfig.assets import WITHDRAWN
from twinhub_dtconfig.layout import split_version
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_kit.callers import KnownCaller, identify
from twinhub_kit.errors import NotAllowedError
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.turns import Turns  # noqa: TC002 - FastAPI reads it

from twinhub_library.access import may_read, may_write, readable_areas
from twinhub_library.areas import split_path
from twinhub_library.catalogue import KINDS
from twinhub_library.library import Library
from twinhub_library.nearness import NotAtOnceError
from twinhub_library.publishing.versions import owns

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

    from twinhub_library.areas import Area
    from twinhub_library.store.publishing import VersionRow

_T = TypeVar("_T")

Number = Annotated[int, Path(ge=0, le=2**63 - 1)]
"""Type of a part of a route's path that is the number of a row."""


async def get_library(request: Request) -> Library:
    """Return the library that the application serves."""
    library: Library = request.app.state.library
    return library


TheLibrary = Annotated[Library, Depends(get_library)]
"""Type of a route's parameter that is the library."""


async def get_turn(
    request: Request, caller: KnownCaller
) -> Callable[[], AbstractAsyncContextManager[bool]]:
    """Return what gives turns for long work outside the route's function, see `Turns`."""
    turns: Turns = request.app.state.turns
    return partial(turns.take, caller)


ATurn = Annotated[Callable[[], AbstractAsyncContextManager[bool]], Depends(get_turn)]
"""Type of a route's parameter that gives a turn for a block of long work."""


async def have_done(
    request: Request, library: Library, path: RelativePath, work: Callable[[], _T]
) -> _T:
    """Change what is at a path, in a thread, for a caller who may still do so after a long body.

    Raises:
        NotSignedInError: the token has ended meanwhile.
        LibraryError: as `writable_path`, or what the work raises.
    """
    caller = await identify(request.scope)

    def check_and_work() -> _T:
        writable_path(library, caller, str(path))
        return work()

    return await run_in_threadpool(check_and_work)


def readable_path(
    library: Library, caller: Caller, text: str, *, at_once: bool = False
) -> RelativePath:
    """Return a path that a caller may read; with ``at_once`` as `check_readable` has it.

    Raises:
        NotAtOnceError: as there.
        BadPathError: no file can have it.
        NotThereError: it is in no area, or in one that is not the caller's to read.
    """
    path = RelativePath.parse(text)
    check_readable(library, caller, path, at_once=at_once)
    return path


def check_readable(
    library: Library, caller: Caller, path: RelativePath, *, at_once: bool = False
) -> None:
    """Refuse a path that a caller may not read.

    Raises:
        NotAtOnceError: it is to be found ``at_once``, and the database has to be asked.
        NotThereError: it is in no area, or in one that is not the caller's to read.
    """
    area, rest = split_path(path)
    if not may_read(caller, area, _teams_for(library, area)):
        raise NotThereError(_why_not_there(caller, path))
    if area.kind is AreaKind.COMMON and WITHDRAWN in rest.names[:2]:
        if at_once:
            raise NotAtOnceError
        kind, _, name = (*rest.names, "", "")[:3]
        if not _has_withdrawn(library, caller, kind, name):
            raise NotThereError(f"{path} is not there.")


def _has_withdrawn(library: Library, caller: Caller, kind: str, link: str) -> bool:
    """Return whether a caller uses or owns the version whose link has a name."""
    name, version = split_version(link)
    rows = library.publishing.publisher.versions.list_all(kind)
    return any(
        row.version == version
        and name in {row.name, *row.companions}
        and sees(library, caller, row)
        for row in rows
    )


def sees(library: Library, caller: Caller, row: VersionRow) -> bool:
    """Return whether a caller may know of a version: a withdrawn one only if they use or own it."""
    if not row.is_withdrawn or owns(caller, row.owner):
        return True
    areas = readable_areas(caller, list_teams(library))
    return library.publishing.holds.is_used_in(row.digest, areas)


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
    if not may_write(caller, area, _teams_for(library, area)):
        raise NotAllowedError(f"{path} is for reading only: publish a version instead.")
    return path


def _teams_for(library: Library, area: Area) -> list[str]:
    """Return the teams that are switched on, where an area is a team's: only then they count."""
    return list_teams(library) if area.kind is AreaKind.TEAM else []


def list_teams(library: Library) -> list[str]:
    """Return the labels of the teams that are switched on."""
    return library.teams.list_labels()


__all__ = [
    "ATurn", "KnownCaller", "Number", "TheLibrary", "have_done", "readable_path", "writable_path",
]  # fmt: skip
