"""Places of the library and repositories on a real server, over HTTP with a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.errors import ExistsError, NotThereError
from twinhub_library.merging import Outcome
from twinhub_library.repositories.pushing import Wish

from tests.fixtures.git_servers import git
from tests.integration.library.repositories.conftest import ALICE

if TYPE_CHECKING:
    from tests.fixtures.git_servers import GitServers, Remote
    from tests.integration.library.repositories.conftest import Bench


def test_a_first_pull_makes_the_place_and_a_push_sends_what_changed(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("first", {"README.md": "# Tank\n", "src/model.py": "x = 1\n"})
    row = bench.connect(remote.url)
    assert row.branch == "main"

    pulled = bench.syncing.pull(ALICE, row.id)

    assert bench.files() == {"README.md": "# Tank\n", "src/model.py": "x = 1\n"}
    assert {one.path for one in pulled.files} == {"README.md", "src/model.py"}

    bench.write("alice/models/tank/src/model.py", "x = 2\n")
    bench.write("alice/models/tank/new file.txt", "new\n")
    (bench.root / "alice/models/tank/README.md").unlink()
    pushed = bench.syncing.push(ALICE, row.id, wish=Wish("More"))

    assert pushed.commit
    assert remote.files() == {"new file.txt": "new", "src/model.py": "x = 2"}
    assert remote.log() == ["More", "The first"]
    assert bench.looking.status(ALICE, row.id).ahead == 0


def test_a_sync_of_both_sides_changes_brings_each_the_others(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("both", {"a.txt": "1\n2\n3\n4\n5\n", "b.txt": "b\n"})
    row = bench.cloned(remote.url)
    remote.commit({"a.txt": "1!\n2\n3\n4\n5\n", "c.txt": "c\n"})
    bench.write("alice/models/tank/a.txt", "1\n2\n3\n4\n5!\n")

    synced = bench.syncing.sync(ALICE, row.id)

    assert bench.files() == {"a.txt": "1!\n2\n3\n4\n5!\n", "b.txt": "b\n", "c.txt": "c\n"}
    assert remote.read("a.txt") == "1!\n2\n3\n4\n5!"
    assert {(one.path, one.outcome) for one in synced.pulled.files} == {
        ("a.txt", Outcome.MERGED),
        ("c.txt", Outcome.ADDED),
    }
    assert synced.pulled.kept
    assert [one.id for one in bench.looking.kept(row.id)] == [synced.pulled.kept]


@pytest.mark.d4(36)
def test_a_conflict_keeps_both_and_waits_for_a_person_before_a_push(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("conflict", {"a.txt": "old\n"})
    row = bench.cloned(remote.url)
    remote.commit({"a.txt": "theirs\n"})
    bench.write("alice/models/tank/a.txt", "ours\n")

    synced = bench.syncing.sync(ALICE, row.id)

    (report,) = synced.pulled.files
    assert report.outcome is Outcome.CONFLICT
    assert report.copy
    assert bench.files() == {"a.txt": "theirs\n", report.copy: "ours\n"}
    assert synced.pushed is None
    assert report.copy in synced.notes[0]
    assert remote.log() == ["An edit", "The first"]
    assert bench.looking.status(ALICE, row.id).conflicts == (report.copy,)

    (bench.root / "alice/models/tank" / report.copy).unlink()
    bench.write("alice/models/tank/a.txt", "of both\n")
    assert bench.syncing.sync(ALICE, row.id).pushed
    assert remote.files() == {"a.txt": "of both"}
    assert bench.looking.status(ALICE, row.id).conflicts == ()


@pytest.mark.d4(37)
def test_a_forced_push_elsewhere_brings_nothing_back_and_loses_nothing_here(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("forced", {"a.txt": "a\n"})
    remote.commit({"secret.txt": "s\n"}, message="A mistake")
    row = bench.cloned(remote.url)
    bench.write("alice/models/tank/mine.txt", "mine\n")
    with remote.edited(force=True) as work:
        git(work, "reset", "-q", "--hard", "HEAD~1")
        (work / "b.txt").write_text("b\n")
        git(work, "add", "-A")
        git(work, "commit", "-q", "-m", "In its place")

    status = bench.looking.status(ALICE, row.id, fetch=True)
    synced = bench.syncing.sync(ALICE, row.id)

    assert status.was_rewritten
    assert synced.pulled.was_rewritten
    assert bench.files() == {"a.txt": "a\n", "b.txt": "b\n", "mine.txt": "mine\n"}
    assert remote.log()[1:] == ["In its place", "The first"]
    assert "A mistake" not in remote.log()


@pytest.mark.d4(37)
def test_an_empty_repository_gets_its_first_commit_by_a_push(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("empty")
    bench.write("alice/models/tank/a.txt", "a\n")
    row = bench.connect(remote.url)

    assert bench.syncing.pull(ALICE, row.id).notes
    bench.syncing.sync(ALICE, row.id)

    assert remote.files() == {"a.txt": "a"}
    assert bench.looking.history(row.id)[0].message == "Update a.txt"


def test_a_dry_run_of_a_sync_tells_both_ways_and_changes_nothing(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("dry-sync", {"a.txt": "a\n", "b.txt": "b\n"})
    row = bench.cloned(remote.url)
    bench.write("alice/models/tank/b.txt", "mine\n")
    bench.write("alice/models/tank/c.txt", "new\n")
    remote.commit({"a.txt": "theirs\n", "c.txt": "new\n"})
    before = bench.files()
    done = bench.syncing.sync(ALICE, row.id, wish=Wish(is_dry_run=True))
    assert "a.txt" in {one.path for one in done.pulled.files}
    assert done.pushed is not None
    assert [one.path for one in done.pushed.changes] == ["b.txt"]
    assert bench.files() == before
    assert remote.read("b.txt") == "b"


def test_a_dry_run_tells_and_changes_nothing(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("dry", {"a.txt": "a\n", "b.txt": "b\n"})
    row = bench.cloned(remote.url)
    remote.commit({"a.txt": "theirs\n", "b.txt": "theirs\n"})
    bench.write("alice/models/tank/a.txt", "ours\n")
    before = bench.files()

    pulled = bench.syncing.pull(ALICE, row.id, dry_run=True)

    assert [(one.path, one.outcome) for one in pulled.files] == [
        ("a.txt", Outcome.CONFLICT),
        ("b.txt", Outcome.UPDATED),
    ]
    assert bench.files() == before
    assert not bench.looking.kept(row.id)
    assert bench.looking.status(ALICE, row.id).behind == 1


def test_what_gitignore_leaves_out_is_not_pushed_unless_it_is_in_the_repository(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make(
        "ignored", {".gitignore": "build/\n*.log\n", "kept.log": "1\n", "sub/.gitignore": "x\n"}
    )
    row = bench.cloned(remote.url)
    for name in ("build/out.o", "deep/a.log", "sub/x", "sub/y"):
        bench.write(f"alice/models/tank/{name}", "new\n")
    bench.write("alice/models/tank/kept.log", "2\n")

    pushed = bench.syncing.push(ALICE, row.id)

    assert {one.path for one in pushed.changes} == {"kept.log", "sub/y"}
    assert {one.path for one in pushed.left_out} == {"build/out.o", "deep/a.log", "sub/x"}


def test_a_folder_of_a_repository_is_synced_and_what_is_beside_it_stays(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("folder", {"assets/tank/a.txt": "a\n", "other/b.txt": "b\n"})
    row = bench.connect(remote.url, folder="assets/tank")
    bench.syncing.pull(ALICE, row.id)
    assert bench.files() == {"a.txt": "a\n"}

    bench.write("alice/models/tank/a.txt", "mine\n")
    bench.write('alice/models/tank/n/ö "q".txt', "n\n")
    remote.commit({"other/b.txt": "b2\n"})
    bench.syncing.sync(ALICE, row.id)

    assert remote.files() == {
        "assets/tank/a.txt": "mine", 'assets/tank/n/ö "q".txt': "n", "other/b.txt": "b2",
    }  # fmt: skip
    assert [one.message for one in bench.looking.history(row.id)][1:] == ["The first"]


def test_a_whole_area_is_synced(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("area", {"models/tank/a.txt": "a\n", "models/pump/p.txt": "p\n"})
    bench.write("alice/models/tank/a.txt", "a\n")
    bench.write("alice/data/d.csv", "1\n")
    row = bench.connect(remote.url, "alice")

    bench.syncing.sync(ALICE, row.id)

    assert (bench.root / "alice/models/pump/p.txt").read_text() == "p\n"
    assert set(remote.files()) == {"models/tank/a.txt", "models/pump/p.txt", "data/d.csv"}
    with pytest.raises(ExistsError, match="alice is connected"):
        bench.connect(remote.url, "alice/models/tank")


def test_files_go_back_to_an_earlier_commit_and_what_was_there_can_come_back(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("back", {"a.txt": "1\n", "b.txt": "1\n"})
    first = bench_commit(remote)
    remote.commit({"a.txt": "2\n", "b.txt": "2\n", "c.txt": "2\n"})
    row = bench.cloned(remote.url)
    bench.write("alice/models/tank/b.txt", "mine\n")

    one = bench.syncing.restore(row.id, first, path="a.txt")
    assert bench.files() == {"a.txt": "1\n", "b.txt": "mine\n", "c.txt": "2\n"}
    everything = bench.syncing.restore(row.id, first)
    assert bench.files() == {"a.txt": "1\n", "b.txt": "1\n"}

    assert one.kept
    assert everything.kept
    bench.syncing.restore(row.id, everything.kept)
    assert bench.files() == {"a.txt": "1\n", "b.txt": "mine\n", "c.txt": "2\n"}
    with pytest.raises(NotThereError, match="no commit"):
        bench.syncing.restore(row.id, "0123456789")


def test_differences_are_shown_by_file(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("differs", {"a.txt": "1\n2\n"})
    newest = remote.commit({"a.txt": "1\n3\n"})
    row = bench.cloned(remote.url)
    bench.write("alice/models/tank/a.txt", "1\n4\n")
    bench.write("alice/models/tank/n.txt", "n\n")

    assert "-3\n+4" in bench.looking.difference(row.id, "a.txt")
    assert "+n" in bench.looking.difference(row.id, "n.txt")
    assert "-2\n+3" in bench.looking.difference(row.id, "a.txt", newest)
    with pytest.raises(NotThereError):
        bench.looking.difference(row.id, "nothing.txt")


def test_a_disconnected_place_keeps_its_files(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("left", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)

    bench.connections.disconnect(row.id)

    assert bench.files() == {"a.txt": "a\n"}
    assert not list((bench.root / ".library/git").iterdir())
    with pytest.raises(NotThereError):
        bench.syncing.pull(ALICE, row.id)


def test_programs_stay_programs(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("programs", {"run.sh": "#!/bin/sh\n"})
    with remote.edited() as work:
        git(work, "update-index", "--chmod=+x", "run.sh")
        git(work, "commit", "-q", "-m", "A program")
    row = bench.cloned(remote.url)
    assert (bench.root / "alice/models/tank/run.sh").stat().st_mode & 0o100

    bench.write("alice/models/tank/own.sh", "#!/bin/sh\n").chmod(0o755)
    bench.syncing.push(ALICE, row.id)

    assert git(remote.path, "ls-tree", "main", "own.sh").startswith("100755")


def bench_commit(remote: Remote) -> str:
    """Return the newest commit of a repository."""
    return git(remote.path, "rev-parse", "main")
