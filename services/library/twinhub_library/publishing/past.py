"""What has happened to assets by publishing and importing, for their history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twinhub_api.library.assets import HistoryEntry
from twinhub_dtconfig.references import Area as AreaKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.assets import Asset
    from twinhub_library.imports.imports import Imports
    from twinhub_library.publishing.publisher import Publisher
    from twinhub_library.store.publishing import VersionRow


class PublishingHistory:
    """Knows when an asset's versions were published, and where a copy is from."""

    def __init__(self, publisher: Publisher, imports: Imports) -> None:
        """Tell what these two know."""
        self._publisher = publisher
        self._imports = imports

    def list_history(self, asset: Asset) -> Iterator[HistoryEntry]:
        """Yield what has happened to an asset, newest first."""
        if asset.area.kind is AreaKind.COMMON:
            rows = self._publisher.versions.list_of(asset.kind, asset.name)
            offered = (row for row in rows if not row.is_withdrawn)
            for row in sorted(offered, key=lambda row: row.published_at, reverse=True):
                yield _published(row)
            return
        found = self._imports.find(asset.path)
        if found is not None:
            at = datetime.fromtimestamp(found.updated_at, UTC)
            what = "imported" if found.updated_at == found.made_at else "updated"
            version = f"@{found.version}" if found.version else ""
            text = f"From {found.source}{version}"
            yield HistoryEntry(
                at=at, what=what, by=found.made_by, message=text,
                version=found.version, mark=found.digest,
            )  # fmt: skip


def _published(row: VersionRow) -> HistoryEntry:
    return HistoryEntry(
        at=datetime.fromtimestamp(row.published_at, UTC), what="published", by=row.author,
        message=row.message, version=row.version, mark=row.digest,
    )  # fmt: skip
