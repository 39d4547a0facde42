"""Random edits on both sides, and a crash at every write: no byte of a user's is ever lost."""

from __future__ import annotations

import random
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from twinhub_library.errors import LibraryError
from twinhub_library.merging import recover_merges
from twinhub_library.testing import CrashPoints, Killed

from tests.fixtures.git_servers import git
from tests.integration.library.repositories.conftest import ALICE, make_bench

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.fixtures.git_servers import GitServers, Remote
    from tests.integration.library.repositories.conftest import Bench

NAMES = ("a.txt", "b.txt", "dir/c.txt", "dir/d.bin", "e")
SAMPLE, MANY = 3, 400
EVERY = 16
"""Of the writes of a sync so many-th is tried in `make test`, all in `make test-long`."""


def edit(content: str, chance: random.Random, who: str) -> str:
    """Return content with a line of somebody's own, and perhaps without one that was there."""
    lines = content.splitlines(keepends=True)
    if lines and chance.random() < 0.3:
        lines.pop(chance.randrange(len(lines)))
    lines.insert(chance.randint(0, len(lines)), f"{who} {chance.random()}\n")
    return "".join(lines)


def edit_here(bench: Bench, chance: random.Random) -> None:
    """Have the user change, add or remove some files."""
    for name in chance.sample(NAMES, chance.randint(0, 3)):
        file = bench.root / "alice/models/tank" / name
        if file.exists() and chance.random() < 0.2:
            file.unlink()
        else:
            old = file.read_text() if file.exists() else ""
            bench.write(f"alice/models/tank/{name}", edit(old, chance, "ours"))


def edit_there(remote: Remote, chance: random.Random) -> None:
    """Have others change, add or remove some files, and now and then rewrite history."""
    force = chance.random() < 0.2
    with remote.edited(force=force) as work:
        if force:
            git(work, "commit", "-q", "--amend", "--allow-empty", "-m", "Rewritten")
        for name in chance.sample(NAMES, chance.randint(0, 3)):
            file = work / name
            if file.exists() and chance.random() < 0.2:
                file.unlink()
                continue
            file.parent.mkdir(exist_ok=True)
            file.write_text(edit(file.read_text() if file.exists() else "", chance, "theirs"))
        git(work, "add", "-A")
        git(work, "commit", "-q", "--allow-empty", "-m", "Theirs")


def own_lines(files: Mapping[str, str]) -> set[str]:
    """Return the lines that the user wrote."""
    return {
        line for text in files.values() for line in text.splitlines() if line.startswith("ours")
    }


def lines_of_git(bench: Bench, repository_id: str) -> set[str]:
    """Return the user's lines in all that was kept, and in all of the history."""
    kept = [one.id for one in bench.looking.kept(repository_id)]
    history = [one.id for one in bench.looking.history(repository_id, count=1000)]
    with bench.connections.open(repository_id) as opened:
        repository = opened.repository
        blobs = {
            one.blob
            for commit in kept + history
            for one in repository.list_files(commit).files.values()
        }
        return own_lines({blob: repository.read_blob(blob).decode() for blob in blobs})


def run_sequence(bench: Bench, remote: Remote, seed: int) -> None:
    """Edit both sides and sync, several times; what was here before is here or reported."""
    chance = random.Random(seed)  # noqa: S311 - edits
    row = bench.cloned(remote.url)
    for _ in range(4):
        synced_last = bench.files()
        edit_here(bench, chance)
        edit_there(remote, chance)
        before = bench.files()
        synced = bench.syncing.sync(ALICE, row.id)
        after = bench.files()
        copies = {one.copy for one in synced.pulled.files if one.copy}
        assert copies <= set(after), seed
        assert own_lines(before) - own_lines(synced_last) <= own_lines(after), seed
        gone = own_lines(before) - own_lines(after)
        assert gone <= lines_of_git(bench, row.id), seed
        for name, text in before.items():
            if text != after.get(name):
                told = {one.path for one in synced.pulled.files}
                assert name in told, (seed, name)
        for copy in copies:
            (bench.root / "alice/models/tank" / copy).unlink()
        bench.syncing.sync(ALICE, row.id)
        here = {name: text.strip() for name, text in bench.files().items()}
        there = {name: text.strip() for name, text in remote.files().items()}
        assert here == there, seed


@pytest.mark.d4(36)
@pytest.mark.parametrize("seed", range(SAMPLE))
def test_no_byte_of_a_user_is_lost_by_random_edits(
    bench: Bench, git_servers: GitServers, seed: int
) -> None:
    remote = git_servers.make(f"random{seed}", {"a.txt": "1\n2\n3\n", "dir/c.txt": "1\n2\n"})
    run_sequence(bench, remote, seed)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.d4(36)
def test_no_byte_of_a_user_is_lost_by_many_random_edits(
    git_servers: GitServers, tmp_path: Path
) -> None:
    for seed in range(1000, 1000 + MANY):
        root = tmp_path / str(seed)
        for name in ("alice/models", ".library"):
            (root / name).mkdir(parents=True)
        remote = git_servers.make(f"many{seed}", {"a.txt": "1\n2\n3\n", "dir/c.txt": "1\n2\n"})
        with make_bench(root, tmp_path / f"state{seed}") as bench:
            run_sequence(bench, remote, seed)
        shutil.rmtree(root)
        shutil.rmtree(remote.path)


@pytest.mark.d4(28)
def test_a_crash_at_some_writes_of_a_sync_leaves_old_or_new(
    git_servers: GitServers, tmp_path: Path
) -> None:
    sweep(git_servers, tmp_path, first=7, step=EVERY)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.d4(28)
def test_a_crash_at_any_write_of_a_sync_leaves_old_or_new(
    git_servers: GitServers, tmp_path: Path
) -> None:
    assert sweep(git_servers, tmp_path, first=1, step=1) > EVERY


def sweep(servers: GitServers, folder: Path, *, first: int, step: int) -> int:
    """Crash at some writes of a sync until one comes through; return how many were reached."""
    at, count = first, 0
    while crash_at(servers, folder / str(at), at, f"crash{step}-{at}"):
        at, count = at + step, count + 1
    return count


def crash_at(servers: GitServers, folder: Path, at: int, name: str) -> bool:
    """Sync with a crash at one write, start again, sync once more; return if it was reached."""
    for inner in ("alice/models", ".library"):
        (folder / "assets" / inner).mkdir(parents=True)
    remote = servers.make(name, {"a.txt": "1\n2\n3\n4\n5\n", "b.txt": "b\n", "c.txt": "c\n"})
    with make_bench(folder / "assets", folder / "state") as bench:
        row = bench.cloned(remote.url)
        bench.write("alice/models/tank/a.txt", "1\n2\n3\n4\nours\n")
        bench.write("alice/models/tank/b.txt", "ours\n")
        remote.commit({"a.txt": "theirs\n2\n3\n4\n5\n", "b.txt": "theirs\n", "c.txt": None})
        with CrashPoints(at) as points, suppress(Killed):
            bench.syncing.sync(ALICE, row.id)
    with make_bench(folder / "assets", folder / "state") as bench:
        bench.connections.recover()
        for note in recover_merges(bench.tree):
            bench.syncing.end_merge(note)
        files = bench.files()
        assert "ours" in "".join(files.values())
        assert files["a.txt"] in {
            "1\n2\n3\n4\nours\n",
            "theirs\n2\n3\n4\nours\n",
        }
        with suppress(LibraryError):
            bench.syncing.sync(ALICE, row.id)
        bench.syncing.sync(ALICE, row.id)
        files = bench.files()
        assert files["a.txt"] == "theirs\n2\n3\n4\nours\n", at
        assert files["b.txt"] == "theirs\n"
        copies = [text for path, text in files.items() if "yours" in path]
        assert copies == ["ours\n"], at
        assert "c.txt" not in files
        assert {path: text.strip() for path, text in files.items()} == remote.files()
        assert not list((folder / "assets").rglob(".twinhub-*"))
    return points.was_killed
