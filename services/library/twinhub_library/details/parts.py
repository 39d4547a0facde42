"""Which parts an asset has, by the names of its files."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from twinhub_api.library.assets import AssetPart
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.files.errors import BadPathError, NotThereError
from twinhub_kit.files.paths import MOST_NAMES, RelativePath

from twinhub_library.details.errors import UnreadablePartError
from twinhub_library.errors import LibraryError
from twinhub_library.metadata import list_texts
from twinhub_library.scanning import scan_folder
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twinhub_library.assets import Asset
    from twinhub_library.tree import Tree

MODEL, TABLE, NOTEBOOK, IMAGE = "model", "table", "notebook", "image"
SUFFIXES = {
    ".fmu": MODEL,
    ".csv": TABLE,
    ".tsv": TABLE,
    ".ipynb": NOTEBOOK,
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"), IMAGE),
}
_ALWAYS = ("tree", "size", "history", "requires", "used-by")
_MOST_OF_A_KIND = 20
_MOST_NAMES = 2_000


def list_parts(tree: Tree, asset: Asset) -> list[AssetPart]:
    """Return what more can be asked for about an asset; of files, those at its top."""
    parts = [_part(asset, name) for name in _ALWAYS]
    if asset.kind is AssetKind.DIGITAL_TWINS and asset.is_folder:
        parts.append(_part(asset, "graph"))
    readme = find_readme(tree, asset)
    if readme is not None:
        parts.append(_part(asset, "readme", readme.name))
    names = _file_names(tree, asset)
    for kind in dict.fromkeys(SUFFIXES.values()):
        of_kind = [name for name in names if part_of(name) == kind][:_MOST_OF_A_KIND]
        parts += [_part(asset, kind, name if asset.is_folder else "") for name in of_kind]
    return parts


def find_readme(tree: Tree, asset: Asset) -> RelativePath | None:
    """Return the text that is shown for an asset: its README, else its description."""
    texts = list_texts(tree, asset)
    last = [path for name, path in texts.items() if name.lower().endswith(".md")]
    inside = [path for path in last if path.names[:-1] == asset.path.names]
    found = inside or last
    return found[-1] if found else None


def find_file(tree: Tree, asset: Asset, file: str, part: str) -> RelativePath:
    """Return the file of an asset that a part is about; without a name the first that fits.

    Raises:
        NotThereError: there is none.
        BadPathError: no file can have that name.
        UnreadablePartError: its name is not that of such a file.
    """
    if file:
        inner = RelativePath.parse(file)
        path = RelativePath((*asset.path.names, *inner.names)) if asset.is_folder else asset.path
        if len(path.names) > MOST_NAMES:
            raise BadPathError(f"{file} is too deep.")
        if not asset.is_folder and str(inner) != asset.path.name:
            raise NotThereError(f"{asset.path} is a single file: leave out `file`.")
    else:
        names = [name for name in _file_names(tree, asset) if part_of(name) == part]
        if not names:
            raise NotThereError(f"{asset.path} has no {part} at its top: name one by `file`.")
        path = asset.path / names[0] if asset.is_folder else asset.path
    if part_of(path.name, asset) != part:
        wanted = ", ".join(suffix for suffix, one in SUFFIXES.items() if one == part)
        raise UnreadablePartError(f"{path} is no {part}: its name ends in none of {wanted}.")
    return path


def part_of(name: str, asset: Asset | None = None) -> str | None:
    """Return which part shows a file of a name; of a published file its version does not count."""
    plain = asset.name if asset is not None and not asset.is_folder else name
    return SUFFIXES.get(PurePosixPath(plain).suffix.lower())


def address_of(asset: Asset, part: str, **query: str) -> str:
    """Return the path of the address of a part."""
    path = f"/api/assets/{quote(str(asset.path))}/-/{part}"
    given = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items() if value)
    return f"{path}?{given}" if given else path


def _part(asset: Asset, name: str, file: str = "") -> AssetPart:
    query = "" if name == "readme" else file
    return AssetPart(name=name, address=address_of(asset, name, file=query), file=file)


def _file_names(tree: Tree, asset: Asset) -> list[str]:
    """Return the names of files at the top of an asset; its own name where it is one."""
    if not asset.is_folder:
        return [asset.name]
    return sorted(_usable(_scan(tree, asset)))


def _scan(tree: Tree, asset: Asset) -> Iterator[str]:
    try:
        found = scan_folder(tree, asset.path, most=_MOST_NAMES)
    except LibraryError:
        return
    yield from (name for name, kind in found if kind in {EntryKind.FILE, EntryKind.LINK})


def _usable(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name.isprintable())
