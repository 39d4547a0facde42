"""Putting the files of a save over a twin's folder, over no link of it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from twinhub_kit.files.copying import copy_content
from twinhub_kit.files.walking import walk

from twinhub_runner.folders import opened_folder

if TYPE_CHECKING:
    from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def overlay(source: Path, target: int) -> None:
    """Put all files below a folder in place of those of their names in an open one.

    Raises:
        OSError: a link or a file is where a folder is to be, or there is no room.
    """
    with opened_folder(source) as folder:
        for found in walk(folder):
            if found.is_folder:
                continue
            with contextlib.ExitStack() as opened:
                there = target
                for name in found.names[:-1]:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, 0o755, dir_fd=there)
                    there = opened.enter_context(opened_folder(name, there))
                _replace(found.folder, found.names[-1], there)


def _replace(source: int, name: str, target: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=target)
    content = os.open(name, _READ, dir_fd=source)
    try:
        new = os.open(name, _NEW, 0o644, dir_fd=target)
        try:
            copy_content(content, new)
        finally:
            os.close(new)
    finally:
        os.close(content)
