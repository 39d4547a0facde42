"""Limits of areas: asked before anything is written, and never in the way of reading or deleting.

Where the file system keeps a limit itself (`twinhub_api.storage`), its own figures count. Else an
area counts as it was measured last, with what was promised to writers since; before anybody is
refused it is measured anew, so that room that was just made counts at once.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from twinhub_api.storage import ProjectLimit, read_project_limit
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.quotas import DiskFullError, QuotaError
from twinhub_kit.sizes import show_size

if TYPE_CHECKING:
    from twinhub_kit.quotas import QuotaSettings

    from twinhub_library.areas import Area
    from twinhub_library.tree import Tree
    from twinhub_library.usage.measuring import AreaMeasured
    from twinhub_library.usage.usage import Usage

_NAMED = 3
_PROMISED = timedelta(minutes=1)
"""How long what was promised counts, if it is not seen on the disk before."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of an area, and who keeps it."""

    bytes: int
    """0 for no limit."""
    is_enforced: bool
    """Whether the file system keeps it."""


@dataclass
class _Promised:
    """What writers of an area were promised lately; part of it may be on the disk already."""

    base: int = 0
    """What the area took when the oldest of the promises was made, or less since."""
    sizes: list[tuple[datetime, int]] = field(default_factory=list)

    def forget_old(self, now: datetime, measured: int) -> None:
        self.sizes = [one for one in self.sizes if abs(now - one[0]) < _PROMISED]
        self.base = min(self.base, measured) if self.sizes else measured

    def taken(self, measured: int) -> int:
        return max(measured, self.base + sum(size for _, size in self.sizes))


class Quota:
    """The limits of all areas."""

    def __init__(self, tree: Tree, usage: Usage, settings: QuotaSettings) -> None:
        """Prepare the limits that a site has set."""
        self._tree, self._usage, self._settings = tree, usage, settings
        self._lock = threading.Lock()
        self._promised: defaultdict[Area, _Promised] = defaultdict(_Promised)

    def get_limit(self, area: Area) -> Limit:
        """Return the limit of an area: the file system's own, else the one that is set."""
        project = self._find_project(area)
        if project:
            return Limit(project.limit, is_enforced=True)
        return Limit(self._get_set_limit(area), is_enforced=False)

    def _get_set_limit(self, area: Area) -> int:
        match area.kind:
            case AreaKind.PRIVATE:
                return self._settings.of_user(area.label)
            case AreaKind.TEAM:
                return self._settings.of_team(area.label)
            case AreaKind.COMMON:
                return self._settings.common_bytes or 0

    def get_free(self) -> int:
        """Return how many bytes the disk has left."""
        return self._tree.count_free_bytes()

    def check(self, area: Area, size: int, *, promised: int = 0) -> None:
        """Promise room for so many more bytes in an area; called before they are written.

        ``promised`` are those of others that the disk is still to take.

        Raises:
            QuotaError: they would be more than the area's limit; the text says what takes most.
            DiskFullError: the disk has to keep what it has left.
        """
        self.check_disk(size, promised=promised)
        self._check_area(area, size)

    def check_disk(self, size: int, *, promised: int = 0) -> None:
        """Raise where the disk cannot take as many bytes more.

        Raises:
            DiskFullError: the disk has to keep what it has left.
        """
        free = self.get_free() - promised
        if free - size < self._settings.free_bytes:
            raise DiskFullError(free, self._settings.free_bytes)

    def _check_area(self, area: Area, size: int) -> None:
        project = self._find_project(area)
        if project:
            self._refuse_past(area, project.used, size, project.limit)
            return
        limit = self._get_set_limit(area)
        if limit and not self._promise(area, self._usage.get(area), size, limit):
            measured = self._usage.measure(area)
            if not self._promise(area, measured, size, limit):
                taken = self._promised[area].taken(measured.bytes)
                self._refuse_past(area, taken, size, limit)

    def forget(self, area: Area) -> None:
        """Forget what was promised to writers of an area."""
        with self._lock:
            self._promised.pop(area, None)

    def _promise(self, area: Area, measured: AreaMeasured, size: int, limit: int) -> bool:
        with self._lock:
            promised = self._promised[area]
            promised.forget_old(self._usage.now(), measured.bytes)
            if promised.taken(measured.bytes) + size > limit:
                return False
            promised.sizes.append((self._usage.now(), size))
            return True

    def _refuse_past(self, area: Area, used: int, size: int, limit: int) -> None:
        if used + size <= limit:
            return
        rows = [row for row in self._usage.get(area).rows if row.bytes][:_NAMED]
        most = ", ".join(f"{row.label} ({show_size(row.bytes)})" for row in rows)
        raise QuotaError(str(area), used, size, limit, most=most)

    def _find_project(self, area: Area) -> ProjectLimit | None:
        try:
            folder = self._tree.open_folder_itself(area.path)
        except NotThereError:
            return None
        root = self._tree.open_folder_itself(RelativePath())
        try:
            return read_project_limit(folder, root)
        finally:
            os.close(folder)
            os.close(root)
