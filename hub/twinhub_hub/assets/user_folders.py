"""Makes the folder of a new user from the template."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from twinhub_hub.assets.errors import AssetsError, UnsafePathError
from twinhub_hub.assets.folders import Folder, hidden_name

if TYPE_CHECKING:
    from pathlib import Path

MOUNT_POINT = "common"
"""Empty folder in a user's folder; a workspace has the common assets mounted on it."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def ensure_user_folder(template: Path, root: Path, label: str, *, uid: int) -> Path:
    """Return ``<root>/<label>``, made from the template if it was not there.

    It appears as a whole, private to ``uid``. In a folder that is there already nothing is touched,
    except that a missing mount point for the common assets is made. Concurrent calls end with one
    folder.

    Raises:
        UnsafePathError: the folder or its mount point is a symbolic link or no folder. A user can
            write in it, and what is mounted there must not end up elsewhere.
        AssetsError: the label is none, or the template is missing.
    """
    if not _LABEL.fullmatch(label) or label == MOUNT_POINT:
        raise AssetsError(f"{label!r} is no label of a user's folder")
    if not template.is_dir():
        raise AssetsError(f"{template} is missing: it is what a new user's folder is made from")
    with Folder.open_root(root, uid=uid) as top:
        if not top.has(label):
            _create(template, top, label)
        with top.enter(label) as folder, folder.make(MOUNT_POINT):
            return folder.path


def _create(template: Path, top: Folder, label: str) -> None:
    aside = hidden_name(label)
    try:
        with top.make(aside, mode=0o700) as folder:
            _copy(template, folder)
        top.rename(aside, label)
    except OSError:
        if not top.has(label):  # else another call was faster, and its folder serves as well
            raise
    finally:
        shutil.rmtree(top.path / aside, ignore_errors=True)


def _copy(source: Path, target: Folder) -> None:
    for path in sorted(source.iterdir()):
        if path.name.startswith("."):  # .gitkeep, which keeps the mount point in the checkout
            continue
        if path.is_symlink():
            raise UnsafePathError(f"{path} is a symbolic link: a template holds files only")
        if path.is_dir():
            with target.make(path.name) as folder:
                _copy(path, folder)
        else:
            target.write(path.name, path.read_bytes())
