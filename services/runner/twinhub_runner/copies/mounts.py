"""What a run sees of the library: decided when it is prepared, and part of its row from then on.

A twin that nothing describes runs in place: one's own with the whole area and one's teams', a
team's with that team's area alone. Any other works in a copy, with what it requires beside it at
the usual places. Everybody's assets are there for all, and nobody writes to them.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from twinhub_api.names import label_for

from twinhub_runner.folders import opened_folder
from twinhub_runner.plans import BUILDS
from twinhub_runner.twins import COMMON, TEAMS, WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from twinhub_runner.copies.copies import Copy

Mounted = dict[str, Any]
"""``source`` relative to the assets root, ``target`` in the sandbox, whether it is ``writable``."""


def mounts_in_place(root: Path, owner: str, groups: Iterable[str], team: str) -> list[Mounted]:
    """Return what a run sees whose twin works where it lies; mount points are made."""
    mounts = []
    area = root / label_for(owner)
    if team:
        mounts.append(_mount(f"{TEAMS}/{team}", f"{WORKSPACE}/{TEAMS}/{team}", writable=True))
    else:
        mounts.append(_mount(area.name, WORKSPACE, writable=True))
        for label in sorted(map(label_for, groups)):
            point = f"{TEAMS}/{label}"
            if (root / point).is_dir() and _make_point(area, (TEAMS, label)):
                mounts.append(_mount(point, f"{WORKSPACE}/{point}", writable=True))
    if (root / COMMON).is_dir() and (team or _make_point(area, (COMMON,))):
        mounts.append(_mount(COMMON, f"{WORKSPACE}/{COMMON}"))
    return mounts


def mounts_of_copy(root: Path, copy: Copy, inside: str) -> list[Mounted]:
    """Return what a run sees that works in a copy; ``inside`` is the twin's usual place."""
    mounts = [_mount(_below(root, copy.twin_folder), inside, writable=True)]
    if (root / COMMON).is_dir():
        mounts.append(_mount(COMMON, f"{WORKSPACE}/{COMMON}"))
    for at, one in enumerate(copy.required.inputs):
        if not one.is_common and one.target != inside:
            source = _below(root, copy.folder_of(at))
            mounts.append(_mount(source, one.target, writable=one.writable))
    return sorted(mounts, key=lambda one: str(one["target"]))


def mount_of_builds(root: Path, folder: Path) -> Mounted:
    """Return how a run sees what its twin has built before; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    return _mount(_below(root, folder), BUILDS, writable=True)


def _mount(source: str, target: str, *, writable: bool = False) -> Mounted:
    return {"source": source, "target": target, "writable": writable}


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _make_point(area: Path, names: tuple[str, ...]) -> bool:
    """Have folders in each other to mount on; return False where something else has a name."""
    try:
        with contextlib.ExitStack() as opened:
            folder = opened.enter_context(opened_folder(area))
            for name in names:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=folder)
                folder = opened.enter_context(opened_folder(name, folder))
    except OSError:
        return False
    return True
