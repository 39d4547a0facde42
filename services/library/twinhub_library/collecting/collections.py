"""Which collections are published, and what is in one, as far as it is there.

A collection is an asset of any kind, mostly ``data``, with a ``collection.yaml`` in its folder. So
it is published, versioned, withdrawn and kept in git like any other; a link without a version
opens the newest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.collection_files import FILE_NAME, read_collection
from twinhub_dtconfig.documents import DEFAULT_LIMITS
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.references import Reference
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import THE_COMMON_AREA
from twinhub_library.catalogue import find_asset, list_assets, list_versions
from twinhub_library.errors import LibraryError
from twinhub_library.metadata import read_metadata, read_start
from twinhub_library.opening.faults import NextStep, NoSuchAssetError
from twinhub_library.opening.links import PAGES, AssetLink
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.models.collection import CollectionItem

    from twinhub_library.assets import Asset
    from twinhub_library.tree import Tree


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a collection."""

    heading: str = ""
    """Of a heading; empty of an asset."""
    title: str = ""
    summary: str = ""
    text: str = ""
    """Markdown."""
    link: AssetLink | None = None
    is_there: bool = True
    """Whether the asset is published, in a version that fits."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection; what is wrong with its file is told in ``faults``."""

    name: str
    asset: Asset
    title: str
    summary: str
    """Markdown."""
    parts: tuple[Part, ...] = ()
    versions: tuple[str, ...] = ()
    """The newest first."""
    faults: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """What it is counted by."""
        return f"collections/{self.name}"


def list_collections(tree: Tree) -> Iterator[Asset]:
    """Yield the published assets that are collections, by kind, then by name; each once."""
    for asset in list_assets(tree, THE_COMMON_AREA):
        if _is_collection(tree, asset):
            yield asset


def read_title(tree: Tree, asset: Asset) -> tuple[str, str]:
    """Return the title and the summary of a collection."""
    collection = read_collection(_content(tree, asset)).collection
    metadata = read_metadata(tree, asset)
    return collection.title or metadata.title, collection.summary or metadata.summary


def find_collection(tree: Tree, name: str) -> Collection:
    """Return a collection by its name, with ``@`` and a version if one is wanted.

    Raises:
        NoSuchAssetError: there is none; the nearest name is a step on.
    """
    plain, at, version = name.rpartition("@")
    plain = plain if at else name
    asset = next((one for one in list_collections(tree) if one.name == plain), None)
    if asset is None:
        near = nearest_key(plain, [one.name for one in list_collections(tree)])
        raise NoSuchAssetError(
            f"No collection is called {plain!r}." + (f" Is it {near!r}?" if near else ""),
            *([NextStep(f"Open {near}", f"{PAGES}/collections/{near}")] if near else ()),
        )
    versions = tuple(list_versions(tree, asset))
    if at:
        wanted = RelativePath((*asset.folder.names, f"{plain}@{version}"))
        found = find_asset(tree, wanted)
        if found is None or not _is_collection(tree, found):
            raise NoSuchAssetError(
                f"There is no version {version} of {plain}: there are {', '.join(versions)}.",
                NextStep("Open the newest version", f"{PAGES}/collections/{plain}"),
            )
        asset = found
    return _read(tree, asset, versions)


def _read(tree: Tree, asset: Asset, versions: tuple[str, ...]) -> Collection:
    read = read_collection(_content(tree, asset))
    title, summary = read_title(tree, asset)
    parts = tuple(_part(tree, item) for item in read.collection.items)
    return Collection(
        asset.name, asset, title, summary, parts, versions, tuple(map(str, read.faults))
    )


def _part(tree: Tree, item: CollectionItem) -> Part:
    if item.asset is None:
        return Part(heading=item.heading or "", text=item.text or "")
    reference = Reference.parse(item.asset)
    inner = RelativePath.parse(reference.path)
    asset = _find(tree, reference)
    title = item.title or inner.name or reference.name
    if asset is None:
        return Part(title=title, text=item.text or "", is_there=False)
    metadata = read_metadata(tree, asset)
    return Part(
        title=item.title or inner.name or metadata.title, text=item.text or "",
        summary="" if inner.names else metadata.summary,
        link=AssetLink(reference.kind, asset.name, _version(reference, asset), inner),
        is_there=not inner.names or _has(tree, asset, inner),
    )  # fmt: skip


def _find(tree: Tree, reference: Reference) -> Asset | None:
    folder = RelativePath((*THE_COMMON_AREA.path.names, reference.kind))
    assets = list_assets(tree, THE_COMMON_AREA, reference.kind)
    newest = next((one for one in assets if one.name == reference.name), None)
    if newest is None or reference.version is None:
        return newest
    version = reference.version.pick(list_versions(tree, newest))
    return find_asset(tree, folder / f"{reference.name}@{version}") if version else None


def _version(reference: Reference, asset: Asset) -> str | None:
    """Return the version that a link names: none where the newest is wanted."""
    return asset.version if reference.version is not None else None


def _has(tree: Tree, asset: Asset, inner: RelativePath) -> bool:
    try:
        tree.get_entry(RelativePath((*asset.path.names, *inner.names)))
    except LibraryError:
        return False
    return True


def _is_collection(tree: Tree, asset: Asset) -> bool:
    if not asset.is_folder:
        return False
    try:
        return tree.get_entry(asset.path / FILE_NAME).kind is EntryKind.FILE
    except LibraryError:
        return False


def _content(tree: Tree, asset: Asset) -> bytes:
    try:
        return read_start(tree, asset.path / FILE_NAME, DEFAULT_LIMITS.size_bytes + 1)
    except LibraryError:
        return b""
