"""How much room areas take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query
from twinhub_api.library.usage import AreaUsage, AssetUsage, AssetUsagePage, UsagePage
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.access import may_read, readable_areas
from twinhub_library.areas import split_path
from twinhub_library.rest.needs import KnownCaller, TheLibrary, list_teams

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

    from twinhub_library.areas import Area
    from twinhub_library.library import Library

router = APIRouter(tags=["usage"])

_KINDS: dict[AreaKind, Literal["private", "team", "common"]] = {
    AreaKind.PRIVATE: "private",
    AreaKind.TEAM: "team",
    AreaKind.COMMON: "common",
}
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at the most.")]


@router.get("/api/usage")
def list_usage(
    library: TheLibrary, caller: KnownCaller, limit: Limit = 100,
    after: Annotated[str, Query(max_length=1024, description="`next` of the page before.")] = "",
) -> UsagePage:  # fmt: skip
    """Return what the caller's areas take, as measured last; an admin sees all areas."""
    areas = sorted(_visible_areas(library, caller), key=str)
    found = [area for area in areas if str(area) > after]
    return UsagePage(
        items=tuple(_usage(library, area) for area in found[:limit]),
        next=str(found[limit - 1]) if len(found) > limit else None,
        free=library.quota.get_free(), kept_free=library.settings.quota.free_bytes,
    )  # fmt: skip


@router.get("/api/usage/{area:path}")
def list_asset_usage(
    area: str, library: TheLibrary, caller: KnownCaller, limit: Limit = 100,
    after: Annotated[int, Query(ge=0, le=10**9, description="`next` of the page before.")] = 0,
    *, fresh: Annotated[bool, Query(description="Measure now.")] = False,
) -> AssetUsagePage:  # fmt: skip
    """Return what the assets of an area take, the 10,000 largest of them, the largest first.

    Of an area that an admin may not read there are kinds in place of assets.
    """
    wanted, rest = split_path(RelativePath.parse(area))
    if rest.names or wanted not in _visible_areas(library, caller):
        raise NotThereError(f"{area} is no area of yours.")
    measured = library.usage.measure(wanted) if fresh else library.usage.get(wanted)
    shown = measured.rows
    if not may_read(caller, wanted, list_teams(library)):
        shown = measured.by_kind
    rows = shown[after : after + limit]
    items = [
        AssetUsage(
            path=f"{wanted}/{row.path}" if row.path else "",
            kind=row.kind,
            bytes=row.bytes,
            files=row.files,
        )
        for row in rows
    ]
    more = after + limit < len(shown)
    return AssetUsagePage(
        usage=_usage(library, wanted), items=tuple(items),
        next=str(after + limit) if more else None,
    )  # fmt: skip


def _visible_areas(library: Library, caller: Caller) -> list[Area]:
    if caller.is_admin:
        return library.usage.list_areas()
    areas = readable_areas(caller, list_teams(library))
    return [area for area in areas if area.kind is not AreaKind.COMMON]


def _usage(library: Library, area: Area) -> AreaUsage:
    measured = library.usage.get(area)
    limit = library.quota.get_limit(area)
    return AreaUsage(
        area=str(area), area_kind=_KINDS[area.kind], bytes=measured.bytes, files=measured.files,
        kinds=measured.kinds, limit=limit.bytes, is_enforced=limit.is_enforced,
        measured_at=measured.measured_at,
    )  # fmt: skip
