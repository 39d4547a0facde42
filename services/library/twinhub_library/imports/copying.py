"""Copies of a content into somebody's area: staged beside the place, then renamed into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_kit.files.errors import ExistsError

from twinhub_library.tree import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.opened import OpenFolder
    from twinhub_library.tree import Tree

_MANY = 64


def stage(
    tree: Tree, content: RelativePath, names: Mapping[str, str], at: RelativePath
) -> None:  # fmt: skip
    """Copy a content to a hidden folder, which is there once it is whole.

    ``names`` are in the content, "" for all of it, and what they are called in the folder.

    Raises:
        FullError: there is no room.
    """
    part = at.parent / f"{at.name}.part"
    tree.ensure_folder(part)
    with translated(at), tree.open_folder(part) as target:
        target.be_lazy()
        for inner, outer in names.items():
            if inner:
                with tree.open_folder(content) as source:
                    _copy_file(source, inner, target, outer)
            else:
                with tree.open_folder(content) as source:
                    target.make_folders(outer)
                    _copy_all(source, target, outer)
        target.flush()
    with translated(at), tree.open_folder(at.parent) as folder:
        folder.move(part.name, at.name)


def put_in_place(tree: Tree, at: RelativePath, names: Iterable[str]) -> None:
    """Move what was staged beside its folder, the first name first; what is there stays there.

    What was moved already is left out, so that this can be called again after a crash.

    Raises:
        ExistsError: something has the first name.
    """
    with translated(at.parent / next(iter(names))), tree.open_folder(at.parent) as folder:
        for number, name in enumerate(names):
            if folder.find(f"{at.name}/{name}") is None:
                continue
            try:
                folder.move(f"{at.name}/{name}", name)
            except FileExistsError:
                if number == 0:
                    raise


def take_out(tree: Tree, at: RelativePath, names: Iterable[str]) -> None:
    """Move back to where it was staged what `put_in_place` has moved."""
    with translated(at), tree.open_folder(at.parent) as folder:
        for name in names:
            if folder.find(f"{at.name}/{name}") is None and folder.find(name) is not None:
                folder.move(name, f"{at.name}/{name}")


def remove_stage(tree: Tree, at: RelativePath) -> None:
    """Remove what was staged."""
    with tree.open_folder(at.parent) as folder:
        folder.remove_all(f"{at.name}.part")
        folder.remove_all(at.name)


def check_free(tree: Tree, folder: RelativePath, names: Iterable[str]) -> None:
    """Refuse names that something has.

    Raises:
        ExistsError: something has one of them.
    """
    with tree.open_folder(folder) as opened:
        for name in names:
            if opened.find(name) is not None:
                raise ExistsError(f"{folder / name} is there already.")


def _copy_all(source: OpenFolder, target: OpenFolder, outer: str) -> None:
    for found in source.walk():
        if found.is_folder:
            target.make_folders(f"{outer}/{found.path}")
        elif found.is_file:
            _copy_file(source, found.path, target, f"{outer}/{found.path}")


def _copy_file(source: OpenFolder, inner: str, target: OpenFolder, outer: str) -> None:
    found = source.find(inner)
    mode = 0o755 if found is not None and found.is_executable else 0o644
    target.write(outer, source.chunks(inner), mode=mode)
