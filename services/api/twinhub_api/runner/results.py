"""What is left of a run, as the runner tells of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from twinhub_api.runner.runs import Run
from twinhub_api.wire import Wire


class Artefact(Wire):
    """A file that a run has made and that its twin declares as a result."""

    path: str = Field(description="In the twin's folder.")
    size: int = Field(description="Bytes.")
    sha256: str = Field(description="The digest of its content, as hexadecimal digits.")


class Artefacts(Wire):
    """The results of a run, in order of their paths."""

    items: tuple[Artefact, ...]
    missing: tuple[str, ...] = Field((), description="Declared outputs that no file has fitted.")
    fault: str = Field("", description="Why not all could be kept, for people.")
    next: int | None = Field(None, description="What `after` is to be for more; null at the end.")


class PreviewKind(StrEnum):
    """What a preview shows."""

    TEXT = "text"
    JSON = "json"
    TABLE = "table"
    PICTURE = "picture"
    NONE = "none"
    """Nothing: it is another kind of file, or a picture that is too large."""


class Picture(Wire):
    """A picture that a browser may show: `…/artefacts/{path}?shown=true` answers it."""

    media_type: str
    width: int
    height: int


class Preview(Wire):
    """The beginning of a result."""

    kind: PreviewKind
    text: str = Field("", description="Of `text`, and of `json`, indented.")
    columns: tuple[str, ...] = Field((), description="Of `table`: its first line.")
    rows: tuple[tuple[str, ...], ...] = Field((), description="Of `table`: what follows.")
    picture: Picture | None = None
    is_whole: bool = Field(default=True, description="Whether nothing is left out.")


class Pinned(Wire):
    """Something of the library that a run has used, as it was then."""

    path: str = Field(description="In the library.")
    digest: str = Field(
        description="SHA-256 of a file, or of all in a folder; empty where it was not noted."
    )


class Provenance(Wire):
    """Where a run comes from: all that is needed to have the same again."""

    run: Run
    is_live: bool = Field(
        description="Whether it ran in place, on files that may have changed since."
    )
    twin: Pinned | None = Field(None, description="The twin, as it was when its copy was made.")
    inputs: tuple[Pinned, ...] = Field((), description="What the twin requires of the library.")
    copied_at: datetime | None = Field(None, description="When the copy was made that it ran in.")
    phases_before: tuple[str, ...] = Field(
        (), description="Runs that have worked in the same copy before, the oldest first."
    )
    description: str = Field("", description="The `twin.yaml` that counted, also of an inferred.")
    configuration: dict[str, Any] = Field(description="What the run was made to do, values put in.")
    image: str = Field(
        "", description="The image that it ran in, by its digest; empty where there are none."
    )
    environment: str = Field(
        "", description="Digest of the software that was built for it; empty where none was."
    )
    artefacts: tuple[Artefact, ...] = Field((), description="Its results.")
