"""Previous versions over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_library.areas import split_path
from twinhub_library.settings import LibrarySettings, SnapshotSettings

from tests.fixtures.library import TEAM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient
    from twinhub_library.library import Library

    Client = Callable[[str], TestClient]

ALICE = split_path(RelativePath(("alice",)))[0]
FILE = "alice/models/tank/model.txt"


@pytest.fixture(name="library_settings")
def _library_settings(library_root: Path, tmp_path: Path) -> LibrarySettings:
    settings = LibrarySettings(library_root, tmp_path / "state")
    return replace(settings, snapshots=SnapshotSettings(free_bytes=0))


@pytest.fixture(name="times")
def _times(library: Library, library_root: Path) -> list[str]:
    """Return the times of three versions of a file, the newest first."""
    for text in ("one\n", "two\n", "three\n"):
        (library_root / FILE).write_text(text)
        library.snapshots.take(ALICE)
    return library.snapshots.shelf.list_times(ALICE)


def test_versions_are_listed_newest_first_by_pages(client_of: Client, times: list[str]) -> None:
    alice = client_of("alice")

    first = alice.get(f"/api/previous/{FILE}", params={"limit": 2}).json()
    second = alice.get(f"/api/previous/{FILE}", params={"after": first["next"]}).json()

    assert [one["time"] for one in first["items"] + second["items"]] == times
    assert [one["size"] for one in first["items"]] == [6, 4]
    assert first["items"][0]["is_present"]
    assert not first["items"][1]["is_present"]
    assert second["next"] is None


def test_version_is_read_as_a_download(client_of: Client, times: list[str]) -> None:
    answer = client_of("alice").get(f"/api/previous-files/{times[2]}/{FILE}")

    assert answer.content == b"one\n"
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox"


def test_folder_of_then_is_listed(client_of: Client, times: list[str]) -> None:
    url = f"/api/previous-folders/{times[2]}/alice/models/tank"

    first = client_of("alice").get(url, params={"limit": 1}).json()
    second = client_of("alice").get(url, params={"after": first["next"]}).json()

    assert [one["name"] for one in first["items"]] == ["README.md"]
    assert [one["name"] for one in second["items"]] == ["model.txt"]


def test_difference_is_in_the_unified_format(client_of: Client, times: list[str]) -> None:
    alice = client_of("alice")

    now = alice.get(f"/api/previous-differences/{times[2]}/{FILE}").json()["text"]
    then = alice.get(
        f"/api/previous-differences/{times[2]}/{FILE}", params={"until": times[1]}
    ).json()["text"]

    assert "-one\n+three\n" in now
    assert "-one\n+two\n" in then


def test_what_is_no_text_is_not_compared(
    client_of: Client, library: Library, library_root: Path
) -> None:
    (library_root / FILE).write_bytes(b"\xff\0")
    time = library.snapshots.take(ALICE).time

    answer = client_of("alice").get(f"/api/previous-differences/{time}/{FILE}")

    assert (answer.status_code, answer.json()["code"]) == (409, "no-text")


def test_restore_says_what_it_did(client_of: Client, library_root: Path, times: list[str]) -> None:
    body = {"path": FILE, "time": times[2]}

    answer = client_of("alice").post("/api/previous-restores", json=body).json()

    assert (library_root / FILE).read_text() == "one\n"
    assert answer["counts"] == {"restored": 1}
    assert answer["files"] == [{"path": FILE, "outcome": "restored"}]


def test_restored_copy_lies_where_it_was_asked_for(
    client_of: Client, library_root: Path, times: list[str]
) -> None:
    body = {"path": FILE, "time": times[2], "into": "alice/models/tank/old.txt"}

    assert client_of("alice").post("/api/previous-restores", json=body).status_code == 200
    assert (library_root / "alice/models/tank/old.txt").read_text() == "one\n"
    assert (library_root / FILE).read_text() == "three\n"


@pytest.mark.d4(14)
@pytest.mark.parametrize("name", ["bob", "admin", "instructor", "member"])
def test_versions_of_somebody_else_are_not_there(
    client_of: Client, times: list[str], name: str
) -> None:
    other = client_of(name)
    body = {"path": FILE, "time": times[0]}
    own = {"path": FILE, "time": times[0], "into": f"{name}/x"}

    answers = [
        other.get(f"/api/previous/{FILE}"),
        other.get(f"/api/previous-files/{times[0]}/{FILE}"),
        other.get(f"/api/previous-folders/{times[0]}/alice/models"),
        other.get(f"/api/previous-differences/{times[0]}/{FILE}"),
        other.post("/api/previous-restores", json=body),
        other.post("/api/previous-restores", json=own),
    ]

    assert {one.status_code for one in answers} == {404}


@pytest.mark.d4(21)
def test_no_time_leads_out_of_the_snapshots(client_of: Client, times: list[str]) -> None:
    del times
    for time in ("..", ".last", "%2e%2e", "x", "2026-11-26T20-00-00Z%2f..", "files"):
        answer = client_of("alice").get(f"/api/previous-files/{time}/{FILE}")
        assert answer.status_code in {404, 400}, time


def test_link_in_a_version_is_not_followed(
    client_of: Client, library: Library, library_root: Path
) -> None:
    (library_root / "alice/models/l").symlink_to("../../bob/models/secret/notes.txt")
    (library_root / "alice/models/f").symlink_to("../../bob/models/secret")
    time = library.snapshots.take(ALICE).time

    for name in ("l", "f/notes.txt"):
        answer = client_of("alice").get(f"/api/previous-files/{time}/alice/models/{name}")
        assert answer.status_code == 404


def test_members_of_a_team_share_its_versions(client_of: Client, library: Library) -> None:
    area = split_path(RelativePath.parse(f"teams/{TEAM}"))[0]
    library.snapshots.take(area)

    url = f"/api/previous/teams/{TEAM}/models/pump/model.txt"

    assert len(client_of("member").get(url).json()["items"]) == 1
    assert client_of("alice").get(url).status_code == 404


def test_common_area_has_published_versions_instead(client_of: Client) -> None:
    answer = client_of("alice").get("/api/previous/common/data/weather.csv")

    assert answer.status_code == 400
    assert "published" in answer.json()["detail"]
