"""Removing what the library itself has built: a folder with all that is in it."""

from __future__ import annotations

import contextlib
import os
import stat

from twinhub_library.snapshots.looking import open_inner


def remove_whole(folder: int, name: str) -> None:
    """Remove what has a name in an open folder; nothing there is no error.

    Raises:
        OSError: it cannot be removed.
    """
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=folder)
        return
    inner = open_inner(folder, name)
    try:
        for one in os.listdir(inner):  # noqa: PTH208 - a descriptor
            remove_whole(inner, one)
    finally:
        os.close(inner)
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(name, dir_fd=folder)
