"""Measuring an area: one look at each file, without opening any.

Bytes are those that a file takes on the disk (``st_blocks``), as quotas count them: a sparse file
is small, and a file with several names in the area counts once.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import stat
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from twinhub_dtconfig.assets import WITHDRAWN
from twinhub_dtconfig.layout import group_names
from twinhub_dtconfig.references import AssetKind

from twinhub_library.areas import STORE_NAME, THE_COMMON_AREA
from twinhub_library.usage.published import assign_contents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from twinhub_library.areas import Area

OTHER, BIN = "other", "bin"
_KINDS = frozenset(map(str, AssetKind))
_BLOCK = 512
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_DEEP = 200
MOST_ROWS = 10_000
"""Assets of an area that are remembered one by one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one asset takes, or one folder that is none."""

    path: str
    """Below the area; empty of the bin."""
    kind: str
    bytes: int
    files: int

    @property
    def label(self) -> str:
        """What people call it."""
        return self.path or "the bin"


@dataclass(frozen=True, slots=True)
class AreaMeasured:
    """What an area takes."""

    area: Area
    bytes: int
    """Bytes on the disk."""
    files: int
    rows: tuple[Measured, ...]
    """The largest first, at most `MOST_ROWS`; the sums count the others too."""
    by_kind: tuple[Measured, ...]
    """One row without a path for each kind, the largest first."""
    measured_at: datetime

    @classmethod
    def of(cls, area: Area, rows: Sequence[Measured], measured_at: datetime) -> Self:
        """Sum up what all assets of an area take."""
        sizes: Counter[str] = Counter()
        files: Counter[str] = Counter()
        for row in rows:
            sizes[row.kind] += row.bytes
            files[row.kind] += row.files
        kinds = [Measured("", kind, size, files[kind]) for kind, size in sizes.items()]
        largest = heapq.nsmallest(MOST_ROWS, rows, key=_largest_first)
        return cls(
            area, sizes.total(), files.total(), tuple(largest),
            tuple(sorted(kinds, key=_largest_first)), measured_at,
        )  # fmt: skip

    @property
    def kinds(self) -> dict[str, int]:
        """Bytes by kind."""
        return {row.kind: row.bytes for row in sorted(self.by_kind, key=lambda row: row.kind)}


def _largest_first(row: Measured) -> tuple[int, str, str]:
    return -row.bytes, row.path, row.kind


@dataclass
class _Sum:
    bytes: int = 0
    files: int = 0
    seen: set[int] = field(default_factory=set, repr=False)
    """Inodes with several names that were counted; one set for the whole area."""

    def add(self, status: os.stat_result) -> None:
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            if status.st_ino in self.seen:
                return
            self.seen.add(status.st_ino)
        self.bytes += status.st_blocks * _BLOCK
        self.files += not stat.S_ISDIR(status.st_mode)


def measure(
    area: Area, folder: int, measured_at: datetime, *, bin_folder: int | None = None
) -> AreaMeasured:
    """Return what an area takes, by its open folder and that of its bin, where it has one."""
    seen: set[int] = set()
    rows: list[Measured] = []
    is_common = area == THE_COMMON_AREA
    for name in sorted(os.listdir(folder)):
        if not (is_common and name == STORE_NAME):
            rows += _measure_top(folder, name, seen)
    if is_common:
        rows = _add_published(rows, folder, seen)
    if bin_folder is not None:
        total = _Sum(seen=seen)
        _add_content(bin_folder, total, 0)
        rows.append(Measured("", BIN, total.bytes, total.files))
    return AreaMeasured.of(area, rows, measured_at)


def _add_published(rows: list[Measured], common: int, seen: set[int]) -> list[Measured]:
    """Return the rows with what is published in place of the links to it."""

    def measure_content(store: int, name: str) -> tuple[int, int]:
        total = _measure_one(store, name, seen)
        return total.bytes, total.files

    taken = assign_contents(common, _KINDS, measure_content)
    assets = {path.partition("@")[0] for path in taken}
    kept = [
        row for row in rows
        if row.path.partition("@")[0] not in assets and not row.path.endswith(f"/{WITHDRAWN}")
    ]  # fmt: skip
    return [
        *kept,
        *(
            Measured(path, path.partition("/")[0] if "/" in path else OTHER, size, files)
            for path, (size, files) in taken.items()
        ),
    ]


def _measure_top(folder: int, name: str, seen: set[int]) -> list[Measured]:
    if name not in _KINDS or (inner := _open(folder, name)) is None:
        total = _measure_one(folder, name, seen)
        return [Measured(name, OTHER, total.bytes, total.files)]
    try:
        sums = {one: _measure_one(inner, one, seen) for one in os.listdir(inner)}  # noqa: PTH208
    finally:
        os.close(inner)
    return [
        Measured(
            f"{name}/{asset}", name,
            sum(sums[one].bytes for one in names), sum(sums[one].files for one in names),
        )
        for asset, names in _group(sums).items()
    ]  # fmt: skip


def _group(sums: dict[str, _Sum]) -> dict[str, list[str]]:
    """Return the names that belong to each asset; hidden ones and temporaries stand alone."""
    groups = {
        named.name: [named.name, *named.companions]
        for named in group_names(sums, has_versions=False).values()
    }
    grouped = {one for names in groups.values() for one in names}
    return groups | {one: [one] for one in sums if one not in grouped}


def _measure_one(folder: int, name: str, seen: set[int]) -> _Sum:
    total = _Sum(seen=seen)
    with contextlib.suppress(OSError):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        total.add(status)
        if stat.S_ISDIR(status.st_mode):
            _add_folder(folder, name, total, 0)
    return total


def _add_folder(folder: int, name: str, total: _Sum, depth: int) -> None:
    inner = _open(folder, name) if depth < _MOST_DEEP else None
    if inner is None:
        return
    try:
        _add_content(inner, total, depth)
    finally:
        os.close(inner)


def _add_content(folder: int, total: _Sum, depth: int) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                total.add(status)
                if stat.S_ISDIR(status.st_mode):
                    _add_folder(folder, entry.name, total, depth + 1)


def _open(folder: int, name: str) -> int | None:
    try:
        return os.open(name, _FOLDER_FLAGS, dir_fd=folder)
    except OSError:
        return None
