"""Saves of runs: their state as an archive in the library, to go on from on another day."""

from __future__ import annotations

from pydantic import Field

from twinhub_api.runner.runs import Value
from twinhub_api.wire import Wire

_ARCHIVE = "The archive, by its path in the library, such as `data/saves/tank.zip`."
_TWIN = "The twin, where it is at another place by now; it has to be the same."


class SaveIn(Wire):
    """Where a save is to be."""

    to: str = Field(
        "",
        max_length=1024,
        description="A path in one's own area or a team's, where nothing is; without it"
        " `data/saves/<twin>-<run>.zip`.",
    )


class Saved(Wire):
    """A save that was made."""

    path: str = Field(description="The archive, in the library.")
    size: int = Field(description="Its bytes.")
    files: int = Field(description="How many files of the twin are in it.")


class RestoreIn(Wire):
    """A save that a run is to go on from."""

    archive: str = Field(max_length=1024, description=_ARCHIVE)
    twin: str = Field("", max_length=1024, description=_TWIN)
    phase: str = Field("", max_length=200, description="Another phase than the one saved.")
    parameters: dict[str, Value] = Field({}, description="Other values than those saved.")


class ForkIn(Wire):
    """A save that a twin of one's own is to be made of."""

    archive: str = Field(max_length=1024, description=_ARCHIVE)
    name: str = Field(max_length=200, description="What the new twin is called.")
    twin: str = Field("", max_length=1024, description=_TWIN)


class Forked(Wire):
    """A twin that was made of a save."""

    twin: str = Field(description="Its path in the library.")
    files: int = Field(description="How many files are the save's.")
