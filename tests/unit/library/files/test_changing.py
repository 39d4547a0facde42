from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.quotas import QuotaSettings
from twinhub_library.room import Limits
from twinhub_library.settings import LibrarySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.testclient import TestClient
    from twinhub_library.library import Library

NEW = "/api/files/alice/data/new.txt"
LEVELS = "/api/files/alice/data/levels.csv"


@pytest.fixture(name="library_settings")
def _library_settings(library_root: Path, tmp_path: Path) -> LibrarySettings:
    limits, quota = Limits(largest_file=4 << 20), QuotaSettings(free_bytes=0)
    return LibrarySettings(library_root, tmp_path / "state", limits=limits, quota=quota)


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient]) -> TestClient:
    return client_of("alice")


def _json(client: TestClient, path: str, **body: str | None) -> tuple[int, dict[str, str]]:
    answer = client.post(path, json=body)
    return answer.status_code, answer.json()


def _files(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_new_file_is_created_and_an_old_one_replaced(alice: TestClient) -> None:
    first = alice.put(NEW, content=b"one")
    assert (first.status_code, first.json()["size"]) == (201, 3)
    second = alice.put(NEW, content=b"three", headers={"If-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert alice.get(NEW).content == b"three"
    assert alice.get(NEW).headers["etag"] == second.headers["etag"]


def test_change_that_the_writer_has_not_seen_is_kept(alice: TestClient) -> None:
    seen = alice.put(NEW, content=b"one").headers["etag"]
    alice.put(NEW, content=b"theirs")
    for headers in ({"If-Match": seen}, {"If-None-Match": "*"}, {"If-Match": '"other"'}):
        answer = alice.put(NEW, content=b"mine", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (412, "changed")
    assert alice.delete(NEW, headers={"If-Match": seen}).status_code == 412
    assert alice.get(NEW).content == b"theirs"
    absent = alice.put("/api/files/alice/data/absent", content=b"x", headers={"If-Match": "*"})
    assert absent.status_code == 412


@pytest.mark.d4(25)
def test_upload_over_the_limit_is_refused_and_leaves_nothing(
    alice: TestClient, library_root: Path
) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(80):
            yield b"x" * (1 << 20)

    before = _files(library_root / "alice")
    declared = alice.put(NEW, content=b"x" * (5 << 20))
    undeclared = alice.put(NEW, content=chunks())
    assert (declared.status_code, undeclared.status_code) == (413, 413)
    assert "at most 4,194,304" in declared.json()["detail"]
    assert _files(library_root / "alice") == before


@pytest.mark.d4(25)
def test_upload_that_would_fill_the_disk_is_refused_before_a_byte_is_written(
    alice: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library.tree, "count_free_bytes", lambda: 100)
    answer = alice.put(NEW, content=b"x" * 101)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk-full")
    assert "100 bytes left" in answer.json()["detail"]
    assert alice.put(NEW, content=b"x" * 100).status_code == 201


@pytest.mark.d4(24)
@pytest.mark.parametrize("name", ["alice", "member", "instructor", "admin"])
def test_common_files_are_changed_by_nobody(
    client_of: Callable[[str], TestClient], library_root: Path, name: str
) -> None:
    client = client_of(name)
    before = _files(library_root / "common")
    file = "/api/files/common/data/weather.csv"
    answers = [
        client.put(file, content=b"x"),
        client.put("/api/files/common/data/new", content=b"x"),
        client.delete(file),
        client.post("/api/folders/common/data/new"),
        client.post("/api/moves", json={"source": "common/data", "target": f"{name}/data2"}),
        client.post("/api/moves", json={"source": f"{name}/x", "target": "common/data/x"}),
        client.post("/api/copies", json={"source": "common/data", "target": "common/data2"}),
        client.get("/api/bin", params={"area": "common"}),
        client.post("/api/bin/0/restore", params={"area": "common"}, json={"target": None}),
        client.delete("/api/bin/0", params={"area": "common"}),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert _files(library_root / "common") == before


@pytest.mark.d4(14)
@pytest.mark.parametrize("name", ["bob", "member", "instructor", "admin"])
def test_files_of_another_look_like_missing_ones_whatever_is_asked(
    client_of: Callable[[str], TestClient], library_root: Path, name: str
) -> None:
    client = client_of(name)
    before = _files(library_root)
    answers = [
        client.get(LEVELS), client.head(LEVELS), client.put(LEVELS, content=b"x"),
        client.delete(LEVELS), client.get("/api/entries/alice/data/levels.csv"),
        client.get("/api/checksums/alice/data/levels.csv"),
        client.post("/api/folders/alice/data/new"),
        client.post("/api/moves", json={"source": "alice/data", "target": f"{name}/data"}),
        client.post("/api/moves", json={"source": f"{name}/x", "target": "alice/data2"}),
        client.post("/api/copies", json={"source": "alice/data", "target": f"{name}/data"}),
        client.post("/api/copies", json={"source": "common/data", "target": "alice/data2"}),
        client.get("/api/bin", params={"area": "alice"}),
        client.delete("/api/bin/0", params={"area": "alice"}),
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} == {404}
    assert _files(library_root) == before


def test_own_area_itself_is_not_removed_or_replaced(alice: TestClient) -> None:
    for answer in (
        alice.delete("/api/files/alice"),
        alice.put("/api/files/alice", content=b"x"),
        alice.post("/api/folders/alice"),
        alice.post("/api/moves", json={"source": "alice", "target": "alice/x"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-path")


def test_file_and_folder_are_moved_to_where_nothing_is(
    alice: TestClient, library_root: Path
) -> None:
    assert alice.post("/api/folders/alice/models/pump").status_code == 201
    status, _ = _json(
        alice, "/api/moves", source="alice/models/tank", target="alice/models/pump/tank"
    )
    assert status == 201
    assert _files(library_root / "alice" / "models") == [
        "pump/tank/README.md", "pump/tank/model.txt",
    ]  # fmt: skip
    taken, _ = _json(alice, "/api/moves", source="alice/data", target="alice/models/pump")
    gone, _ = _json(alice, "/api/moves", source="alice/models/tank", target="alice/x")
    assert (taken, gone) == (409, 404)


def test_folder_is_copied_with_its_links_and_modes(alice: TestClient, library_root: Path) -> None:
    tank = library_root / "alice" / "models" / "tank"
    (tank / "deep" / "er").mkdir(parents=True)
    (tank / "deep" / "er" / "run.sh").write_text("#!/bin/sh\n")
    (tank / "deep" / "er" / "run.sh").chmod(0o755)
    (tank / "link").symlink_to("../../../bob/models/secret")
    status, entry = _json(alice, "/api/copies", source="alice/models/tank", target="alice/copy")
    assert (status, entry["kind"]) == (201, "folder")
    copy = library_root / "alice" / "copy"
    assert _files(copy) == _files(tank)
    assert (copy / "deep" / "er" / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (copy / "link").is_symlink()
    assert list((library_root / ".library" / "unfinished").iterdir()) == []
    inside, _ = _json(alice, "/api/copies", source="alice/copy", target="alice/copy/again")
    assert inside == 400


def test_copy_of_a_folder_with_a_pipe_says_so_and_leaves_nothing(
    alice: TestClient, library_root: Path
) -> None:
    os.mkfifo(library_root / "alice" / "models" / "tank" / "pipe")
    status, problem = _json(alice, "/api/copies", source="alice/models/tank", target="alice/copy")
    assert status == 409
    assert "pipe is no file with content" in problem["detail"]
    assert sorted(one.name for one in (library_root / "alice").iterdir()) == ["data", "models"]


def test_hole_of_a_sparse_file_stays_one_in_a_copy(alice: TestClient, library_root: Path) -> None:
    source = library_root / "alice" / "data" / "sparse"
    with source.open("wb") as file:
        file.seek(3 << 20)
        file.write(b"end")
    status, _ = _json(alice, "/api/copies", source="alice/data/sparse", target="alice/data/copy")
    copy = library_root / "alice" / "data" / "copy"
    assert status == 201
    assert copy.read_bytes() == source.read_bytes()
    assert copy.stat().st_blocks == source.stat().st_blocks


def test_deleted_folder_comes_back_from_the_bin(alice: TestClient, library_root: Path) -> None:
    before = _files(library_root / "alice")
    item = alice.delete("/api/files/alice/models/tank").json()
    assert (item["path"], item["kind"], item["removed_by"]) == (
        "alice/models/tank", "folder", "alice",
    )  # fmt: skip
    assert alice.get("/api/folders/alice/models/tank").status_code == 404
    listed = alice.get("/api/bin", params={"area": "alice"}).json()
    assert [one["id"] for one in listed["items"]] == [item["id"]]
    restored = alice.post(
        f"/api/bin/{item['id']}/restore", params={"area": "alice"}, json={"target": None}
    )
    assert restored.status_code == 201
    assert _files(library_root / "alice") == before
    assert alice.get("/api/bin", params={"area": "alice"}).json()["items"] == []


def test_what_has_its_place_taken_is_restored_elsewhere(
    alice: TestClient, library_root: Path
) -> None:
    item = alice.delete(LEVELS).json()
    alice.put(LEVELS, content=b"newer")
    place = f"/api/bin/{item['id']}/restore"
    taken = alice.post(place, params={"area": "alice"}, json={"target": None})
    assert taken.status_code == 409
    foreign = alice.post(place, params={"area": "alice"}, json={"target": "bob/levels.csv"})
    assert foreign.status_code == 404
    elsewhere = alice.post(place, params={"area": "alice"}, json={"target": "alice/old.csv"})
    assert elsewhere.status_code == 201
    assert (library_root / "alice" / "old.csv").read_text().startswith("time,level")
    assert alice.get(LEVELS).content == b"newer"


def test_bin_is_purged_by_hand_and_by_age(alice: TestClient, library: Library) -> None:
    first, second = alice.delete(LEVELS).json(), alice.delete("/api/files/alice/models").json()
    assert alice.delete(f"/api/bin/{first['id']}", params={"area": "alice"}).status_code == 204
    assert library.files.bin.purge_expired(datetime.now(UTC)) == 0
    assert library.files.bin.purge_expired(datetime.now(UTC) + timedelta(days=31)) == 1
    again = alice.delete(f"/api/bin/{second['id']}", params={"area": "alice"})
    assert again.status_code == 404


def test_bin_of_another_area_gives_nothing_out(
    client_of: Callable[[str], TestClient],
) -> None:
    item = client_of("alice").delete(LEVELS).json()
    bob = client_of("bob")
    for params in ({"area": "bob"}, {"area": "alice"}, {"area": "bob/../alice"}):
        answer = bob.post(
            f"/api/bin/{item['id']}/restore", params=params, json={"target": "bob/levels.csv"}
        )
        assert answer.status_code in {400, 404}
    traversal = bob.post(
        f"/api/bin/..%2Falice%2F{item['id']}/restore",
        params={"area": "bob"}, json={"target": "bob/levels.csv"},
    )  # fmt: skip
    assert traversal.status_code in {400, 404}


def test_bin_of_a_team_is_its_members(client_of: Callable[[str], TestClient]) -> None:
    member = client_of("member")
    item = member.delete("/api/files/teams/pumps/models/pump").json()
    listed = member.get("/api/bin", params={"area": "teams/pumps"}).json()
    assert [one["path"] for one in listed["items"]] == ["teams/pumps/models/pump"]
    restored = member.post(
        f"/api/bin/{item['id']}/restore", params={"area": "teams/pumps"}, json={"target": None}
    )
    assert restored.status_code == 201


def test_destruction_is_in_the_audit_trail(
    alice: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="twinhub.audit")
    item = alice.delete(LEVELS).json()
    alice.delete(f"/api/bin/{item['id']}", params={"area": "alice"})
    lines = [record.getMessage() for record in caplog.records if record.name == "twinhub.audit"]
    assert [line.split()[1] for line in lines] == ["action=file.delete", "action=file.purge"]
    assert all("user=alice" in line and "alice/data/levels.csv" in line for line in lines)


def test_every_change_is_announced(alice: TestClient, library: Library) -> None:
    paths: list[str] = []
    library.changes.call_on_change(lambda path: paths.append(str(path)))
    alice.put(NEW, content=b"x")
    alice.post("/api/folders/alice/data/f")
    alice.post("/api/moves", json={"source": "alice/data/f", "target": "alice/data/g"})
    alice.post("/api/copies", json={"source": "alice/data/g", "target": "alice/data/h"})
    alice.delete(NEW)
    told = {"alice/data/new.txt", "alice/data/f", "alice/data/g", "alice/data/h"}
    assert told <= set(paths)  # what follows the file system may tell of them once more


@pytest.mark.d4(25)
def test_what_is_moved_to_another_area_counts_against_its_quota(
    client_of: Callable[[str], TestClient], library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = client_of("member")
    member.put("/api/files/member/large", content=b"x" * 100)
    monkeypatch.setattr(library.tree, "count_free_bytes", lambda: 99)
    into_team = {"source": "member/large", "target": "teams/pumps/large"}
    within = {"source": "member/large", "target": "member/larger"}
    assert member.post("/api/moves", json=into_team).status_code == 507
    assert member.post("/api/moves", json=within).status_code == 201
    item = member.delete("/api/files/member/larger").json()
    place = f"/api/bin/{item['id']}/restore"
    elsewhere = {"target": "teams/pumps/large"}
    assert member.post(place, params={"area": "member"}, json=elsewhere).status_code == 507
    assert member.post(place, params={"area": "member"}, json={}).status_code == 201
