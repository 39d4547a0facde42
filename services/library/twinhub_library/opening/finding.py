"""Finding what a link names among what is published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twinhub_dtconfig.faults import nearest_key
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import THE_COMMON_AREA
from twinhub_library.catalogue import find_asset, list_assets, list_versions
from twinhub_library.errors import LibraryError
from twinhub_library.opening.faults import NextStep, NoSuchAssetError
from twinhub_library.opening.links import AssetLink
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from twinhub_library.assets import Asset
    from twinhub_library.tree import Tree

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Found:
    """A published asset that a link names."""

    link: AssetLink
    asset: Asset
    inner_kind: EntryKind
    """What the link's path is in it."""


def find_published(tree: Tree, link: AssetLink) -> Found:
    """Return the asset that a link names.

    Raises:
        NoSuchAssetError: there is none; the nearest name or version is a step on.
    """
    asset = _find(tree, link)
    if not link.path.names or not asset.is_folder:
        kind = EntryKind.FOLDER if asset.is_folder else EntryKind.FILE
        return Found(link, asset, kind)
    inner = RelativePath((*asset.path.names, *link.path.names))
    try:
        kind = tree.get_entry(inner).kind
    except LibraryError as error:
        whole = AssetLink(link.kind, link.name, link.version)
        raise NoSuchAssetError(
            f"{asset.name} has no file {str(link.path)!r}: open it as a whole, or tell whoever "
            "gave you the link.",
            NextStep(f"Open {asset.name}", whole.address),
        ) from error
    return Found(link, asset, kind)


def _find(tree: Tree, link: AssetLink) -> Asset:
    folder = RelativePath((*THE_COMMON_AREA.path.names, link.kind))
    version = f"@{link.version}" if link.version else ""
    name = f"{link.name}{version}"
    asset = find_asset(tree, RelativePath((*folder.names, name)))
    if asset is not None and asset.name == link.name:
        return asset
    known = next(
        (one for one in list_assets(tree, THE_COMMON_AREA, link.kind) if one.name == link.name),
        None,
    )
    if known is None:
        raise _unknown_name(tree, link)
    if not link.version:
        return known
    raise _unknown_version(link, list_versions(tree, known))


def _unknown_name(tree: Tree, link: AssetLink) -> NoSuchAssetError:
    names = [one.name for one in list_assets(tree, THE_COMMON_AREA, link.kind)]
    near = nearest_key(link.name, names)
    if near is None:
        return NoSuchAssetError(
            f"Nothing called {link.name!r} is published among the {link.kind}. It may have been "
            "withdrawn or renamed: tell whoever gave you the link."
        )
    meant = AssetLink(link.kind, near)
    return NoSuchAssetError(
        f"Nothing called {link.name!r} is published among the {link.kind}. The nearest name is "
        f"{near!r}.",
        NextStep(f"Open {near}", meant.address),
    )


def _unknown_version(link: AssetLink, versions: list[str]) -> NoSuchAssetError:
    shown = ", ".join(versions[:_SHOWN]) + (", …" if len(versions) > _SHOWN else "")
    near = nearest_key(str(link.version), versions)
    steps = [NextStep(f"Open version {near}", replace(link, version=near).address)] if near else []
    newest = replace(link, version=None)
    return NoSuchAssetError(
        f"There is no version {link.version} of {link.name}"
        + (f": there are {shown}." if versions else "."),
        *steps, NextStep("Open the newest version", newest.address),
    )  # fmt: skip
