"""Links to repositories beside a real git server: nothing that a student has written is lost."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_library.errors import LibraryError
from twinhub_library.opening.importing import State
from twinhub_library.opening.links import GitLink
from twinhub_library.opening.repositories import RepositoryImporter

from tests.integration.library.repositories.conftest import ALICE

if TYPE_CHECKING:
    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench

_START = "# Start\n\none\n\ntwo\n"


def link_to(url: str, branch: str = "") -> GitLink:
    """Return a link as its address would be parsed, which takes https alone."""
    return GitLink(url, branch, RelativePath(("course",)), RelativePath(("course",)))


@pytest.fixture(name="importer")
def _importer(bench: Bench) -> RepositoryImporter:
    return RepositoryImporter(
        bench.tree, bench.connections, bench.syncing, lambda _area, _size: None
    )


@pytest.mark.d4(36)
def test_link_clones_then_pulls_and_keeps_what_a_student_has_written(
    bench: Bench, importer: RepositoryImporter, git_servers: GitServers
) -> None:
    remote = git_servers.make("public/course", {"start.md": _START, "a.txt": "a"})
    link = link_to(remote.url)
    assert importer.look(ALICE, link).state is State.ABSENT

    brought = importer.bring(ALICE, link)
    assert [(one.path, one.outcome) for one in brought.files] == [
        ("a.txt", "added"), ("start.md", "added"),
    ]  # fmt: skip
    assert importer.look(ALICE, link).state is State.BEHIND

    bench.write("alice/course/start.md", _START.replace("two", "my two"))
    remote.commit({"start.md": _START.replace("two", "TWO"), "b.txt": "b"}, message="More")
    outcomes = {one.path: one for one in importer.bring(ALICE, link).files}

    assert outcomes["b.txt"].outcome == "added"
    assert outcomes["start.md"].outcome == "conflict"
    assert "my two" in (bench.root / "alice/course" / outcomes["start.md"].copy).read_text()
    assert "TWO" in bench.files("alice/course")["start.md"]


def test_folder_that_was_deleted_is_cloned_anew(
    bench: Bench, importer: RepositoryImporter, git_servers: GitServers
) -> None:
    link = link_to(git_servers.make("public/again", {"a.txt": "a"}).url)
    importer.bring(ALICE, link)
    shutil.rmtree(bench.root / "alice/course")

    assert importer.look(ALICE, link).state is State.ABSENT
    importer.bring(ALICE, link)
    assert bench.files("alice/course") == {"a.txt": "a"}


def test_own_folder_or_other_repository_of_the_name_is_never_touched(
    bench: Bench, importer: RepositoryImporter, git_servers: GitServers
) -> None:
    bench.write("alice/course/mine.txt", "mine")
    link = link_to(git_servers.make("public/other", {"a.txt": "a"}).url)

    assert importer.look(ALICE, link).state is State.OTHER
    assert importer.bring(ALICE, link).files == ()
    assert bench.files("alice/course") == {"mine.txt": "mine"}


@pytest.mark.d4(37)
@pytest.mark.parametrize("name", ["private", "public/missing"])
def test_repository_that_does_not_let_us_in_leaves_nothing(
    bench: Bench, importer: RepositoryImporter, git_servers: GitServers, name: str
) -> None:
    remote = git_servers.make("private", {"a.txt": "a"}) if name == "private" else None
    url = remote.url if remote else f"http://127.0.0.1:{git_servers.http_port}/{name}.git"

    with pytest.raises(LibraryError):
        importer.bring(ALICE, link_to(url))

    assert bench.connections.list() == []
    assert not (bench.root / "alice/course").exists()
