"""What an asset is found by: read from its files, within limits that hold for any content.

A survey looks at names and times alone and is made at each look; its stamp changes whenever the
document may be another. The survey comes before the reading: what changes in between has another
stamp, so that the next look reads again.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twinhub_dtconfig.layout import TEXT, is_asset_name
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_dtconfig.references import BadReferenceError, Reference
from twinhub_kit.files.etags import etag_of
from twinhub_kit.files.paths import RelativePath

from twinhub_library.catalogue import read_metadata
from twinhub_library.errors import LibraryError
from twinhub_library.index.base import Document
from twinhub_library.index.texts import READERS, Budget
from twinhub_library.index.words import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_library.assets import Asset, Metadata
    from twinhub_library.tree import Tree

MOST_NAMES = 500
"""Names in a folder of an asset, and below it, that are looked at."""
DEEPEST = 3
_MOST_OF_A_FOLDER = 5_000
_LONGEST_TITLE, _LONGEST_SUMMARY, _MOST_VALUES, _LONGEST_VALUE = 200, 600, 30, 100
_LAST_SECOND = 253_402_300_799
_NOT_LOOKED_INTO = frozenset({"node_modules", "site-packages", "venv"})


@dataclass(frozen=True, slots=True)
class Survey:
    """The names of an asset's files, and which of them have words."""

    stamp: str
    names: tuple[str, ...]
    """From the asset on; those that are read come first."""
    readable: tuple[RelativePath, ...]
    changed_at: datetime


def key_of(asset: Asset) -> str:
    """Return the key of an asset's document: its path without a version.

    A withdrawn version is a document by itself, whose key is its whole path.
    """
    return str(asset.path) if asset.is_withdrawn else f"{asset.folder}/{asset.name}"


def survey(tree: Tree, asset: Asset) -> Survey:
    """Look at the names and times of an asset's files.

    Raises:
        LibraryError: it is not there any more.
    """
    looker = _Looker(tree)
    if asset.is_folder:
        looker.look_at_folder(asset.path)
    else:
        looker.look_at_file(asset.path)
    for name in asset.companions:
        looker.look_at_file(asset.folder / name)
    marks = sorted(looker.marks)
    newest = looker.newest_read or looker.newest
    stated = repr((str(asset.path), asset.version, asset.is_folder, marks, int(newest)))
    stamp = hashlib.blake2b(stated.encode("utf-8", "replace"), digest_size=8).hexdigest()
    names = tuple(name for name, etag in sorted(marks, key=lambda mark: (not mark[1], mark[0])))
    seconds = min(max(0.0, newest), _LAST_SECOND)
    changed_at = datetime.fromtimestamp(int(seconds), UTC)
    readable = sorted(looker.readable, key=lambda path: not path.name.lower().endswith(TEXT))
    return Survey(stamp, names, tuple(readable), changed_at)


def read_document(tree: Tree, asset: Asset, found: Survey) -> Document:
    """Return the document of an asset that was surveyed; what cannot be read is left out."""
    metadata = read_metadata(tree, asset)
    return Document(
        key=key_of(asset),
        stamp=found.stamp,
        path=str(asset.address),
        area=str(asset.area),
        kind=asset.kind.value,
        name=asset.name,
        changed_at=found.changed_at,
        title=normalise(metadata.title or asset.name)[:_LONGEST_TITLE],
        summary=normalise(metadata.summary)[:_LONGEST_SUMMARY],
        version=asset.version or metadata.version,
        licence=normalise(metadata.licence)[:_LONGEST_VALUE],
        owner=_owner(asset, metadata),
        keywords=_values(word.lower() for word in metadata.keywords),
        requires=_values(map(_asset_of, metadata.requires)),
        text=_read_text(tree, found),
        is_withdrawn=asset.is_withdrawn,
    )


def _asset_of(reference: str) -> str:
    """Return the asset that a reference names, without a version or a file in it."""
    try:
        return Reference.parse(reference).asset
    except BadReferenceError:  # it is a fault of the asset, and found as it is written
        return reference.partition("@")[0]


def _owner(asset: Asset, metadata: Metadata) -> str:
    if asset.area.kind is AreaKind.PRIVATE:
        return asset.area.label
    return normalise(metadata.authors[0])[:_LONGEST_VALUE] if metadata.authors else ""


def _values(texts: Iterable[str]) -> tuple[str, ...]:
    found = (normalise(text).strip()[:_LONGEST_VALUE] for text in texts)
    return tuple(list(dict.fromkeys(filter(None, found)))[:_MOST_VALUES])


def _read_text(tree: Tree, found: Survey) -> str:
    budget = Budget()
    parts = []
    for path in found.readable:
        reader = READERS[path.name.rpartition(".")[2].lower()]
        try:
            parts.append(budget.take(reader(tree, path, budget)))
        except LibraryError:
            continue
    parts.append(budget.take("\n".join(found.names)))
    return normalise("\n\n".join(filter(None, parts)))


class _Looker:
    """Goes through the files of one asset."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.marks: list[tuple[str, str]] = []
        self.readable: list[RelativePath] = []
        self.newest = self.newest_read = 0.0
        """When the asset itself, and a file that is read, has changed."""

    def look_at_file(self, path: RelativePath) -> None:
        entry = self._tree.get_entry(path)
        self.marks.append((path.name, entry.etag))
        self.newest = max(self.newest, entry.changed_at.timestamp())
        if _is_read(path.name):
            self.newest_read = max(self.newest_read, entry.changed_at.timestamp())
            self.readable.append(path)

    def look_at_folder(self, asset: RelativePath) -> None:
        waiting: list[tuple[str, ...]] = [()]
        while waiting and len(self.marks) < MOST_NAMES:
            names = waiting.pop(0)
            path = RelativePath((*asset.names, *names))
            inner = self._look_into(path, names)
            if len(names) < DEEPEST:
                waiting += [(*names, name) for name in inner]

    def _look_into(self, path: RelativePath, names: tuple[str, ...]) -> list[str]:
        """Note the names in a folder; return those of folders."""
        try:
            folder = self._tree.open_folder_descriptor(path)
        except LibraryError:
            if not names:
                raise
            return []
        try:
            if not names:
                self.newest = os.fstat(folder).st_mtime
            with os.scandir(folder) as entries:
                return self._note(sorted(entries, key=lambda one: one.name), path, names)
        finally:
            os.close(folder)

    def _note(
        self, entries: list[os.DirEntry[str]], path: RelativePath, names: tuple[str, ...]
    ) -> list[str]:
        folders = []
        for entry in entries[:_MOST_OF_A_FOLDER]:
            if len(self.marks) >= MOST_NAMES:
                break
            if not is_asset_name(entry.name) or not entry.name.isprintable():
                continue
            shown = "/".join((*names, entry.name))
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _NOT_LOOKED_INTO:
                    folders.append(entry.name)
                self.marks.append((shown, ""))
            elif _is_read(entry.name) and entry.is_file(follow_symlinks=False):
                self._note_readable(entry, shown, path)
            else:
                self.marks.append((shown, ""))
        return folders

    def _note_readable(self, entry: os.DirEntry[str], shown: str, path: RelativePath) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        self.marks.append((shown, etag_of(status)))
        self.newest_read = max(self.newest_read, status.st_mtime)
        self.readable.append(RelativePath((*path.names, entry.name)))


def _is_read(name: str) -> bool:
    return name.rpartition(".")[2].lower() in READERS
