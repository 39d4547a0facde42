"""Events of the library, as `GET /api/events` sends them."""

from __future__ import annotations

from pydantic import Field

from twinhub_api.wire import Wire

ASSET_CHANGED = "asset.changed"
"""Name of the event that something has changed; its data is an `AssetChanged`."""
CHANGES_LOST = "changes.lost"
"""Name of the event that some changes cannot be told: read again what is shown."""


class AssetChanged(Wire):
    """Something has changed at a path of the library, or below it."""

    path: str = Field(description="A path of the library that the caller may read.")
