"""What published assets take: their content lies in ``.store``, and links of theirs lead there.

Content that several versions share counts once, for the first asset by kind and name.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from twinhub_dtconfig.assets import WITHDRAWN
from twinhub_dtconfig.layout import split_version

from twinhub_library.areas import STORE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_INTO_STORE = re.compile(r"(?:\.\./){1,2}\.store/([0-9a-f]{64})(?:/.*)?")
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def assign_contents(
    common: int, kinds: Iterable[str], measure_content: Callable[[int, str], tuple[int, int]]
) -> dict[str, tuple[int, int]]:
    """Return bytes and files of the content of each published asset, by ``<kind>/<name>``.

    ``measure_content`` returns those of a name in an open folder. What no link leads to is under
    ``.store``.
    """
    store = _open(common, STORE_NAME)
    if store is None:
        return {}
    try:
        sizes = {one: measure_content(store, one) for one in os.listdir(store)}  # noqa: PTH208
    finally:
        os.close(store)
    taken: dict[str, tuple[int, int]] = {}
    for kind in sorted(kinds):
        for asset, digest in _links(common, kind):
            if digest in sizes:
                _add(taken, f"{kind}/{asset}", sizes.pop(digest))
    for size in sizes.values():
        _add(taken, STORE_NAME, size)
    return taken


def _add(taken: dict[str, tuple[int, int]], path: str, size: tuple[int, int]) -> None:
    before = taken.get(path, (0, 0))
    taken[path] = (before[0] + size[0], before[1] + size[1])


def _links(common: int, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the name of an asset and a digest for each link of a kind, by name."""
    folder = _open(common, kind)
    if folder is None:
        return
    try:
        withdrawn = _open(folder, WITHDRAWN)
        try:
            for where in (folder, withdrawn):
                yield from _links_in(where) if where is not None else ()
        finally:
            if withdrawn is not None:
                os.close(withdrawn)
    finally:
        os.close(folder)


def _links_in(folder: int) -> Iterator[tuple[str, str]]:
    for name in sorted(os.listdir(folder)):
        with contextlib.suppress(OSError):
            match = _INTO_STORE.fullmatch(os.readlink(name, dir_fd=folder))
            if match:
                yield split_version(name)[0], match[1]


def _open(folder: int, name: str) -> int | None:
    try:
        return os.open(name, _FOLDER_FLAGS, dir_fd=folder)
    except OSError:
        return None
