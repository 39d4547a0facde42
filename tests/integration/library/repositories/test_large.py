"""Many files, and a large one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.git_servers import git
from tests.integration.library.repositories.conftest import ALICE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench

MANY = 5000
CHUNK = 1 << 20


@pytest.mark.d4(31)
def test_5000_files_come_and_go(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("many", {f"d{n % 40}/f{n}.txt": f"{n}\n" for n in range(MANY)})
    row = bench.cloned(remote.url)
    assert len(bench.files()) == MANY
    for n in range(MANY // 2):
        bench.write(f"alice/models/tank/e{n % 40}/g{n}.txt", f"{n}\n")
    remote.commit({f"d{n % 40}/f{n}.txt": "changed\n" for n in range(0, MANY, 50)})

    synced = bench.syncing.sync(ALICE, row.id)

    assert len(synced.pulled.files) == MANY // 50
    assert synced.pushed
    assert len(synced.pushed.changes) == MANY // 2
    names = git(remote.path, "ls-tree", "-r", "main", "--name-only").splitlines()
    assert len(names) == MANY + MANY // 2
    assert not bench.looking.status(ALICE, row.id).changes


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.d4(37)
def test_a_file_of_1_gb_comes_and_goes(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("large", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    file = bench.root / "alice/models/tank/large.bin"
    digest = write(file, 1 << 30)

    bench.syncing.sync(ALICE, row.id)
    other = bench.cloned(remote.url, "alice/models/other")

    assert digest_of(bench.root / "alice/models/other/large.bin") == digest
    assert not bench.looking.status(ALICE, other.id).changes


@pytest.mark.long
@pytest.mark.timeout(300)
def test_server_may_be_silent_for_more_than_a_minute_once_all_is_sent(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("silent", {"a.txt": "a\n"})
    git(remote.path, "config", "receive.keepAlive", "0")
    hook = remote.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexec sleep 70\n")
    hook.chmod(0o755)
    row = bench.cloned(remote.url)
    bench.write("alice/models/tank/b.txt", "b\n")

    bench.syncing.push(ALICE, row.id)

    assert remote.read("b.txt") == "b"


def write(path: Path, size: int) -> str:
    """Write a file without holding it; return its digest."""
    digest, block = hashlib.sha256(), b"\0"
    with path.open("wb") as file:
        for _ in range(size // CHUNK):
            block = hashlib.sha256(block).digest()
            chunk = block * (CHUNK // len(block))
            file.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


def digest_of(path: Path) -> str:
    """Return the digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
