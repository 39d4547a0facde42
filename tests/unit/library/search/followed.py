"""A small library whose index follows it, one step after the other, without threads."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from twinhub_library.changes import Changes
from twinhub_library.index.base import Access, Document, Query
from twinhub_library.index.following import Follower
from twinhub_library.index.memory import MemoryIndex
from twinhub_library.index.querying import read_request
from twinhub_library.index.watching import Watcher
from twinhub_library.tree import Tree

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_kit.files.paths import RelativePath

EVERYTHING = Access(frozenset({"alice", "bob", "teams/pumps", "common"}))


class Followed:
    """The files below a root, watched, and an index that has looked at everything once."""

    def __init__(self, root: Path, *, most_watches: int | None = None) -> None:
        root.mkdir(exist_ok=True)
        self.root, self.tree, self.changes = root, Tree(root), Changes()
        self.index = MemoryIndex()
        self.follower = Follower(self.tree, self.index)
        self.watcher = Watcher(self.tree, self.changes, most=most_watches)
        self.changes.call_on_change(self._mark)
        self.watch_all()
        self.follower.catch_up()

    def _mark(self, path: RelativePath | None) -> None:
        self.follower.mark(path)

    def watch_all(self) -> None:
        for _ in self.watcher.watch_some():
            pass

    def catch_up(self) -> None:
        """Take all events that the kernel has, and look at what they are about."""
        while self.watcher.read():
            pass
        if self.watcher.has_lost:
            self.watcher.start_anew()
            self.watch_all()
            self.follower.mark(None)
        self.follower.catch_up()

    def crash(self) -> None:
        """Lose everything that is not committed, and begin as after a start."""
        self.index.close()
        self.watcher.close()
        self.follower = Follower(self.tree, self.index, is_complete=True)
        self.watcher = Watcher(self.tree, self.changes)
        self.watch_all()

    def close(self) -> None:
        self.watcher.close()
        self.tree.close()

    def find(self, text: str) -> list[str]:
        """Return the paths of hits."""
        request = read_request(text)
        query = Query(EVERYTHING, request.terms, request.filters, limit=1000)
        return [hit.document.path for hit in self.index.search(query).hits]


def rescan(tree: Tree) -> dict[str, Document]:
    """Return the documents of a library that nobody has looked at before."""
    index = MemoryIndex()
    Follower(tree, index).catch_up()
    return dict(index.documents)


def write(path: Path, text: str) -> None:
    """Write a file, and the folders that it is in; something else in the way stays."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def remove(path: Path) -> None:
    """Remove what is there, if something is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
