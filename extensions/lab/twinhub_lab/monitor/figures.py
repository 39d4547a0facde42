"""CPU and memory of this container from its control group, version 1 or 2; never the host's."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 60
"""Version 1 says a number near 2⁶³ where there is no limit."""


@dataclass(frozen=True)
class Memory:
    """Bytes; None where the kernel does not say."""

    used: int | None
    """What cannot be dropped: without the cache of files that nobody has used lately."""
    limit: int | None
    peak: int | None
    kills: int | None
    """How often the kernel ended a process because the limit was reached."""


@dataclass(frozen=True)
class Cpu:
    """Time and share of cores."""

    seconds: float | None
    """Spent since the workspace started."""
    limit: float | None
    """Cores."""
    throttled_seconds: float | None
    """In which something waited because the limit was reached."""


class Group:
    """One control group."""

    def __init__(self, root: Path = ROOT, environment: Mapping[str, str] = os.environ) -> None:
        """Find out which version it is."""
        self._root = root
        self._is_second = (root / "cgroup.controllers").exists()
        self._environment = environment

    def memory(self) -> Memory:
        """Read what the memory controller says."""
        if self._is_second:
            return self._memory_2(self._root)
        return self._memory_1(self._root / "memory")

    def cpu(self) -> Cpu:
        """Read what the CPU controller says."""
        return self._cpu_2(self._root) if self._is_second else self._cpu_1()

    def _memory_2(self, folder: Path) -> Memory:
        current, stat = _number(folder / "memory.current"), _table(folder / "memory.stat")
        return Memory(
            used=_without(current, stat.get("inactive_file")),
            limit=self._limit(_number(folder / "memory.max")),
            peak=_number(folder / "memory.peak"),
            kills=_table(folder / "memory.events").get("oom_kill"),
        )

    def _memory_1(self, folder: Path) -> Memory:
        current, stat = _number(folder / "memory.usage_in_bytes"), _table(folder / "memory.stat")
        return Memory(
            used=_without(current, stat.get("total_inactive_file")),
            limit=self._limit(_number(folder / "memory.limit_in_bytes")),
            peak=_number(folder / "memory.max_usage_in_bytes"),
            kills=_table(folder / "memory.oom_control").get("oom_kill"),
        )

    def _limit(self, limit: int | None) -> int | None:
        """Return the limit of the group, or what the hub has said where the group has none."""
        if limit is not None and limit < _NO_LIMIT:
            return limit
        said = _as_number(self._environment.get("MEM_LIMIT", ""))
        return int(said) if said else None

    def _cpu_2(self, folder: Path) -> Cpu:
        stat = _table(folder / "cpu.stat")
        quota, period, *_ = [*_words(folder / "cpu.max"), "", ""]
        return Cpu(
            seconds=_scaled(stat.get("usage_usec"), 1e6),
            limit=self._cores(quota, period),
            throttled_seconds=_scaled(stat.get("throttled_usec"), 1e6),
        )

    def _cpu_1(self) -> Cpu:
        folder = self._root / "cpu"
        period = _words(folder / "cpu.cfs_period_us")
        quota = _words(folder / "cpu.cfs_quota_us")
        spent = _number(self._root / "cpuacct" / "cpuacct.usage")
        return Cpu(
            seconds=_scaled(spent, 1e9),
            limit=self._cores("".join(quota), "".join(period)),
            throttled_seconds=_scaled(_table(folder / "cpu.stat").get("throttled_time"), 1e9),
        )

    def _cores(self, quota: str, period: str) -> float | None:
        allowed, of = _as_number(quota), _as_number(period)
        if allowed and of and allowed > 0:
            return allowed / of
        return _as_number(self._environment.get("CPU_LIMIT", "")) or None


def _words(path: Path) -> list[str]:
    with suppress(OSError):
        return path.read_text("ascii").split()
    return []


def _number(path: Path) -> int | None:
    words = _words(path)
    return int(words[0]) if len(words) == 1 and words[0].isdecimal() else None


def _table(path: Path) -> dict[str, int]:
    """Read lines of a name and a number."""
    words = _words(path)
    pairs = zip(words[::2], words[1::2], strict=False)
    return {name: int(value) for name, value in pairs if value.isdecimal()}


def _as_number(text: str) -> float | None:
    with suppress(ValueError):
        return float(text)
    return None


def _without(total: int | None, part: int | None) -> int | None:
    return None if total is None else max(0, total - (part or 0))


def _scaled(value: int | None, by: float) -> float | None:
    return None if value is None else value / by
