"""Assets: what there is, and what is known about one."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from twinhub_api.wire import Wire

AreaKind = Literal["private", "team", "common"]
AssetKind = Literal["data", "models", "functions", "tools", "digital_twins"]


class AssetQuery(Wire):
    """Which assets are listed, and in which order."""

    area: str = Field("", description="`private`, `team`, `common`, or the path of an area.")
    kind: tuple[AssetKind, ...] = Field((), description="All kinds where none is given.")
    root: str = Field("", description="Only assets of this root and of those below it.")
    sort: Literal["path", "name"] = "path"
    limit: int = Field(100, ge=1, le=1000)
    after: str = Field("", description="`next` of the page before.")


class AssetSummary(Wire):
    """One asset of a list; of a published one, its newest version."""

    path: str = Field(description="Where it is in the library, such as `common/models/tank`.")
    area: AreaKind
    label: str = Field(description="Label of the user or team; empty for a common asset.")
    kind: AssetKind
    name: str = Field(description="Without a version; that of a single file has its suffix.")
    root: str = Field(description="The folder that holds its kind: the area, or a deeper one.")
    version: str | None = Field(None, description="Of a published asset.")
    is_folder: bool
    title: str
    summary: str = ""
    licence: str = ""
    keywords: tuple[str, ...] = ()
    faults: int = Field(0, description="How much is wrong with its `asset.yaml` or `twin.yaml`.")
    is_deprecated: bool = Field(
        default=False, description="Whether its publisher says that something else is better."
    )
    deprecated_why: str = Field("", description="Why, in the publisher's words.")
    successor: str = Field("", description="What to use instead, as a reference; may be empty.")
    is_withdrawn: bool = Field(
        default=False,
        description="Whether it was withdrawn; those alone see it who use or have published it.",
    )
    withdrawn_why: str = Field("", description="Why, in the publisher's words.")


class AssetPage(Wire):
    """Some assets in order."""

    assets: tuple[AssetSummary, ...]
    next: str = Field("", description="Cursor of the next page; empty on the last.")


class Requirement(Wire):
    """Something that an asset needs, and whether it is there."""

    reference: str
    is_found: bool
    path: str = Field("", description="Where it is; empty if it is not there for the caller.")
    version: str | None = Field(None, description="The newest version that is good enough.")
    newest: str | None = Field(None, description="The newest version of all.")
    is_outdated: bool = Field(
        default=False, description="Whether there is a newer one than is good enough."
    )
    problem: str = Field("", description="Why it is not found, and what to do.")


class AssetPart(Wire):
    """Something more that can be asked for about an asset."""

    name: str
    address: str = Field(description="Path of the address, below that of the library.")
    file: str = Field("", description="The file in the asset that it is about; empty for all.")


class AssetDetails(AssetSummary):
    """Everything about an asset that is cheap to tell."""

    authors: tuple[str, ...] = ()
    requires: tuple[Requirement, ...] = ()
    companions: tuple[str, ...] = Field((), description="Names beside it that belong to it.")
    versions: tuple[str, ...] = Field((), description="All that are published, newest first.")
    source: str = Field("", description="The file that most of this is from.")
    fault_texts: tuple[str, ...] = Field((), description="`file:line:column: what; remedy`.")
    changed_at: datetime
    size: int = Field(description="Bytes of a single file; 0 of a folder: see the part `size`.")
    parts: tuple[AssetPart, ...] = ()


class TreeQuery(Wire):
    """Which part of a tree is shown."""

    depth: int = Field(1, ge=1, le=64, description="How many folders deep.")
    limit: int = Field(200, ge=1, le=1000)
    after: str = Field("", description="`next` of the page before.")


class TreeEntry(Wire):
    """Something in an asset."""

    path: str = Field(description="From the asset on.")
    kind: Literal["file", "folder", "link", "other"]
    size: int = Field(description="Bytes of a file; 0 of anything else.")
    changed_at: datetime


class TreePage(Wire):
    """Some of what is in an asset, folder by folder."""

    entries: tuple[TreeEntry, ...]
    next: str = Field("", description="Cursor of the next page; empty on the last.")
    is_cut: bool = Field(
        default=False, description="Whether there is more that is too deep or too much to look at."
    )


class AssetSize(Wire):
    """How large an asset is."""

    size: int = Field(description="Bytes of all files.")
    files: int
    folders: int
    is_complete: bool = Field(description="False where there was too much to count it all.")


class HistoryEntry(Wire):
    """Something that has happened to an asset: a version, a commit, a snapshot."""

    at: datetime
    what: str = Field(description="Such as `published`, `deprecated`, `commit`.")
    by: str = ""
    version: str = ""
    message: str = ""
    mark: str = Field("", description="What it is called where it is from: a digest, a commit.")


class History(Wire):
    """What has happened to an asset, newest first."""

    entries: tuple[HistoryEntry, ...]
    next: str = Field("", description="Cursor of the next page; empty on the last.")


class Requirements(Wire):
    """What an asset needs."""

    requires: tuple[Requirement, ...]


class AssetUser(Wire):
    """An asset that names another among what it needs."""

    path: str
    title: str
    kind: AssetKind
    reference: str = Field(description="As it is written there.")
    version: str | None = Field(None, description="The version that it gets now.")
    is_this: bool = Field(description="Whether that is the version that was asked about.")


class AssetUsers(Wire):
    """Which assets need one, among those that the caller may read."""

    users: tuple[AssetUser, ...]
    is_complete: bool = Field(description="False where there were too many assets to look at.")


class ModelQuery(Wire):
    """Which model is shown, and which of its variables."""

    file: str = Field("", description="An FMU in the asset; without it the first.")
    limit: int = Field(200, ge=1, le=1000)
    after: str = Field("", description="`next` of the page before.")


class ModelVariable(Wire):
    """A variable of an FMU."""

    name: str
    type: str
    causality: str
    variability: str
    unit: str | None = None
    start: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""


class Model(Wire):
    """What an FMU says about itself; its variables by name, page by page."""

    file: str
    name: str
    fmi_version: str
    description: str
    kinds: tuple[str, ...]
    platforms: tuple[str, ...]
    has_sources: bool
    start_time: float | None = None
    stop_time: float | None = None
    step_size: float | None = None
    count: int = Field(description="How many variables it has.")
    variables: tuple[ModelVariable, ...]
    next: str = Field("", description="Cursor of the next page; empty on the last.")


class TableColumn(Wire):
    """A column of a table, as far as it was read."""

    name: str
    type: Literal["number", "integer", "boolean", "time", "text", "empty"]
    missing: int = Field(description="Rows without a value.")
    minimum: float | str | None = None
    maximum: float | str | None = None
    mean: float | None = None


class Table(Wire):
    """The head of a table of text, and what its columns hold."""

    file: str
    encoding: str
    separator: str
    has_header: bool
    columns: tuple[TableColumn, ...]
    head: tuple[tuple[str, ...], ...] = Field(description="The first rows.")
    rows: int = Field(description="Rows that were read.")
    is_complete: bool = Field(description="False where the rest of the file was not read.")
    notes: tuple[str, ...] = Field((), description="What is odd about it.")


class Heading(Wire):
    """A heading in a notebook."""

    level: int
    text: str
    cell: int = Field(description="Number of its cell, from 0.")


class Notebook(Wire):
    """What a notebook holds."""

    file: str
    title: str
    kernel: str
    language: str
    format: str
    headings: tuple[Heading, ...]
    code_cells: int
    text_cells: int
    outputs: int = Field(description="Code cells that have output.")
    size: int


class Graph(Wire):
    """A twin as a flowchart."""

    mermaid: str = Field(description="Source of a flowchart of Mermaid; its labels are escaped.")
