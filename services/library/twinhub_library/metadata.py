"""What is said about an asset, by its ``asset.yaml``, its ``twin.yaml`` or its text."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from twinhub_dtconfig.asset_files import FILE_NAME as ASSET_FILE
from twinhub_dtconfig.asset_files import keep_what_is_right, read_asset
from twinhub_dtconfig.documents import DEFAULT_LIMITS
from twinhub_dtconfig.inference.prose import find_summary, find_title
from twinhub_dtconfig.layout import METADATA, TEXT
from twinhub_dtconfig.loading import FILE_NAME as TWIN_FILE
from twinhub_dtconfig.loading import TwinError, parse_twin
from twinhub_dtconfig.references import AssetKind

from twinhub_library.assets import Metadata
from twinhub_library.errors import LibraryError
from twinhub_library.scanning import scan_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_dtconfig.faults import Fault
    from twinhub_dtconfig.models.asset_file import AssetFile
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Data
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.assets import Asset
    from twinhub_library.tree import Tree

MOST_TEXT = 16 * 1024
"""Bytes of a text that title and summary are looked for in."""
MOST_NAMES = 2_000
"""Names of an asset's folder among which its texts are looked for."""

_TEXTS = ("description.md", "readme.md")
_MOST_FAULTS = 20


def read_metadata(tree: Tree, asset: Asset) -> Metadata:
    """Return what is said about an asset; bad content is told in the faults and never raised."""
    names = list_texts(tree, asset)
    found = _read_described(tree, names)
    if found.title and found.summary:
        return found
    texts = [(name, _read_text(tree, path)) for name, path in names.items() if _is_text(name)]
    title = found.title or next(filter(None, (find_title(text) for _, text in reversed(texts))), "")
    summary = found.summary or next(filter(None, (find_summary(text) for _, text in texts)), "")
    source = found.source or (texts[0][0] if texts and (title or summary) else "")
    return replace(found, title=title or asset.name, summary=summary, source=source)


def list_texts(tree: Tree, asset: Asset) -> dict[str, RelativePath]:
    """Return the files that say something about an asset, by their names, in order of their weight.

    ``twin.yaml`` or ``asset.yaml`` comes first, then ``description.md``, then the README.
    """
    beside = {_unversioned(name, asset): asset.folder / name for name in asset.companions}
    inside: dict[str, RelativePath] = {}
    if asset.is_folder:
        names = set(_names(tree, asset.path))
        texts = {name.lower(): name for name in sorted(names, reverse=True)}
        files = (TWIN_FILE,) if asset.kind is AssetKind.DIGITAL_TWINS else ()
        wanted = [name for name in (*files, ASSET_FILE) if name in names]
        wanted += [texts[name] for name in _TEXTS if name in texts]
        inside = {name: asset.path / name for name in wanted}
    elif asset.name.endswith(TEXT):
        inside = {asset.name: asset.path}  # a published one has its version in the path
    described = {name: path for name, path in beside.items() if name.endswith(METADATA)}
    about = {name: path for name, path in beside.items() if name.endswith(TEXT)}
    return {**described, **inside, **about}


def _unversioned(name: str, asset: Asset) -> str:
    return name.removesuffix(f"@{asset.version}") if asset.version else name


def read_start(tree: Tree, path: RelativePath, most: int) -> bytes:
    """Return the first bytes of a file.

    Raises:
        LibraryError: it cannot be opened.
    """
    with os.fdopen(tree.open_file(path), "rb", buffering=0) as file:
        parts = []
        while most > 0 and (part := file.read(min(most, 1 << 20))):
            parts.append(part)
            most -= len(part)
    return b"".join(parts)


def _names(tree: Tree, path: RelativePath) -> Iterable[str]:
    try:
        return [name for name, _ in scan_folder(tree, path, most=MOST_NAMES)]
    except LibraryError:
        return []


def _is_text(name: str) -> bool:
    return name.lower().endswith(TEXT)


def _read_text(tree: Tree, path: RelativePath) -> str:
    try:
        return read_start(tree, path, MOST_TEXT).decode(errors="replace").removeprefix("\ufeff")
    except LibraryError:
        return ""


def _read_described(tree: Tree, names: dict[str, RelativePath]) -> Metadata:
    """Return what the first YAML file says; a twin's own says all that there is to say."""
    name = next((name for name in names if not _is_text(name)), None)
    if name is None:
        return Metadata()
    try:
        content = read_start(tree, names[name], DEFAULT_LIMITS.size_bytes + 1)
    except LibraryError as error:
        return Metadata(faults=(f"{name}:1:1: {error}",), source=name)
    return _kept.find_or_make(content, name)


def _described(content: bytes, name: str) -> Metadata:
    if name == TWIN_FILE:
        return _of_twin(content, name)
    read = read_asset(content, name)
    return _of_asset(read.asset, _texts_of(read.faults), name)


class _Kept:
    """What contents have said lately: equal content says the same."""

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, Metadata] = OrderedDict()
        self._lock = threading.Lock()

    def find_or_make(self, content: bytes, name: str) -> Metadata:
        key = hashlib.sha256(name.encode() + b"\0" + content).digest()
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        made = _described(content, name)
        with self._lock:
            self._found[key] = made
            while len(self._found) > _MOST_KEPT:
                self._found.popitem(last=False)
        return made


_MOST_KEPT = 1_024
_kept = _Kept()


def _of_twin(content: bytes, name: str) -> Metadata:
    try:
        loaded = parse_twin(content, name)
    except TwinError as error:
        data: Data = error.document.data if error.document is not None else None
        return _of_asset(keep_what_is_right(data), _texts_of(error.faults), name)
    twin = loaded.twin
    return Metadata(
        title=twin.title or twin.name, summary=twin.summary or "", version=twin.version or "",
        licence=twin.licence or "", authors=(twin.owner,) if twin.owner else (),
        keywords=twin.keywords, requires=_uses_of(twin),
        faults=_texts_of(loaded.warnings), source=name,
    )  # fmt: skip


def _uses_of(twin: Twin) -> tuple[str, ...]:
    found = (use.asset or use.twin for use in twin.uses.values())
    return tuple(dict.fromkeys(filter(None, found)))


def _of_asset(asset: AssetFile, faults: tuple[str, ...], source: str) -> Metadata:
    return Metadata(
        title=asset.title or "", summary=asset.summary or "", version=asset.version or "",
        licence=asset.licence or "", authors=asset.authors, keywords=asset.keywords,
        requires=asset.requires, faults=faults, source=source,
    )  # fmt: skip


def _texts_of(faults: Iterable[Fault]) -> tuple[str, ...]:
    return tuple(str(fault) for fault in list(faults)[:_MOST_FAULTS])
