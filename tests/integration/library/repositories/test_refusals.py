"""What stands in the way of a pull or a push on a real server changes nothing, and is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.errors import CancelledError
from twinhub_kit.operations import Progress
from twinhub_library.repositories.errors import (
    BehindError,
    BranchGoneError,
    BusyRepositoryError,
    RemoteError,
    SecretFoundError,
)
from twinhub_library.repositories.pushing import Wish

from tests.fixtures.git_servers import git
from tests.fixtures.library import find_free_port
from tests.integration.library.repositories.conftest import ALICE

if TYPE_CHECKING:
    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench


@pytest.mark.d4(37)
def test_a_branch_that_is_gone_is_said_with_those_that_are_there(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("gone", {"a.txt": "a\n"})
    remote.commit({"a.txt": "b\n"}, branch="trunk")
    row = bench.cloned(remote.url)
    git(remote.path, "symbolic-ref", "HEAD", "refs/heads/trunk")
    git(remote.path, "branch", "-D", "main")
    bench.write("alice/models/tank/mine.txt", "mine\n")

    for act in (bench.syncing.pull, bench.syncing.push, bench.syncing.sync):
        with pytest.raises(BranchGoneError, match=r"no branch 'main'.*trunk"):
            act(ALICE, row.id)
    assert "trunk" in bench.looking.status(ALICE, row.id).fault
    assert bench.files() == {"a.txt": "a\n", "mine.txt": "mine\n"}

    bench.connections.change(row.id, branch="trunk")
    bench.syncing.sync(ALICE, row.id)
    assert remote.files("trunk") == {"a.txt": "b", "mine.txt": "mine"}
    assert bench.looking.status(ALICE, row.id).fault == ""


def test_a_branch_that_is_gone_is_made_anew_when_asked_for(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("anew", {"a.txt": "a\n"})
    remote.commit({"a.txt": "b\n"}, branch="trunk")
    row = bench.cloned(remote.url)
    git(remote.path, "symbolic-ref", "HEAD", "refs/heads/trunk")
    git(remote.path, "branch", "-D", "main")

    bench.write("alice/models/tank/mine.txt", "mine\n")
    bench.syncing.push(ALICE, row.id, wish=Wish(create_branch=True))

    assert remote.files() == {"a.txt": "a", "mine.txt": "mine"}


@pytest.mark.d4(37)
def test_a_host_that_does_not_answer_changes_nothing(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("offline", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    bench.write("alice/models/tank/a.txt", "mine\n")
    port = find_free_port()
    bench.connections.change(row.id, address=f"http://127.0.0.1:{port}/offline.git")

    for act in (bench.syncing.pull, bench.syncing.push, bench.syncing.sync):
        with pytest.raises(RemoteError, match="does not answer"):
            act(ALICE, row.id)

    assert bench.files() == {"a.txt": "mine\n"}
    assert bench.looking.status(ALICE, row.id).ahead == 1
    bench.connections.change(row.id, address=remote.url)
    bench.syncing.sync(ALICE, row.id)
    assert remote.files() == {"a.txt": "mine"}


def test_a_push_of_what_is_behind_is_refused_and_a_sync_is_not(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("behind", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    remote.commit({"b.txt": "b\n"})
    bench.write("alice/models/tank/c.txt", "c\n")

    with pytest.raises(BehindError, match="pull first"):
        bench.syncing.push(ALICE, row.id)
    bench.syncing.sync(ALICE, row.id)

    assert set(remote.files()) == {"a.txt", "b.txt", "c.txt"}


def test_a_secret_stops_a_push_and_is_in_no_later_one(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("secrets", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    token = "glpat-" + "x7Kq2Lm9Tz4Wc8Rv1Yp5"
    bench.write("alice/models/tank/key.txt", f"one\ntoken {token}\n")

    with pytest.raises(SecretFoundError, match=r"key\.txt:2: a token of GitLab"):
        bench.syncing.sync(ALICE, row.id)
    bench.write("alice/models/tank/key.txt", "nothing\n")
    bench.syncing.sync(ALICE, row.id)

    everything = git(remote.path, "log", "--all", "-p")
    assert token not in everything
    assert remote.read("key.txt") == "nothing"
    bench.write("alice/models/tank/key.txt", f"{token}\n")
    bench.syncing.push(ALICE, row.id, wish=Wish(allowed_secrets=("key.txt",)))
    assert remote.read("key.txt") == token


def test_a_dry_run_finds_the_secrets_that_the_sync_would_be_refused_for(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("foreseen", {"a.txt": "a\n", "gone.txt": "g\n"})
    row = bench.cloned(remote.url)
    token = "glpat-" + "x7Kq2Lm9Tz4Wc8Rv1Yp5"
    bench.write("alice/models/tank/key.txt", f"one\ntoken {token}\n")
    (bench.root / "alice/models/tank/gone.txt").unlink()

    dry = Wish(is_dry_run=True)
    sync = bench.syncing.sync(ALICE, row.id, wish=dry).pushed
    push = bench.syncing.push(ALICE, row.id, wish=dry)
    allowed = replace(dry, allowed_secrets=("key.txt",))

    for foreseen in (sync, push):
        assert foreseen is not None
        assert [str(one) for one in foreseen.secrets] == ["key.txt:2: a token of GitLab"]
        assert len(foreseen.changes) == 2
    assert bench.syncing.push(ALICE, row.id, wish=allowed).secrets == ()
    assert bench.connections.get(row.id).fault == ""


def test_one_operation_at_a_time_works_on_a_repository(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("busy", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    with (
        bench.connections.open(row.id),
        pytest.raises(BusyRepositoryError, match="being worked on"),
    ):
        bench.syncing.pull(ALICE, row.id)


def test_what_is_cancelled_ends_and_changes_nothing(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("cancelled", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    remote.commit({"a.txt": "b\n"})
    progress = Progress()
    progress.cancel()

    with pytest.raises(CancelledError):
        bench.syncing.pull(ALICE, row.id, progress)

    assert bench.files() == {"a.txt": "a\n"}


@pytest.mark.d4(37)
def test_what_a_killed_git_left_stops_nobody(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("killed", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    git_dir = bench.root / ".library/git" / row.id / "git"
    (git_dir / "refs/remotes/origin/main.lock").touch()
    half = git_dir / "objects/pack/tmp_pack_x1"
    half.touch()
    remote.commit({"a.txt": "b\n"})

    bench.syncing.sync(ALICE, row.id)

    assert bench.files() == {"a.txt": "b\n"}
    assert not half.exists()
