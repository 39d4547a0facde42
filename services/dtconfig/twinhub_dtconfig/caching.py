"""Twins kept between loads, for as long as their files stay as they are."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import DEFAULT_LIMITS
from twinhub_dtconfig.files import FileRefusedError, read_regular_file
from twinhub_dtconfig.loading import LoadedTwin, TwinError, load_twin, parse_twin

if TYPE_CHECKING:
    from pathlib import Path

_SETTLED_NS = 2_000_000_000
"""How old a change must be to be told by the time of the file, whatever keeps the time of it."""

_SIZE = 1
"""Where the size is in a status."""


@dataclass(frozen=True, slots=True)
class _Kept:
    status: tuple[int, ...]
    """What the system said of the file before it was read."""
    is_settled: bool
    """Whether no later change can have the same status."""
    digest: bytes
    outcome: LoadedTwin | TwinError

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.status[_SIZE]


class TwinCache:
    """Loads twins as ``load_twin`` does, and each only once while its file is unchanged.

    Whether a file has changed is told by its inode, size and times; where it has been written a
    moment before it was read, so that a further change could have the same time, by the digest of
    its content. At most ``most`` twins are kept, whose files have at most ``most_bytes`` together:
    those that were asked for last. A twin takes some hundred times the memory of its file. Threads
    may share one cache.
    """

    def __init__(self, most: int = 1000, most_bytes: int = 4 * 2**20) -> None:
        """Begin with nothing."""
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many twins are kept."""
        return len(self._kept)

    def load(self, path: Path) -> LoadedTwin:
        """Return the twin in a file.

        Raises:
            TwinError: the file cannot be used, as ``load_twin`` says it.
        """
        name = str(path)
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None:
                self._kept.move_to_end(name)
        fresh = _refreshed(path, kept)
        if fresh is None:
            return load_twin(path)  # says why it cannot be read
        if fresh is not kept:
            self._keep(name, fresh)
        if isinstance(fresh.outcome, TwinError):
            raise TwinError(fresh.outcome.faults, fresh.outcome.document)
        return fresh.outcome

    def _keep(self, name: str, fresh: _Kept) -> None:
        with self._lock:
            self._kept[name] = fresh
            self._kept.move_to_end(name)
            size = sum(kept.size for kept in self._kept.values())
            while len(self._kept) > self._most or size > self._most_bytes:
                size -= self._kept.popitem(last=False)[1].size


def _refreshed(path: Path, kept: _Kept | None) -> _Kept | None:
    """Return what is kept, or what there is now; None where the file cannot be read."""
    now = time.time_ns()
    try:
        status = _status(path)
        if kept is not None and kept.is_settled and kept.status == status:
            return kept
        content = read_regular_file(path, DEFAULT_LIMITS.size_bytes).content
    except (OSError, ValueError, FileRefusedError):
        return None
    digest = hashlib.sha256(content).digest()
    is_settled = max(status[2:]) + _SETTLED_NS < now
    if kept is not None and kept.digest == digest:
        return replace(kept, status=status, is_settled=is_settled)
    return _Kept(status, is_settled, digest, _outcome(content, str(path)))


def _status(path: Path) -> tuple[int, ...]:
    """Return what tells one content of a file from another; the times come last."""
    found = path.stat()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _outcome(content: bytes, name: str) -> LoadedTwin | TwinError:
    try:
        return parse_twin(content, name)
    except TwinError as error:
        return TwinError(error.faults, error.document)
