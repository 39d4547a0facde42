"""Which assets need one: every asset that the caller may read is asked what it requires.

Until the index of the search knows it, this reads the metadata of assets, so many at the most.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from twinhub_api.library.assets import AssetUser, AssetUsers
from twinhub_dtconfig.references import BadReferenceError, Reference

from twinhub_library.areas import split_path
from twinhub_library.metadata import read_metadata
from twinhub_library.requirements import area_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twinhub_library.areas import Area
    from twinhub_library.assets import Asset
    from twinhub_library.requirements import Resolver

MOST_ASSETS = 5_000
MOST_SECONDS = 5.0
_PAGE = 500


def find_users(resolver: Resolver, areas: Sequence[Area], asset: Asset) -> AssetUsers:
    """Return the assets in some areas that name an asset among what they require."""
    users: list[AssetUser] = []
    until = time.monotonic() + MOST_SECONDS
    for count, other in enumerate(_assets(resolver, areas)):
        if count == MOST_ASSETS or time.monotonic() > until:
            return AssetUsers(users=tuple(users), is_complete=False)
        metadata = read_metadata(resolver.tree, other)
        if other.path != asset.path:
            texts = [text for text in metadata.requires if _is_of(text, asset, resolver)]
            users += [_user(resolver, other, metadata.title, text, asset) for text in texts]
    return AssetUsers(users=tuple(users), is_complete=True)


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
