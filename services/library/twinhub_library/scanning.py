"""Looks into folders that cost one ``scandir`` and no stat for each name."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

from twinhub_kit.files.paths import RelativePath

from twinhub_library.errors import LibraryError
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from twinhub_library.areas import Area
    from twinhub_library.tree import Tree

Names = list[tuple[str, EntryKind]]
"""Names in a folder, in no order, with what they stand for."""


def scan_folder(tree: Tree, path: RelativePath, *, most: int | None = None) -> Names:
    """Return the names in a folder, at most so many; those that no path can have are among them.

    Raises:
        NotThereError: there is no such folder.
        RefusedFileError: a link leads out of its area.
    """
    folder = tree.open_folder_descriptor(path)
    try:
        with os.scandir(folder) as entries:
            return [(one.name, _kind_of(one)) for one in itertools.islice(entries, most)]
    finally:
        os.close(folder)


def list_names(tree: Tree, path: RelativePath) -> list[str]:
    """Return the names in a folder, in no order, without what they stand for.

    Raises:
        NotThereError: there is no such folder.
        RefusedFileError: a link leads out of its area.
    """
    folder = tree.open_folder_descriptor(path)
    try:
        return os.listdir(folder)  # noqa: PTH208 - a descriptor
    finally:
        os.close(folder)


def find_kind(tree: Tree, path: RelativePath) -> EntryKind | None:
    """Return what is at a path, a link for what it is; None if nothing that may be opened."""
    try:
        return tree.get_entry(path).kind
    except LibraryError:
        return None


def find_target(tree: Tree, path: RelativePath) -> EntryKind | None:
    """Return whether a file or a folder is where a link leads; None for anything else."""
    for open_, kind in (
        (tree.open_folder_descriptor, EntryKind.FOLDER),
        (tree.open_file, EntryKind.FILE),
    ):
        try:
            os.close(open_(path))
        except LibraryError:
            continue
        return kind
    return None


def is_plain_folder(tree: Tree, area: Area, names: tuple[str, ...]) -> bool:
    """Tell whether names lead from an area to a folder that is no link."""
    return find_kind(tree, RelativePath((*area.path.names, *names))) is EntryKind.FOLDER


def _kind_of(entry: os.DirEntry[str]) -> EntryKind:
    if entry.is_symlink():
        return EntryKind.LINK
    if entry.is_file(follow_symlinks=False):
        return EntryKind.FILE
    return EntryKind.FOLDER if entry.is_dir(follow_symlinks=False) else EntryKind.OTHER
