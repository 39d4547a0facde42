"""How much room the areas of the library take, and how much they may."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from twinhub_api.wire import Wire


class AreaUsage(Wire):
    """What one area takes."""

    area: str
    area_kind: Literal["private", "team", "common"]
    bytes: int = Field(description="On the disk; what has several names is counted once.")
    files: int
    kinds: dict[str, int] = Field(
        description="Bytes by kind of asset; `bin`, and `other` for what is in no folder of a kind."
    )
    limit: int = Field(description="How many bytes it may take; 0 for no limit.")
    is_enforced: bool = Field(
        description="Whether the file system itself keeps the limit; else it is measured."
    )
    measured_at: datetime


class UsagePage(Wire):
    """What the areas take that the caller may know of: own and teams'; an admin knows of all."""

    items: tuple[AreaUsage, ...]
    next: str | None = Field(None, description="What `after` is for the next page.")
    free: int = Field(description="Bytes that the disk has left.")
    kept_free: int = Field(description="Bytes that the disk has to keep; nothing is written past.")


class AssetUsage(Wire):
    """What one asset takes, or one folder that is none."""

    path: str = Field(
        description="Of the library; empty of the bin, and of a kind in an area that one may not "
        "read."
    )
    kind: str = Field(description="Kind of the asset; `bin`, or `other` for anything else.")
    bytes: int
    files: int


class AssetUsagePage(Wire):
    """What the assets of an area take, the largest first."""

    usage: AreaUsage
    items: tuple[AssetUsage, ...]
    next: str | None = Field(None, description="What `after` is for the next page.")
