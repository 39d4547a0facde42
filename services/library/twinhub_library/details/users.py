"""Which assets need one, among those that a caller may read.

Where there are few assets, each is asked what it requires now. Where there are many, the index of
the search says which to ask; it is some seconds behind the files at the most.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from twinhub_api.library.assets import AssetUser, AssetUsers
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_dtconfig.references import BadReferenceError, Reference
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import split_path
from twinhub_library.index.base import Access, Facet, Query, SearchIndexError, Sort
from twinhub_library.index.words import normalise
from twinhub_library.metadata import read_metadata
from twinhub_library.requirements import area_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from twinhub_library.areas import Area
    from twinhub_library.assets import Asset
    from twinhub_library.index.service import Search
    from twinhub_library.requirements import Resolver

MOST_SCANNED = 1_000
"""Assets that are asked without the index."""
MOST_SECONDS = 2.0
MOST_USERS = 1_000
_PAGE = 500


def find_users(
    resolver: Resolver, areas: Sequence[Area], asset: Asset, search: Search
) -> AssetUsers:
    """Return the assets in some areas that name an asset among what they require."""
    until = time.monotonic() + MOST_SECONDS
    users: list[AssetUser] = []
    for count, other in enumerate(_assets(resolver, areas)):
        if count == MOST_SCANNED or time.monotonic() > until:
            return _find_by_index(resolver, areas, asset, search) or AssetUsers(
                users=tuple(users), is_complete=False
            )
        users += _users_in(resolver, other, asset)
    return AssetUsers(users=tuple(users), is_complete=True)


def _find_by_index(
    resolver: Resolver, areas: Sequence[Area], asset: Asset, search: Search
) -> AssetUsers | None:
    """Ask those that the index names; None where it cannot be read."""
    access = Access(frozenset(map(str, areas)))
    filters = {Facet.REQUIRES: frozenset(map(normalise, _references_to(asset)))}
    query = Query(access, filters=filters, sort=Sort.NAME, limit=MOST_USERS)
    try:
        results = search.search(query)
    except SearchIndexError:
        return None
    users: list[AssetUser] = []
    for path in sorted(hit.document.path for hit in results.hits):
        other = resolver.listing.find_asset(RelativePath.parse(path))
        users += _users_in(resolver, other, asset) if other is not None else ()
    is_all = results.count <= MOST_USERS and search.state.progress.is_complete
    return AssetUsers(users=tuple(users), is_complete=is_all)


def _references_to(asset: Asset) -> Iterator[str]:
    """Yield how references name an asset, and what is beside it."""
    folder = {
        AreaKind.PRIVATE: "",
        AreaKind.TEAM: f"teams/{asset.area.label}/",
        AreaKind.COMMON: "common/",
    }[asset.area.kind]
    for name in (asset.name, *asset.companions):
        yield f"{folder}{asset.kind}/{name}"


def _users_in(resolver: Resolver, other: Asset, asset: Asset) -> Iterable[AssetUser]:
    """Return an asset once for each reference in it that names the other one."""
    if other.path == asset.path:
        return []
    metadata = read_metadata(resolver.tree, other)
    texts = [text for text in metadata.requires if _is_of(text, asset, resolver)]
    return [_user(resolver, other, metadata.title, text, asset) for text in texts]


def _assets(resolver: Resolver, areas: Sequence[Area]) -> Iterator[Asset]:
    after = ""
    while True:
        page = resolver.listing.list_page(areas, after=after, limit=_PAGE)
        yield from page.assets
        after = page.next
        if not after:
            return


def _is_of(text: str, asset: Asset, resolver: Resolver) -> bool:
    """Tell whether a reference names an asset, in whatever version."""
    try:
        reference = Reference.parse(text)
    except BadReferenceError:
        return False
    area, _ = split_path(asset.path)
    is_there = area_of(reference, resolver.caller) == area and asset.root == area.path
    names = {asset.name, *asset.companions}
    return is_there and reference.kind is asset.kind and reference.name in names


def _user(resolver: Resolver, other: Asset, title: str, text: str, asset: Asset) -> AssetUser:
    found = resolver.resolve(text).asset
    version = found.version if found else None
    return AssetUser(
        path=str(other.path), title=title, kind=other.kind.value, reference=text, version=version,
        is_this=found is not None and version == asset.version,
    )  # fmt: skip
