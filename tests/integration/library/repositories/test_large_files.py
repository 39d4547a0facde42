"""Git LFS beside giftless, with the same password as the repository."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.git_servers import git, need_giftless
from tests.integration.library.repositories.conftest import ALICE

if TYPE_CHECKING:
    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench

RULES = "*.bin filter=lfs diff=lfs merge=lfs -text\n"


def pointer(content: bytes) -> str:
    """Return what git keeps of a large file."""
    digest = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"


@pytest.mark.d4(37)
def test_large_files_go_and_come_by_git_lfs(bench: Bench, git_servers: GitServers) -> None:
    need_giftless()
    remote = git_servers.make("org/large", {".gitattributes": RULES, "a.txt": "a\n"})
    row = bench.cloned(remote.url)
    content = os.urandom(1 << 20)
    bench.write("alice/models/tank/big.bin", content)

    bench.syncing.sync(ALICE, row.id)

    assert remote.read("big.bin") == pointer(content).strip()
    kept = git_servers.large_files / "org/large" / hashlib.sha256(content).hexdigest()
    assert kept.read_bytes() == content
    assert not bench.looking.status(ALICE, row.id).changes

    other = bench.cloned(remote.url, "alice/models/other")
    copied = bench.root / "alice/models/other/big.bin"
    assert copied.read_bytes() == content
    assert not bench.looking.status(ALICE, other.id).changes

    newer = os.urandom(1 << 20)
    copied.write_bytes(newer)
    bench.syncing.sync(ALICE, other.id)
    bench.syncing.sync(ALICE, row.id)
    assert (bench.root / "alice/models/tank/big.bin").read_bytes() == newer


@pytest.mark.d4(37)
def test_a_pointer_whose_content_is_nowhere_stays_a_pointer_and_is_said(
    bench: Bench, git_servers: GitServers
) -> None:
    need_giftless()
    if not shutil.which("git-lfs"):
        pytest.fail("git-lfs is in tests/setup.sh")
    remote = git_servers.make("org/lost", {"a.txt": "a\n"})
    text = pointer(b"lost")
    blob = git(remote.path, "hash-object", "-w", "--stdin", text=text)
    rules = git(remote.path, "hash-object", "-w", "--stdin", text=RULES)
    tree = git(
        remote.path, "mktree",
        text=f"100644 blob {blob}\tx.bin\n100644 blob {rules}\t.gitattributes\n",
    )  # fmt: skip
    made = git(remote.path, "commit-tree", tree, "-m", "lost")
    git(remote.path, "update-ref", "refs/heads/main", made)
    row = bench.connect(remote.url)

    pulled = bench.syncing.pull(ALICE, row.id)

    assert "x.bin" in pulled.notes[0]
    assert (bench.root / "alice/models/tank/x.bin").read_text() == text
    assert not bench.looking.status(ALICE, row.id).changes
