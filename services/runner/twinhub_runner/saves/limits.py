"""What a save or a fork may take of the area that it goes to."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_api.storage import read_project_limit
from twinhub_kit.files.errors import FullError, RefusedFileError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.quotas import DiskFullError, QuotaError

from twinhub_runner.folders import opened_folder
from twinhub_runner.room import measure
from twinhub_runner.twins import TEAMS

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_kit.quotas import QuotaSettings

MOST_OF_A_FOLDER = 1000
"""How many saves or twins are put into one folder, so that no loop fills a disk with small ones."""


@dataclass(frozen=True, slots=True)
class AreaRoom:
    """An area as it was before something is written to it."""

    area: str
    used: int
    limit: int
    """0 for none."""
    free: int
    """Bytes of the disk."""
    kept: int
    """How many of them have to stay free."""

    def check(self, size: int) -> None:
        """Refuse to write so many bytes where there is no room for them.

        Raises:
            QuotaError: they would be more than the area's limit.
            DiskFullError: the disk has to keep what it has left.
        """
        if self.free - size < self.kept:
            raise DiskFullError(self.free - size, self.kept)
        if self.limit and self.used + size > self.limit:
            raise QuotaError(self.area, self.used, size, self.limit)


def find_room(root: Path, place: RelativePath, quota: QuotaSettings) -> AreaRoom:
    """Return what the area of a path has, by the file system's own limit or by the site's.

    The area is measured where only the site has one, without what is in its bin.

    Raises:
        FileError: it is not there, or cannot be measured.
    """
    is_team = place.names[0] == TEAMS
    names = place.names[: 2 if is_team else 1]
    folder, free = root.joinpath(*names), shutil.disk_usage(root).free
    with (
        translated(RelativePath(names)),
        opened_folder(folder) as opened, opened_folder(root) as whole,
    ):  # fmt: skip
        project = read_project_limit(opened, whole)
    limit = quota.of_team(names[1]) if is_team else quota.of_user(names[0])
    area = "/".join(names)
    if project is not None:
        return AreaRoom(area, project.used, project.limit, free, quota.free_bytes)
    used = _measure(folder, area) if limit else 0
    return AreaRoom(area, used, limit, free, quota.free_bytes)


def _measure(folder: Path, area: str) -> int:
    try:
        return measure(folder)
    except OSError as error:
        what = f"{error.strerror}: {error.filename}"
        raise RefusedFileError(f"It cannot be told how full {area} is: {what}.") from error


def check_count(folder: int, place: RelativePath) -> None:
    """Refuse one more entry in a folder that has many; ``place`` is the entry's path.

    Raises:
        FullError: it has.
    """
    if len(os.listdir(folder)) >= MOST_OF_A_FOLDER:
        raise FullError(
            f"{place.parent} has {MOST_OF_A_FOLDER:,} entries or more: remove some of them."
        )
