"""What a save says of itself: ``save.json``, the first entry of its archive."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from twinhub_api.runner.runs import Value

NAME, STATE = "save.json", "state/"
"""The entry, and what the paths of files begin with in an archive."""
MOST_BYTES = 16 << 20
"""Of the entry."""
MOST_FILES = 10_000

_Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Path = Annotated[str, Field(max_length=4096)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SavedFile(_Part):
    """A file of the twin's folder."""

    path: _Path
    size: Annotated[int, Field(ge=0)]
    sha256: _Digest


class SavedInput(_Part):
    """Something that the twin requires, as it was."""

    target: _Path
    """Where a sandbox has it."""
    path: _Path
    digest: str


class Manifest(_Part):
    """All that a save knows beside its files."""

    format: Literal[1] = 1
    run: str
    twin: _Path
    digest: _Digest
    """Of the twin's folder, when its working copy was made."""
    inputs: Annotated[tuple[SavedInput, ...], Field(max_length=10_000)] = ()
    phase: str
    scenario: str | None = None
    parameters: dict[str, Value] = {}
    description: str = ""
    """The twin's description, for people: what counts is the twin itself."""
    image: str = ""
    saved_by: str = ""
    saved_at: datetime
    files: Annotated[tuple[SavedFile, ...], Field(max_length=MOST_FILES)] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files)
