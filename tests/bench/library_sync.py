"""Syncing a folder with a repository, beside what git itself takes for the same."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from tests.bench.report import Figure
from tests.fixtures.git_servers import PASSWORD, USER, git, run_git_servers
from tests.integration.library.repositories.conftest import ALICE, make_bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fixtures.git_servers import Remote
    from tests.integration.library.repositories.conftest import Bench

FILES, CHANGED, REPEATS = 5000, 100, 5
GOAL = 1.15
GIB = 1 << 30


def run() -> Iterator[Figure]:
    """Measure first copies and syncs of 5,000 files, and of a file of 1 GiB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "servers").mkdir()
        for inner in ("alice/models", ".library"):
            (folder / "assets" / inner).mkdir(parents=True)
        with (
            run_git_servers(folder / "servers") as servers,
            make_bench(folder / "assets", folder / "state") as bench,
        ):
            many = {f"d{n % 50}/f{n}.txt": f"file {n}\n" * 50 for n in range(FILES)}
            remote = servers.make("many", {**many})
            yield from _compare(bench, remote, folder / "clone")
            large = servers.make("large", {"a.txt": "a\n"})
            yield from _compare_large(bench, large, folder / "large-clone")


def _compare(bench: Bench, remote: Remote, clone: Path) -> Iterator[Figure]:
    """Copy and sync by turns, so that both see the same machine."""
    firsts: list[tuple[float, float]] = []
    for number in range(3):
        shutil.rmtree(clone, ignore_errors=True)
        own = _seconds(lambda: _clone_by_git(remote, clone))
        place = f"alice/models/n{number}"
        firsts.append((_seconds(lambda place=place: bench.cloned(remote.url, place)), own))  # type: ignore[misc]
    yield from _figures("a first copy of 5,000 files", firsts)
    row = next(one for one in bench.connections.list() if one.place.endswith("n0"))
    syncs = []
    for number in range(REPEATS):
        remote.commit({f"d1/f{n * 50 + 1}.txt": f"theirs {number}\n" for n in range(CHANGED)})
        for n in range(CHANGED):
            (bench.root / f"alice/models/n0/d2/f{n * 50 + 2}.txt").write_text(f"a{number}\n")
        ours = _seconds(lambda: bench.syncing.sync(ALICE, row.id))
        remote.commit({f"d1/f{n * 50 + 1}.txt": f"again {number}\n" for n in range(CHANGED)})
        for n in range(CHANGED):
            (clone / f"d3/f{n * 50 + 3}.txt").write_text(f"b{number}\n")
        syncs.append((ours, _seconds(lambda: _sync_by_git(clone))))
    yield from _figures("100 of 5,000 files changed on each side", syncs)
    idle = [
        (_seconds(lambda: bench.syncing.sync(ALICE, row.id)), _seconds(lambda: _sync_by_git(clone)))
        for _ in range(REPEATS)
    ]
    yield from _figures("nothing changed in 5,000 files", idle[1:])


def _compare_large(bench: Bench, remote: Remote, clone: Path) -> Iterator[Figure]:
    git(clone.parent, "clone", "-q", _with_password(remote), str(clone))
    row = bench.cloned(remote.url, "alice/models/large")
    place = bench.root / "alice/models/large"
    _write(place / "ours.bin")
    ours = _seconds(lambda: bench.syncing.sync(ALICE, row.id))
    git(clone, "pull", "-q")
    _write(clone / "theirs.bin")
    by_git = _seconds(lambda: _sync_by_git(clone))
    yield from _figures("push of 1 GiB", [(ours, by_git)])
    got = _seconds(lambda: bench.syncing.pull(ALICE, row.id))
    shutil.rmtree(clone)
    by_git = _seconds(lambda: _clone_by_git(remote, clone))
    yield Figure("library", "sync: pull of 1 GiB beside a clone of 2", got, "s", 1, "git", by_git)


def _sync_by_git(clone: Path) -> None:
    """Commit all changes, pull and push, as a person would who has changes.

    The files are brought to the disk in the end, as ours are: git does so for its packs alone.
    """
    git(clone, "add", "-A")
    if git(clone, "status", "--porcelain"):
        git(clone, "commit", "-q", "-m", "Mine")
    git(clone, "pull", "-q", "--no-rebase", "--no-edit")
    git(clone, "push", "-q")
    _to_disk(clone)


def _clone_by_git(remote: Remote, clone: Path) -> None:
    git(clone.parent, "clone", "-q", _with_password(remote), str(clone))
    _to_disk(clone)


def _to_disk(folder: Path) -> None:
    subprocess.run(["sync", "--file-system", folder], check=True)


def _figures(name: str, pairs: list[tuple[float, float]]) -> Iterator[Figure]:
    ours, own = (statistics.median(one) for one in zip(*pairs, strict=True))
    yield Figure(
        "library", f"sync: {name}", ours, "s", len(pairs), versus="git", base=own, goal=GOAL
    )


def _seconds(act: Callable[[], object]) -> float:
    start = perf_counter()
    act()
    return perf_counter() - start


def _with_password(remote: Remote) -> str:
    return remote.url.replace("://", f"://{USER}:{PASSWORD}@")


def _write(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(GIB >> 20):
            file.write(os.urandom(1 << 20))
