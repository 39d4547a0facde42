"""What areas take, what they may take, and what people are told at their limit."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twinhub_api.storage import ProjectLimit
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.quotas import DiskFullError, QuotaError, QuotaSettings
from twinhub_kit.sizes import show_size
from twinhub_library.areas import THE_COMMON_AREA, split_path
from twinhub_library.room import Limits, Room
from twinhub_library.settings import LibrarySettings
from twinhub_library.usage import measuring
from twinhub_library.usage import quota as quota_module
from twinhub_library.usage.quota import Quota

from tests.fixtures.library import TEAM
from tests.fixtures.waiting import wait_for
from tests.unit.library.opening.conftest import publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient
    from twinhub_library.library import Library

    Client = Callable[[str], TestClient]

ALICE = split_path(RelativePath(("alice",)))[0]
BOB = split_path(RelativePath(("bob",)))[0]
PUMPS = split_path(RelativePath(("teams", TEAM)))[0]
MIB = 1 << 20


@pytest.fixture(name="library_settings")
def _library_settings(library_root: Path, tmp_path: Path) -> LibrarySettings:
    quota = QuotaSettings(
        user_bytes=2 * MIB, users={"bob": 4 * MIB}, team_bytes=0, groups={TEAM: MIB}, free_bytes=0
    )
    return replace(LibrarySettings(library_root, tmp_path / "state"), quota=quota)


def _fill(file: Path, size: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(os.urandom(size))


def test_usage_is_told_by_kind_and_by_asset_the_largest_first(
    client_of: Client, library_root: Path
) -> None:
    _fill(library_root / "alice/models/big/a.bin", MIB)
    _fill(library_root / "alice/examples/b.bin", 64 * 1024)

    query = {"limit": 2, "fresh": True}
    answer = client_of("alice").get("/api/usage/alice", params=query).json()

    assert answer["items"][0]["path"] == "alice/models/big"
    assert answer["items"][1] == {
        "path": "alice/examples", "kind": "other", "files": 1,
        "bytes": answer["items"][1]["bytes"],
    }  # fmt: skip
    usage = answer["usage"]
    assert usage["kinds"]["models"] >= MIB
    assert usage["files"] == 5
    assert usage["bytes"] == sum(usage["kinds"].values())
    rest = client_of("alice").get("/api/usage/alice", params={"after": answer["next"]}).json()
    assert {one["path"] for one in rest["items"]} == {"alice/models/tank", "alice/data/levels.csv"}


def test_file_and_its_description_are_one_asset(client_of: Client, library_root: Path) -> None:
    _fill(library_root / "alice/models/x.fmu", 10)
    _fill(library_root / "alice/models/x.md", 10)

    answer = client_of("alice").get("/api/usage/alice", params={"fresh": True}).json()

    (row,) = (one for one in answer["items"] if one["path"] == "alice/models/x.fmu")
    assert row["files"] == 2


def test_several_names_of_one_file_count_once_and_holes_not_at_all(
    library: Library, library_root: Path
) -> None:
    _fill(library_root / "alice/data/a", MIB)
    (library_root / "alice/data/b").hardlink_to(library_root / "alice/data/a")
    with (library_root / "alice/data/sparse").open("wb") as file:
        file.truncate(1 << 30)

    assert MIB <= library.usage.measure(ALICE).bytes < 2 * MIB


def test_what_is_in_the_bin_counts_until_it_is_emptied(
    client_of: Client, library: Library, library_root: Path
) -> None:
    _fill(library_root / "alice/data/big", MIB + MIB // 2)
    alice = client_of("alice")
    assert alice.delete("/api/files/alice/data/big").is_success

    usage = alice.get("/api/usage/alice", params={"fresh": True}).json()

    assert usage["items"][0]["kind"] == "bin"
    assert usage["usage"]["kinds"]["bin"] > MIB
    with pytest.raises(QuotaError, match=r"Most is taken by the bin \(1\.5 MiB\)"):
        library.quota.check(ALICE, MIB)


def test_what_is_published_counts_for_its_asset_and_once(
    client_of: Client, library: Library, library_root: Path
) -> None:
    big = {"a.txt": "x" * MIB}
    for version in ("1.0.0", "1.1.0"):  # of equal content
        publish(library, library_root, "models/big", version, big)
    publish(library, library_root, "data/small", "1.0.0", {"b.txt": "x"})

    url = "/api/usage/common"
    usage = client_of("admin").get(url, params={"fresh": True}).json()

    by_path = {one["path"]: one for one in usage["items"]}
    assert MIB <= by_path["common/models/big"]["bytes"] < 2 * MIB
    assert by_path["common/models/big"]["kind"] == "models"
    assert by_path["common/data/small"]["files"] == 1
    assert by_path["common/data/weather.csv"]["files"] == 1
    assert "common/.store" not in by_path


def test_link_counts_as_a_link(library: Library, library_root: Path) -> None:
    _fill(library_root / "bob/data/a", MIB)
    (library_root / "alice/data/l").symlink_to("../../bob/data")

    assert library.usage.measure(ALICE).bytes < MIB


@pytest.mark.d4(14)
def test_people_see_their_own_and_their_teams_and_an_admin_sees_all(client_of: Client) -> None:
    def areas(name: str) -> set[str]:
        return {one["area"] for one in client_of(name).get("/api/usage").json()["items"]}

    assert areas("alice") == {"alice"}
    assert areas("member") == {"member", f"teams/{TEAM}"}
    assert areas("admin") >= {"alice", "bob", "common", f"teams/{TEAM}"}
    assert client_of("alice").get("/api/usage/bob").status_code == 404
    assert client_of("instructor").get("/api/usage/alice").status_code == 404
    assert client_of("alice").get("/api/usage/alice/models").status_code == 404


@pytest.mark.d4(14)
def test_admin_sees_how_much_is_in_an_area_and_no_name_of_it(client_of: Client) -> None:
    answer = client_of("admin").get("/api/usage/bob").json()

    assert [(one["kind"], one["path"]) for one in answer["items"]] == [("models", "")]
    assert answer["items"][0]["files"] == 1
    assert "secret" not in str(answer)


def test_usage_of_all_is_paged(client_of: Client) -> None:
    admin = client_of("admin")
    seen, after = [], ""
    while True:
        page = admin.get("/api/usage", params={"limit": 2, "after": after}).json()
        seen += [one["area"] for one in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]

    assert seen == sorted(seen)
    assert len(seen) == len(set(seen)) >= 7


def test_answer_is_of_the_last_look_until_a_new_one_is_asked_for(
    client_of: Client, library: Library, library_root: Path
) -> None:
    alice = client_of("alice")
    task = library.background.states["usage"]
    wait_for(lambda: task.runs, seconds=30, what="the first look in the background")
    before = alice.get("/api/usage/alice", params={"fresh": True}).json()["usage"]
    _fill(library_root / "alice/data/new", MIB)

    assert alice.get("/api/usage/alice").json()["usage"] == before
    fresh = alice.get("/api/usage/alice", params={"fresh": True}).json()["usage"]
    assert fresh["bytes"] >= before["bytes"] + MIB


def test_background_measures_all_areas_and_ends_when_told_to(library: Library) -> None:
    stopped = threading.Event()
    stopped.set()
    library.usage.measure_all(stopped)
    library.usage.measure_all(threading.Event())

    assert library.usage.get(BOB).files == 1
    assert library.usage.get(THE_COMMON_AREA).files == 1


@pytest.mark.d4(25)
def test_limit_is_by_user_and_by_group(library: Library) -> None:
    for area, limit in ((ALICE, 2 * MIB), (BOB, 4 * MIB), (PUMPS, MIB), (THE_COMMON_AREA, 0)):
        assert library.quota.get_limit(area).bytes == limit
    library.quota.check(BOB, 3 * MIB)
    library.quota.check(THE_COMMON_AREA, 1 << 30)
    with pytest.raises(QuotaError):
        library.quota.check(PUMPS, MIB)


@pytest.mark.d4(54)
def test_at_the_limit_people_are_told_what_takes_most_and_deleting_helps_at_once(
    library: Library, library_root: Path
) -> None:
    big = library_root / "alice/models/big.bin"
    _fill(big, MIB + MIB // 2)
    with pytest.raises(QuotaError, match=r"alice takes 1\.5 MiB of its 2\.0 MiB") as error:
        library.quota.check(ALICE, MIB)
    assert "models/big.bin (1.5 MiB)" in str(error.value)
    assert "reading and deleting always work" in str(error.value)
    assert (error.value.status, error.value.code) == (507, "quota")

    big.unlink()

    library.quota.check(ALICE, MIB)


@pytest.mark.d4(25)
@pytest.mark.d4(54)
def test_upload_past_the_limit_is_refused_before_it_is_written_and_the_rest_works_on(
    client_of: Client, library_root: Path
) -> None:
    _fill(library_root / "alice/data/old", MIB)
    alice = client_of("alice")
    alice.get("/api/usage/alice", params={"fresh": True})  # as the look each minute sees it

    refused = alice.put("/api/files/alice/data/new", content=b"x" * (MIB + MIB // 2))

    assert (refused.status_code, refused.json()["code"]) == (507, "quota")
    assert "data/old (1.0 MiB)" in refused.json()["detail"]
    assert not (library_root / "alice/data/new").exists()
    assert alice.get("/api/files/alice/data/levels.csv").status_code == 200
    assert alice.get("/api/previous/alice/data/old").status_code == 200
    assert alice.delete("/api/files/alice/data/old").is_success


@pytest.mark.d4(25)
def test_room_that_was_promised_is_not_promised_twice(library: Library) -> None:
    library.quota.check(ALICE, MIB)
    with pytest.raises(QuotaError):
        library.quota.check(ALICE, MIB + MIB // 2)


def test_room_that_was_promised_and_is_taken_counts_once(
    library: Library, library_root: Path
) -> None:
    library.quota.check(ALICE, MIB)
    _fill(library_root / "alice/data/new", MIB)
    library.usage.measure(ALICE)

    library.quota.check(ALICE, MIB // 2)


def test_nothing_is_written_past_what_the_disk_has_to_keep(library: Library) -> None:
    strict = Quota(library.tree, library.usage, QuotaSettings(free_bytes=1 << 60))

    with pytest.raises(DiskFullError, match="have to stay free"):
        strict.check(ALICE, 1)
    with pytest.raises(DiskFullError, match="have to stay free"):
        Room(Limits(), strict).check_disk(1)  # as whoever goes on writing asks


def test_limit_that_the_file_system_keeps_comes_first(
    library: Library, monkeypatch: pytest.MonkeyPatch, client_of: Client
) -> None:
    limit = ProjectLimit(limit=10, used=8)
    monkeypatch.setattr(quota_module, "read_project_limit", lambda *_: limit)

    library.quota.check(ALICE, 2)
    with pytest.raises(QuotaError, match="8 bytes of its 10 bytes"):
        library.quota.check(ALICE, 3)
    usage = client_of("alice").get("/api/usage").json()["items"][0]
    assert (usage["limit"], usage["is_enforced"]) == (10, True)


def test_area_that_is_not_there_yet_takes_nothing(library: Library) -> None:
    nobody = split_path(RelativePath(("nobody",)))[0]

    library.quota.check(nobody, MIB)
    assert library.usage.get(nobody).bytes == 0


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB"),
     (3 << 40, "3.0 TiB")],
)  # fmt: skip
def test_sizes_are_for_people(size: int, text: str) -> None:
    assert show_size(size) == text


def test_sums_count_what_is_not_listed(monkeypatch: pytest.MonkeyPatch, library: Library) -> None:
    whole = library.usage.measure(ALICE)
    monkeypatch.setattr(measuring, "MOST_ROWS", 1)
    cut = library.usage.measure(ALICE)

    assert len(whole.rows) > 1
    assert cut.rows == whole.rows[:1]
    assert (cut.bytes, cut.files) == (whole.bytes, whole.files)
    assert sum(row.bytes for row in cut.by_kind) == cut.bytes
