"""Folders by descriptors, for as long as they are needed."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from twinhub_kit.files.walking import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def opened_folder(path: Path | str, folder: int | None = None) -> Iterator[int]:
    """Open a folder, which a link does not stand for; a name is one in another open folder.

    Raises:
        OSError: what open(2) says.
    """
    descriptor = os.open(path, _FLAGS, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_folder(path: Path) -> None:
    """Remove a folder, if it is there, with all that a twin has put into it or closed.

    Raises:
        OSError: what rmdir(2) and unlink(2) say; what could be removed is.
    """
    with contextlib.suppress(FileNotFoundError), opened_folder(path.parent) as parent:
        remove_tree(parent, path.name)
