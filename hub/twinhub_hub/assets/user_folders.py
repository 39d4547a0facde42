"""Makes the folder of a new user from the template."""

from __future__ import annotations

import os
import re
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from twinhub_hub.assets.errors import AssetsError, UnsafePathError
from twinhub_hub.assets.folders import Folder, hidden_name

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

MOUNT_POINT, TEAMS = "common", "teams"
"""Empty folder in a user's folder, on which a workspace has the common assets mounted; and the
folder of those for teams."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def ensure_user_folder(
    template: Path, root: Path, label: str, *, uid: int, teams: Collection[str] = ()
) -> Path:
    """Return ``<root>/<label>``, made from the template if it was not there.

    It appears as a whole, private to ``uid``. In a folder that is there already nothing is touched,
    except that missing mount points for the common assets and for teams are made, and empty ones of
    other teams are removed. Concurrent calls end with one folder.

    Raises:
        UnsafePathError: the folder or its mount point is a symbolic link or no folder. A user can
            write in it, and what is mounted there must not end up elsewhere.
        AssetsError: the label is none, or the template is missing.
    """
    if not all(map(_LABEL.fullmatch, (label, *teams))) or label in {MOUNT_POINT, TEAMS}:
        raise AssetsError(f"{label!r} is no label of a user's folder")
    if not template.is_dir():
        raise AssetsError(f"{template} is missing: it is what a new user's folder is made from")
    with Folder.open_root(root, uid=uid) as top:
        if not top.has(label):
            _create(template, top, label)
        with top.enter(label) as folder, folder.make(MOUNT_POINT):
            _make_places(folder, teams)
            return folder.path


def list_teams(root: Path, labels: Collection[str]) -> list[str]:
    """Return those of some groups' labels that have a team's folder, which makes them a team."""
    return sorted(one for one in set(labels) if _is_folder(root / TEAMS / one))


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _make_places(folder: Folder, teams: Collection[str]) -> None:
    if not teams and not folder.has(TEAMS):
        return
    with folder.make(TEAMS) as places:
        with os.scandir(places.descriptor) as found:
            others = [entry.name for entry in found if entry.name not in teams]
        for name in others:
            with suppress(OSError):  # it holds something, or is no folder: it is the user's
                os.rmdir(name, dir_fd=places.descriptor)
        for name in teams:
            places.make(name).close()


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
