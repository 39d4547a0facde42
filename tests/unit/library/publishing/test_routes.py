from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_kit.callers import Caller

from tests.fixtures.library import CALLERS, IDENTITY, TEAM
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient
    from twinhub_library.library import Library

    ClientOf = Callable[[str], TestClient]

pytest_plugins = ("tests.fixtures.library",)


def do(client: TestClient, address: str, /, **body: object) -> dict[str, Any]:
    """Return the operation that a request begins, when it has ended."""
    answer = client.post(address, json=body)
    if answer.status_code != 202:
        return {"status": "refused", "problem": answer.json()}
    number = answer.json()["id"]
    ended: dict[str, Any] = {}

    def has_ended() -> bool:
        ended.update(client.get(f"/api/operations/{number}").json())
        return ended["status"] not in {"waiting", "running"}

    wait_for(has_ended, seconds=30, what="the operation ends")
    return ended


def publish(client: TestClient, path: str, version: str, **body: object) -> dict[str, Any]:
    return do(client, "/api/versions", path=path, version=version, **body)


@pytest.fixture(name="granted")
def _granted(client_of: ClientOf) -> None:
    grant = {"subject_kind": "user", "subject": "alice", "kind": "models", "pattern": "*"}
    assert client_of("admin").post("/api/grants", json=grant).status_code == 201


@pytest.mark.usefixtures("granted")
def test_published_version_is_a_read_only_copy_that_later_changes_do_not_reach(
    client_of: ClientOf, library_root: Path
) -> None:
    alice = client_of("alice")
    ended = publish(alice, "alice/models/tank", "1.0.0", message="First")
    assert ended["status"] == "done", ended
    version = ended["result"]["version"]
    assert (version["owner"], version["author"], version["message"]) == (
        "user:alice", "alice", "First",
    )  # fmt: skip
    (library_root / "alice/models/tank/model.txt").write_text("changed\n")
    file = library_root / "common/models/tank@1.0.0/model.txt"
    assert file.read_text() == "level = inflow - outflow\n"
    assert file.stat().st_mode & 0o777 == 0o444
    assert file.resolve().parent.stat().st_mode & 0o777 == 0o555
    assert str((library_root / "common/models/tank").readlink()) == (
        f"../.store/{version['digest']}"
    )
    read = client_of("bob").get("/api/files/common/models/tank/model.txt")
    assert read.text == "level = inflow - outflow\n"


@pytest.mark.usefixtures("granted")
def test_newest_is_the_highest_release_and_equal_content_is_stored_once(
    client_of: ClientOf, library_root: Path
) -> None:
    alice = client_of("alice")
    for version in ("1.0.0", "1.10.0", "2.0.0-rc.1", "1.10.1"):
        assert publish(alice, "alice/models/tank", version)["status"] == "done"
    found = alice.get("/api/versions/models/tank").json()["versions"]
    assert [one["version"] for one in found if one["is_newest"]] == ["1.10.1"]
    assert len(list((library_root / "common/.store").iterdir())) == 1


@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize("version", ["1.2.0", "1.1.9", "1.2.0+build", "1.2", "v2.0.0"])
def test_version_that_is_taken_lower_or_none_is_refused(client_of: ClientOf, version: str) -> None:
    alice = client_of("alice")
    assert publish(alice, "alice/models/tank", "1.2.0")["status"] == "done"
    refused = publish(alice, "alice/models/tank", version)
    assert refused["status"] == "refused"
    assert refused["problem"]["status"] in {409, 422}


@pytest.mark.usefixtures("granted")
def test_withdrawn_version_is_hidden_but_from_those_who_have_it_and_never_used_again(
    client_of: ClientOf, library_root: Path
) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    for number in ("1.0.0", "1.1.0"):
        (library_root / "alice/models/tank/model.txt").write_text(number)
        assert publish(alice, "alice/models/tank", number)["status"] == "done"
    pin = bob.post("/api/pins", json={"asset": "common/models/tank@1.1.0"})
    assert pin.status_code == 200, pin.text
    answer = alice.post("/api/versions/models/tank/1.1.0/withdrawal", json={"why": "wrong"})
    assert answer.status_code == 200
    assert sorted(one.name for one in (library_root / "common/models").iterdir()) == [
        ".withdrawn", "tank", "tank@1.0.0",
    ]  # fmt: skip
    assert (library_root / "common/models/tank/model.txt").read_text() == "1.0.0"
    withdrawn = library_root / "common/models/.withdrawn/tank@1.1.0/model.txt"
    assert withdrawn.read_text() == "1.1.0"
    assert client_of("instructor").get("/api/versions/models/tank/1.1.0").status_code == 404
    assert bob.get("/api/versions/models/tank/1.1.0").json()["is_withdrawn"] is True
    assert publish(alice, "alice/models/tank", "1.1.0")["status"] == "refused"
    refused = do(client_of("instructor"), "/api/imports", source="common/models/tank@1.1.0")
    assert refused["problem"]["status"] == 404


@pytest.mark.usefixtures("granted")
def test_single_file_is_published_with_what_belongs_to_it(
    client_of: ClientOf, library_root: Path
) -> None:
    models = library_root / "alice/models"
    (models / "x.fmu").write_bytes(b"PK")
    (models / "x.md").write_text("# X\n")
    assert publish(client_of("alice"), "alice/models/x.fmu", "1.0.0")["status"] == "done"
    common = library_root / "common/models"
    assert (common / "x.fmu@1.0.0").read_bytes() == (common / "x.fmu").read_bytes() == b"PK"
    assert (common / "x.md").read_text() == "# X\n"


@pytest.mark.usefixtures("granted")
def test_likely_secret_stops_with_file_and_line_unless_its_file_is_allowed(
    client_of: ClientOf, library_root: Path
) -> None:
    alice = client_of("alice")
    (library_root / "alice/models/tank/run.py").write_text('x = 1\npassword = "hunter22!"\n')
    ended = publish(alice, "alice/models/tank", "1.0.0")
    assert ended["problem"]["code"] == "secret-found"
    assert "run.py:2: a value of password" in ended["problem"]["detail"]
    assert "hunter22" not in ended["problem"]["detail"]
    allowed = publish(alice, "alice/models/tank", "1.0.0", allowed_secrets=["run.py"])
    assert allowed["status"] == "done"


def test_who_has_no_grant_publishes_nothing_and_owners_are_not_replaced(
    client_of: ClientOf,
) -> None:
    assert publish(client_of("alice"), "alice/models/tank", "1.0.0")["problem"]["status"] == 403
    assert publish(client_of("bob"), "alice/models/tank", "1.0.0")["problem"]["status"] == 404
    grants = {"subject_kind": "user", "kind": "models", "pattern": "ta*"}
    for subject in ("alice", "bob"):
        client_of("admin").post("/api/grants", json={**grants, "subject": subject})
    assert publish(client_of("alice"), "alice/models/tank", "1.0.0")["status"] == "done"
    assert publish(client_of("bob"), "bob/models/secret", "1.0.0")["problem"]["status"] == 403
    assert (
        client_of("alice").post("/api/grants", json={**grants, "subject": "x"}).status_code == 403
    )


def test_name_of_a_plain_folder_in_common_is_refused_with_a_remedy(
    client_of: ClientOf, library_root: Path
) -> None:
    (library_root / "common/models/tank").mkdir(parents=True)
    (library_root / "instructor/models/tank").mkdir(parents=True)
    (library_root / "instructor/models/tank/a").write_text("a")
    refused = publish(client_of("instructor"), "instructor/models/tank", "1.0.0")
    assert refused["problem"]["code"] == "name-taken"
    assert "another name" in refused["problem"]["detail"]


def test_proposal_is_compared_returned_and_accepted_by_somebody_else(
    client_of: ClientOf, library_root: Path
) -> None:
    grant = {"subject_kind": "user", "subject": "alice", "needs_review": True}
    client_of("admin").post("/api/grants", json=grant)
    alice, instructor = client_of("alice"), client_of("instructor")
    first = publish(alice, "alice/models/tank", "1.0.0")["result"]
    assert first["state"] == "proposed"
    assert not (library_root / "common/models").exists() or not list(
        (library_root / "common/models").glob("tank*")
    )
    number = first["proposal"]["id"]
    assert client_of("bob").get(f"/api/proposals/{number}").status_code == 404
    assert alice.post(f"/api/proposals/{number}/acceptance", json={}).status_code == 403
    accepted = instructor.post(f"/api/proposals/{number}/acceptance", json={"comment": "Good"})
    assert accepted.json()["state"] == "accepted"
    (library_root / "alice/models/tank/model.txt").write_text("level = inflow\n")
    second = publish(alice, "alice/models/tank", "1.1.0")["result"]["proposal"]["id"]
    found = instructor.get(f"/api/proposals/{second}/difference").json()["files"]
    assert [(one["path"], one["change"]) for one in found] == [("model.txt", "changed")]
    assert "+level = inflow" in found[0]["text"]
    returned = instructor.post(f"/api/proposals/{second}/return", json={"comment": "Why?"})
    assert returned.json()["comments"][0]["text"] == "Why?"
    assert instructor.post(f"/api/proposals/{second}/acceptance", json={}).status_code == 409
    versions = alice.get("/api/versions/models/tank").json()["versions"]
    assert [one["version"] for one in versions] == ["1.0.0"]


@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Tank", "name-taken"),
        ("t\N{CYRILLIC SMALL LETTER A}nk", "not-publishable"),
        ("ta\N{FULLWIDTH LATIN SMALL LETTER N}k", "not-publishable"),
    ],
)
def test_a_name_that_looks_like_a_published_one_is_refused(
    client_of: ClientOf, library_root: Path, name: str, code: str
) -> None:
    alice = client_of("alice")
    assert publish(alice, "alice/models/tank", "1.0.0")["status"] == "done"
    shutil.copytree(library_root / "alice/models/tank", library_root / f"alice/models/{name}")
    assert publish(alice, f"alice/models/{name}", "1.0.0")["problem"]["code"] == code


def test_a_proposal_takes_no_name_that_somebody_else_has_since(
    client_of: ClientOf, library_root: Path
) -> None:
    grant = {"subject_kind": "user", "subject": "alice", "needs_review": True}
    client_of("admin").post("/api/grants", json=grant)
    proposal = publish(client_of("alice"), "alice/models/tank", "2.0.0")["result"]["proposal"]
    (library_root / "instructor/models/tank").mkdir(parents=True)
    (library_root / "instructor/models/tank/a").write_text("the instructor's")
    assert publish(client_of("instructor"), "instructor/models/tank", "1.0.0")["status"] == "done"
    refused = client_of("admin").post(f"/api/proposals/{proposal['id']}/acceptance", json={})
    assert refused.status_code == 403
    assert "user instructor" in refused.json()["detail"]
    newest = client_of("bob").get("/api/files/common/models/tank/a")
    assert newest.text == "the instructor's"


@pytest.mark.usefixtures("granted")
def test_update_keeps_own_changes_and_names_each_file(
    client_of: ClientOf, library_root: Path
) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    publish(alice, "alice/models/tank", "1.0.0")
    ended = do(bob, "/api/imports", source="common/models/tank")
    assert ended["status"] == "done", ended
    number = ended["result"]["id"]
    mine = library_root / "bob/models/tank"
    (mine / "README.md").write_text("# My tank\n\nIt fills and drains.\n")
    (mine / "model.txt").write_text("mine\n")
    (mine / "own.txt").write_text("own\n")
    source = library_root / "alice/models/tank"
    (source / "README.md").write_text("# A tank\n\nIt fills, drains and leaks.\n")
    (source / "model.txt").write_text("theirs\n")
    publish(alice, "alice/models/tank", "1.1.0")
    assert bob.get(f"/api/imports/{number}").json()["is_outdated"] is True
    before = {one.name: one.read_bytes() for one in mine.iterdir()}
    told = do(bob, f"/api/imports/{number}/update", dry_run=True)["result"]
    assert {one.name: one.read_bytes() for one in mine.iterdir()} == before
    report = do(bob, f"/api/imports/{number}/update")["result"]
    assert report["files"] == told["files"]
    outcomes = {one["path"]: one["outcome"] for one in report["files"]}
    assert outcomes == {"README.md": "merged", "model.txt": "conflict", "own.txt": "kept"}
    assert (mine / "README.md").read_text() == "# My tank\n\nIt fills, drains and leaks.\n"
    assert (mine / "model.txt").read_text() == "theirs\n"
    copy = next(one["copy_path"] for one in report["files"] if one["copy_path"])
    assert (mine / copy).read_text() == "mine\n"
    assert bob.get(f"/api/imports/{number}").json()["version"] == "1.1.0"
    assert client_of("alice").get(f"/api/imports/{number}").status_code == 404


@pytest.mark.usefixtures("granted")
def test_fresh_copy_is_really_fresh_and_the_older_one_stays_or_is_in_the_bin(
    client_of: ClientOf, library_root: Path
) -> None:
    bob = client_of("bob")
    publish(client_of("alice"), "alice/models/tank", "1.0.0")
    number = do(bob, "/api/imports", source="common/models/tank")["result"]["id"]
    mine = library_root / "bob/models/tank/model.txt"
    mine.write_text("mine\n")
    beside = do(bob, f"/api/imports/{number}/fresh", older="beside")["result"]
    assert beside["path"] == "bob/models/tank-2"
    assert mine.read_text() == "mine\n"
    fresh = library_root / "bob/models/tank-2/model.txt"
    assert fresh.read_text() == "level = inflow - outflow\n"
    replaced = do(bob, f"/api/imports/{number}/fresh", older="bin")["result"]
    assert replaced["path"] == "bob/models/tank"
    assert mine.read_text() == "level = inflow - outflow\n"
    contents = library_root.glob(".library/bin/**/content/model.txt")
    assert [one.read_text() for one in contents] == ["mine\n"]


def test_plain_asset_of_a_team_is_imported_and_updated_without_versions(
    client_of: ClientOf, library_root: Path
) -> None:
    member = client_of("member")
    ended = do(member, "/api/imports", source="teams/pumps/models/pump", target="member/models/p")
    number = ended["result"]["id"]
    (library_root / "teams/pumps/models/pump/model.txt").write_text("flow = 1\n")
    (library_root / "teams/pumps/models/pump/new.txt").write_text("new\n")
    report = do(member, f"/api/imports/{number}/update")["result"]
    outcomes = {one["path"]: one["outcome"] for one in report["files"]}
    assert outcomes == {"model.txt": "updated", "new.txt": "added"}
    refused = do(client_of("bob"), "/api/imports", source="teams/pumps/models/pump")
    assert refused["problem"]["status"] == 404


def test_single_file_is_imported_under_another_name_and_updated(
    client_of: ClientOf, library_root: Path
) -> None:
    models = library_root / "instructor/models"
    models.mkdir()
    (models / "x.fmu").write_bytes(b"one")
    (models / "x.md").write_text("# X\n")
    instructor, bob = client_of("instructor"), client_of("bob")
    publish(instructor, "instructor/models/x.fmu", "1.0.0")
    ended = do(bob, "/api/imports", source="common/models/x.fmu", target="bob/models/y.fmu")
    assert (library_root / "bob/models/y.md").read_text() == "# X\n"
    (models / "x.fmu").write_bytes(b"two")
    publish(instructor, "instructor/models/x.fmu", "1.1.0")
    report = do(bob, f"/api/imports/{ended['result']['id']}/update")["result"]
    outcomes = {one["path"]: one["outcome"] for one in report["files"]}
    assert outcomes == {"y.fmu": "updated", "y.md": "unchanged"}
    assert (library_root / "bob/models/y.fmu").read_bytes() == b"two"


def test_content_is_removed_only_when_nobody_refers_to_it(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    member = client_of("member")
    ended = do(member, "/api/imports", source="teams/pumps/models/pump")
    digest = ended["result"]["digest"]
    holds = library.publishing.holds
    assert holds.collect(least_age=0) == []
    holds.hold(digest, "run-1")
    assert member.delete(f"/api/imports/{ended['result']['id']}").status_code == 204
    assert holds.collect(least_age=0) == []
    holds.release("run-1")
    assert holds.collect(least_age=0) == [digest]
    assert not list((library_root / ".library/bases").iterdir())


@pytest.mark.d4(13)
def test_a_teams_copy_of_a_members_own_asset_is_updated_by_that_member_alone(
    client_of: ClientOf, library_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = Caller("alice", frozenset({TEAM}), CALLERS["alice"].scopes)
    monkeypatch.setitem(IDENTITY.callers, "token-of-alice", alice)
    body = {"source": "alice/models/tank", "target": f"teams/{TEAM}/models/tank"}
    number = do(client_of("alice"), "/api/imports", **body)["result"]["id"]
    (library_root / "alice/models/tank/model.txt").write_text("not for the team yet\n")
    for part in ("update", "fresh"):
        refused = client_of("member").post(f"/api/imports/{number}/{part}", json={})
        assert refused.status_code == 404, refused.text
    assert do(client_of("alice"), f"/api/imports/{number}/update")["status"] == "done"


@pytest.mark.usefixtures("granted")
def test_import_never_replaces_what_is_there_and_says_what_to_do(
    client_of: ClientOf, library_root: Path
) -> None:
    assert publish(client_of("alice"), "alice/models/tank", "1.0.0")["status"] == "done"
    own = library_root / "bob/models/tank/mine.txt"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    bob = client_of("bob")

    refused = do(bob, "/api/imports", source="common/models/tank")["problem"]

    assert (refused["status"], refused["code"]) == (409, "exists")
    assert "stays as it is: rename it first, or name another place" in refused["detail"]
    assert [one.name for one in own.parent.iterdir()] == ["mine.txt"]
    beside = {"source": "common/models/tank", "target": "bob/models/tank-2"}
    assert do(bob, "/api/imports", **beside)["status"] == "done"
    again = do(bob, "/api/imports", **beside)["problem"]
    assert "is a copy of common/models/tank already: update it" in again["detail"]
    assert own.read_text() == "mine"
