"""Team areas: who switches them, where files are meanwhile, and what a crash leaves."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import pytest
from twinhub_api.names import label_for
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_kit.callers import Caller
from twinhub_library.areas import Area
from twinhub_library.library import Library, open_library
from twinhub_library.teams import Teams
from twinhub_library.testing import CrashPoints

from tests.fixtures.library import CALLERS, IDENTITY, TEAM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient
    from twinhub_library.settings import LibrarySettings

KINDS = {"data", "digital_twins", "functions", "models", "tools"}
FILE = f"teams/{TEAM}/models/pump/model.txt"


@pytest.fixture(autouse=True)
def _teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an instructor be in the team, and somebody in a group of odd name."""
    teacher = Caller("instructor", frozenset({TEAM, "TU/Künste 1"}), CALLERS["instructor"].scopes)
    monkeypatch.setitem(IDENTITY.callers, "token-of-instructor", teacher)


def files_of(root: Path) -> dict[str, str]:
    """Return the text of every file of a team, on or off, by its path in the team."""
    found = {}
    for place in (root / "teams" / TEAM, *(root / ".library/teams-off").glob(f"{TEAM}-*")):
        for file in place.rglob("*"):
            if file.is_file():
                found[str(file.relative_to(place))] = file.read_text()
    return found


def test_everybody_sees_own_groups_and_what_they_may_do(
    client_of: Callable[[str], TestClient],
) -> None:
    (team,) = client_of("member").get("/api/teams").json()["teams"]
    assert (team["group"], team["label"], team["is_on"]) == (TEAM, TEAM, True)
    assert team["rights"] == {"read": True, "write": True, "switch": False}
    odd, own = client_of("instructor").get("/api/teams").json()["teams"]
    assert own["rights"] == {"read": True, "write": True, "switch": True}
    assert (odd["label"], odd["is_on"]) == (label_for("TU/Künste 1"), False)
    assert odd["rights"] == {"read": False, "write": False, "switch": True}
    assert client_of("alice").get("/api/teams").json() == {"teams": []}
    assert client_of("alice").get("/api/teams?every=true").json() == {"teams": []}
    every = client_of("admin").get("/api/teams?every=true").json()["teams"]
    assert [one["group"] for one in every] == [TEAM]


@pytest.mark.parametrize(
    ("who", "group", "status"),
    [
        ("admin", "anybody", 200), ("instructor", TEAM, 200), ("instructor", "others", 404),
        ("member", TEAM, 403), ("member", "others", 404), ("alice", TEAM, 404), ("", TEAM, 401),
        ("admin", "x" * 256, 400), ("admin", "a\u200bb", 400), ("admin", " ", 400),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_admin_or_an_instructor_of_the_group_switches_it(
    client_of: Callable[[str], TestClient], who: str, group: str, status: int, method: str
) -> None:
    answer = client_of(who).request(method, f"/api/teams/{group}")
    assert answer.status_code == status, answer.text


def test_a_team_that_is_switched_on_has_a_folder_for_each_kind(
    client_of: Callable[[str], TestClient], library_root: Path
) -> None:
    team = client_of("instructor").put("/api/teams/TU%2FK%C3%BCnste%201").json()
    folder = library_root / "teams" / team["label"]
    assert {one.name for one in folder.iterdir()} == KINDS
    assert team["changed_by"] == "instructor"
    assert client_of("instructor").put("/api/teams/TU%2FK%C3%BCnste%201").json()["is_on"]


def test_switching_off_ends_access_at_once_and_switching_on_brings_the_files_back(
    client_of: Callable[[str], TestClient], library_root: Path
) -> None:
    member, teacher = client_of("member"), client_of("instructor")
    assert member.get(f"/api/assets/teams/{TEAM}/models/pump").status_code == 200
    off = teacher.delete(f"/api/teams/{TEAM}").json()
    assert (off["is_on"], off["has_kept_files"], off["rights"]["read"]) == (False, True, False)
    assert member.get(f"/api/assets/teams/{TEAM}/models/pump").status_code == 404
    assert not (library_root / "teams" / TEAM).exists()
    assert "models/pump/model.txt" in files_of(library_root)
    on = teacher.put(f"/api/teams/{TEAM}").json()
    assert (on["is_on"], on["has_kept_files"], on["rights"]["read"]) == (True, False, True)
    assert (library_root / FILE).read_text() == "flow = speed * volume\n"
    assert {one.name for one in (library_root / "teams" / TEAM).iterdir()} == KINDS


def test_a_workspace_that_has_the_folder_mounted_loses_the_files_too(
    library: Library, library_root: Path
) -> None:
    mounted = os.open(library_root / "teams" / TEAM, os.O_RDONLY | os.O_DIRECTORY)
    try:
        library.teams.switch_off(TEAM, by="admin")
        assert os.listdir(mounted) == []  # noqa: PTH208 - a descriptor
    finally:
        os.close(mounted)


def test_nobody_reaches_a_team_that_is_off_by_its_folder(
    client_of: Callable[[str], TestClient], library: Library, library_root: Path
) -> None:
    library.teams.switch_off(TEAM, by="admin")
    (kept,) = (library_root / ".library/teams-off").iterdir()
    for who in ("member", "admin", "instructor"):
        for path in (f".library/teams-off/{kept.name}/models/pump", f"teams/{TEAM}/models/pump"):
            assert client_of(who).get(f"/api/assets/{path}").status_code == 404


@pytest.mark.d4(20)
def test_a_deleted_group_that_comes_again_begins_with_nothing(
    client_of: Callable[[str], TestClient], library_root: Path
) -> None:
    admin, member, teacher = client_of("admin"), client_of("member"), client_of("instructor")
    assert teacher.delete(f"/api/teams/{TEAM}?deleted=true").status_code == 403
    assert admin.delete(f"/api/teams/{TEAM}?deleted=true").json()["is_on"] is False
    # the group is there again, with members that the hub names: the team is not
    assert member.get(f"/api/assets/teams/{TEAM}/models/pump").status_code == 404
    assert teacher.put(f"/api/teams/{TEAM}?bring_back=true").status_code == 403
    assert teacher.put(f"/api/teams/{TEAM}").json()["is_on"]
    assert member.get(f"/api/assets/teams/{TEAM}/models/pump").status_code == 404
    assert member.get(f"/api/assets?area=teams/{TEAM}").json()["assets"] == []
    assert "models/pump/model.txt" in files_of(library_root)
    # and switching it off and on again does not help
    teacher.delete(f"/api/teams/{TEAM}")
    teacher.put(f"/api/teams/{TEAM}")
    assert member.get(f"/api/assets/teams/{TEAM}/models/pump").status_code == 404


def past_of(member: TestClient) -> tuple[list[str], int]:
    """Return what the team's bin holds, and how many previous versions a file has."""
    items = member.get("/api/bin", params={"area": f"teams/{TEAM}"}).json()["items"]
    versions = member.get(f"/api/previous/{FILE}").json()["items"]
    return [one["path"] for one in items], len(versions)


@pytest.mark.d4(20)
def test_a_deleted_group_that_comes_again_sees_neither_bin_nor_previous_versions(
    client_of: Callable[[str], TestClient], library: Library
) -> None:
    admin, member = client_of("admin"), client_of("member")
    library.snapshots.take(Area(AreaKind.TEAM, TEAM))
    assert member.delete(f"/api/files/{FILE}").is_success
    (deleted,) = member.get("/api/bin", params={"area": f"teams/{TEAM}"}).json()["items"]
    assert past_of(member) == ([FILE], 1)

    for _ in range(2):
        admin.delete(f"/api/teams/{TEAM}?deleted=true")
        assert admin.put(f"/api/teams/{TEAM}").json()["is_on"]
        assert past_of(member) == ([], 0)
        restore = {"params": {"area": f"teams/{TEAM}"}, "json": {"target": f"teams/{TEAM}/data/x"}}
        answer = member.post(f"/api/bin/{deleted['id']}/restore", **restore)
        assert answer.status_code == 404


@pytest.mark.d4(20)
def test_an_administrator_brings_the_files_of_a_deleted_group_back(
    client_of: Callable[[str], TestClient], library: Library, library_root: Path
) -> None:
    admin, member = client_of("admin"), client_of("member")
    library.snapshots.take(Area(AreaKind.TEAM, TEAM))
    assert member.delete(f"/api/files/teams/{TEAM}/models").is_success
    admin.delete(f"/api/teams/{TEAM}?deleted=true")
    assert admin.put(f"/api/teams/{TEAM}?bring_back=true").json()["is_on"]
    assert past_of(member) == ([f"teams/{TEAM}/models"], 1)
    assert "models/pump/model.txt" not in files_of(library_root)


def test_folders_that_no_row_tells_of_are_teams_of_their_names(
    library_settings: LibrarySettings, library_root: Path
) -> None:
    (library_root / "teams" / label_for("Odd Name")).mkdir()
    with open_library(library_settings) as library:
        known = {one.label: one.group for one in library.teams.list_known()}
    assert known == {TEAM: TEAM, label_for("Odd Name"): ""}


@pytest.mark.heavy
@pytest.mark.parametrize("is_gone", [False, True])
def test_a_crash_at_any_write_loses_no_file_and_ends_in_on_or_off(
    library_settings: LibrarySettings, library_root: Path, tmp_path: Path, *, is_gone: bool
) -> None:
    settings = dataclasses.replace(library_settings, state=tmp_path / "crashes")
    expected = files_of(library_root)
    with open_library(settings) as library:

        def recover() -> None:
            Teams(library.tree, library.database).recover()

        def begin() -> None:
            recover()
            library.teams.bring_back(TEAM, by="admin")
            assert (library_root / FILE).exists()

        count = 0
        off = CrashPoints.sweep(
            lambda: library.teams.switch_off(TEAM, by="admin", is_gone=is_gone), before=begin
        )
        for _ in off:
            count += 1
            recover()
            assert files_of(library_root) == expected
            assert library.teams.is_on(TEAM) is (library_root / FILE).exists()
        assert count > 5
        back = CrashPoints.sweep(
            lambda: library.teams.bring_back(TEAM, by="admin"),
            before=lambda: library.teams.switch_off(TEAM, by="admin", is_gone=is_gone),
        )
        for _ in back:
            recover()
            assert files_of(library_root) == expected
            assert library.teams.is_on(TEAM) is (library_root / FILE).exists()


@pytest.mark.heavy
@pytest.mark.d4(20)
def test_a_crash_gives_no_new_group_the_files_of_the_old_one(
    library_settings: LibrarySettings, library_root: Path
) -> None:
    with open_library(library_settings) as library:
        sweep = CrashPoints.sweep(
            lambda: library.teams.switch_on(TEAM, by="instructor"),
            before=lambda: library.teams.switch_off(TEAM, by="admin", is_gone=True),
        )
        for _ in sweep:
            Teams(library.tree, library.database).recover()
            library.teams.switch_on(TEAM, by="instructor")
            assert not (library_root / FILE).exists()
            assert "models/pump/model.txt" in files_of(library_root)


def test_switching_off_takes_a_file_that_is_written_meanwhile_along(
    library: Library, library_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = library.tree.remove_empty_folder
    late = iter(["late.txt"])

    def write_late(path: object) -> None:
        for name in late:
            (library_root / str(path) / name).write_text("late")
        removed(path)  # type: ignore[arg-type]

    monkeypatch.setattr(library.tree, "remove_empty_folder", write_late)
    library.teams.switch_off(TEAM, by="admin")
    assert files_of(library_root)["late.txt"] == "late"
