"""Assets: a list of them, and what is cheap to tell about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from twinhub_api.library.assets import (
    AssetDetails,
    AssetPage,
    AssetQuery,
    AssetSummary,
    Requirement,
)
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.access import readable_areas
from twinhub_library.assets import Asset
from twinhub_library.catalogue import KINDS
from twinhub_library.details.parts import list_parts
from twinhub_library.listing import Order
from twinhub_library.metadata import read_metadata
from twinhub_library.requirements import Resolver
from twinhub_library.rest.answers import answer_with_etag
from twinhub_library.rest.needs import KnownCaller, TheLibrary, list_teams, readable_path
from twinhub_library.rest.said import find_kept, said_of

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

    from twinhub_library.areas import Area
    from twinhub_library.assets import Metadata
    from twinhub_library.library import Library
    from twinhub_library.requirements import Resolved

router = APIRouter(tags=["assets"])
catch_all = APIRouter(tags=["assets"])
"""Its path takes in all that begins like it: included after every other router."""

_LONGEST_SUMMARY = 500

_Query = Annotated[AssetQuery, Query()]


@router.get("/api/assets", response_model=AssetPage)
def list_assets(
    request: Request,
    library: TheLibrary,
    caller: KnownCaller,
    query: Annotated[AssetQuery, Query()],
) -> Response:
    """Return the assets that the caller may read: own, of teams, common; by path or by name."""
    areas = _wanted_areas(readable_areas(caller, list_teams(library)), query.area)
    page = library.listing.list_page(
        areas,
        kinds=[AssetKind(kind) for kind in query.kind] or KINDS,
        order=Order(query.sort),
        after=query.after,
        limit=query.limit,
        below=readable_path(library, caller, query.root) if query.root else None,
    )
    found = [summary_of(library, one, read_metadata(library.tree, one)) for one in page.assets]
    return answer_with_etag(request, AssetPage(assets=tuple(found), next=page.next))


def get_readable_asset(path: str, library: TheLibrary, caller: KnownCaller) -> Asset:
    """Return the asset at the path of a route, which the caller may read."""
    return readable_asset(library, caller, path)


TheAsset = Annotated[Asset, Depends(get_readable_asset)]
"""Type of a route's parameter that is the asset at its path."""


@catch_all.get("/api/assets/{path:path}", response_model=AssetDetails)
def get_asset(
    asset: TheAsset, request: Request, library: TheLibrary, caller: KnownCaller
) -> Response:
    """Return everything about an asset that is cheap to tell; `parts` says what more there is."""
    metadata = read_metadata(library.tree, asset)
    entry = library.tree.get_entry(asset.path)
    details = AssetDetails(
        **summary_of(library, asset, metadata).model_dump(exclude={"summary"}),
        summary=metadata.summary, authors=metadata.authors,
        requires=requirements_of(library, caller, metadata),
        companions=asset.companions, versions=tuple(library.listing.list_versions(asset)),
        source=metadata.source, fault_texts=metadata.faults,
        changed_at=entry.changed_at, size=entry.size,
        parts=tuple(list_parts(library.tree, asset)),
    )  # fmt: skip
    return answer_with_etag(request, details)


def readable_asset(library: Library, caller: Caller, text: str) -> Asset:
    """Return the asset at a path, which the caller may read.

    Raises:
        BadPathError: no file can have that path.
        NotThereError: there is none, or none that the caller may know of.
    """
    path = readable_path(library, caller, text)
    asset = library.listing.find_asset(path) or find_kept(library, caller, path)
    if asset is None:
        raise NotThereError(f"There is no asset {path}.")
    if len(path.names) > len(asset.path.names):
        raise NotThereError(f"{path} is in an asset: ask for {asset.path}, or for the file.")
    return asset


def summary_of(library: Library, asset: Asset, metadata: Metadata) -> AssetSummary:
    """Return what a list says about an asset."""
    return AssetSummary(
        path=str(asset.address), area=asset.area.kind.value, label=asset.area.label,
        kind=asset.kind.value, name=asset.name, root=str(asset.root), version=asset.version,
        is_folder=asset.is_folder, title=metadata.title,
        summary=metadata.summary[:_LONGEST_SUMMARY], licence=metadata.licence,
        keywords=metadata.keywords, faults=len(metadata.faults),
        **said_of(library, str(asset.area), kind=asset.kind.value, name=asset.name,
                  version=asset.version),
    )  # fmt: skip


def requirements_of(
    library: Library, caller: Caller, metadata: Metadata
) -> tuple[Requirement, ...]:
    """Return what an asset needs, with whether it is there for the caller."""
    resolver = Resolver(library.tree, library.listing, caller, list_teams(library))
    return tuple(_requirement(resolver.resolve(one)) for one in metadata.requires)


def _requirement(found: Resolved) -> Requirement:
    asset = found.asset
    return Requirement(
        reference=found.reference, is_found=asset is not None,
        path=str(asset.path) if asset else "", version=asset.version if asset else None,
        newest=found.newest, is_outdated=found.is_outdated, problem=found.problem,
    )  # fmt: skip


def _wanted_areas(areas: list[Area], wanted: str) -> list[Area]:
    """Return the areas that a filter leaves; those that the caller may not read are not there.

    Raises:
        NotThereError: it leaves none.
    """
    if not wanted:
        return areas
    path = str(RelativePath.parse(wanted))
    found = [area for area in areas if path in {str(area), area.kind.value}]
    if not found and path != "team":
        raise NotThereError(f"There is no area {path}.")
    return found
