"""By ``If-Match`` nobody changes what they have not seen: versions, proposals, grants, teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.library import TEAM
from tests.unit.library.publishing.test_routes import do, publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    ClientOf = Callable[[str], TestClient]

pytest_plugins = ("tests.fixtures.library",)

TANK = "/api/versions/models/tank"
GRANT = {"subject_kind": "user", "subject": "alice", "kind": "models", "pattern": "*"}


def seen(client: TestClient, address: str) -> dict[str, str]:
    """Return the condition of who has looked at something, and nobody has changed it since."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    etag = answer.headers["etag"]
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 304
    return {"If-Match": etag}


@pytest.fixture(name="tank")
def _tank(client_of: ClientOf, library_root: Path) -> TestClient:
    """Return the client of alice, who has published a tank in two versions."""
    assert client_of("admin").post("/api/grants", json=GRANT).status_code == 201
    alice = client_of("alice")
    for version in ("1.0.0", "1.1.0"):
        (library_root / "alice/models/tank/model.txt").write_text(version)
        assert publish(alice, "alice/models/tank", version)["status"] == "done"
    return alice


def test_versions_are_changed_as_they_were_seen_and_not_otherwise(tank: TestClient) -> None:
    whole, one = seen(tank, TANK), seen(tank, f"{TANK}/1.1.0")
    old = {"why": "Use the pump."}
    withdrawal, transfer = f"{TANK}/1.1.0/withdrawal", f"{TANK}/transfer"

    assert tank.post(f"{TANK}/deprecation", json=old, headers=whole).status_code == 200
    for address, body, headers in (
        (f"{TANK}/deprecation", {"why": ""}, whole),
        (withdrawal, {"why": "It leaks."}, one),
        (transfer, {"kind": "user", "name": "bob"}, whole),
    ):
        refused = tank.post(address, json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (412, "changed"), address
    assert [one["deprecated_why"] for one in tank.get(TANK).json()["versions"]] == [old["why"]] * 2
    done = tank.post(withdrawal, json={}, headers=seen(tank, f"{TANK}/1.1.0"))
    assert done.status_code == 200
    assert done.headers["etag"] == tank.get(f"{TANK}/1.1.0").headers["etag"]
    assert tank.post(transfer, json={"kind": "user", "name": "bob"}, headers=seen(tank, TANK))


def test_version_is_published_over_those_that_were_seen(
    tank: TestClient, library_root: Path
) -> None:
    before = seen(tank, TANK)
    (library_root / "alice/models/tank/model.txt").write_text("new")
    body = {"path": "alice/models/tank", "version": "1.2.0"}
    assert do(tank, "/api/versions", **body)["status"] == "done"

    refused = tank.post("/api/versions", json=body | {"version": "1.3.0"}, headers=before)

    assert refused.status_code == 412
    again = tank.post("/api/versions", json=body | {"version": "1.3.0"}, headers=seen(tank, TANK))
    assert again.status_code == 202


def test_proposal_is_decided_as_it_was_seen(client_of: ClientOf) -> None:
    reviewed = GRANT | {"needs_review": True}
    assert client_of("admin").post("/api/grants", json=reviewed).status_code == 201
    alice, instructor = client_of("alice"), client_of("instructor")
    ended = publish(alice, "alice/models/tank", "1.0.0")
    address = f"/api/proposals/{ended['result']['proposal']['id']}"
    before = seen(instructor, address)

    said = alice.post(f"{address}/comments", json={"comment": "Wait, not yet."}, headers=before)
    assert said.status_code == 200
    for way in ("acceptance", "return"):
        refused = instructor.post(f"{address}/{way}", json={}, headers=before)
        assert refused.status_code == 412, way
    assert alice.delete(address, headers=before).status_code == 412
    assert instructor.get(address).json()["state"] == "open"
    now = {"If-Match": said.headers["etag"]}
    assert instructor.post(f"{address}/acceptance", json={}, headers=now).status_code == 200


def test_grant_whose_number_is_that_of_another_by_now_is_not_removed(client_of: ClientOf) -> None:
    admin = client_of("admin")
    made = admin.post("/api/grants", json=GRANT)
    address = f"/api/grants/{made.json()['id']}"
    before = seen(admin, address)
    assert before["If-Match"] == made.headers["etag"]
    assert client_of("alice").get(address).json() == made.json()
    assert client_of("bob").get(address).status_code == 404
    assert admin.delete(address).status_code == 204
    other = admin.post("/api/grants", json=GRANT | {"subject": "bob"})
    assert other.json()["id"] == made.json()["id"]

    assert admin.delete(address, headers=before).status_code == 412
    assert admin.delete(address, headers=seen(admin, address)).status_code == 204


def test_team_is_switched_as_it_was_seen(client_of: ClientOf) -> None:
    admin = client_of("admin")
    address = f"/api/teams/{TEAM}"
    before = seen(admin, address)
    switched = admin.delete(address, headers=before)
    assert switched.status_code == 200, switched.text

    assert admin.put(address, headers=before).status_code == 412
    assert admin.get(address).json()["is_on"] is False
    assert admin.put(address, headers={"If-Match": switched.headers["etag"]}).status_code == 200
    assert client_of("bob").get(address).status_code == 404
    assert client_of("member").get(address).json()["is_on"] is True


def test_condition_that_is_no_etag_is_refused(tank: TestClient) -> None:
    refused = tank.post(f"{TANK}/deprecation", json={"why": "x"}, headers={"If-Match": "1"})

    assert refused.status_code == 400


def test_pin_is_made_replaced_and_removed_as_it_was_seen(
    tank: TestClient, client_of: ClientOf
) -> None:
    bob, first = client_of("bob"), {"asset": "common/models/tank@1.0.0"}
    second = {"asset": "common/models/tank@1.1.0"}
    none = {"If-None-Match": "*"}
    assert bob.post("/api/pins", json=first, headers={"If-Match": "*"}).status_code == 412
    made = bob.post("/api/pins", json=first, headers=none)
    assert made.status_code == 200
    address = f"/api/pins/{made.json()['id']}"
    before = seen(bob, address)
    assert before["If-Match"] == made.headers["etag"]
    assert tank.get(address).status_code == 404

    assert bob.post("/api/pins", json=second, headers=none).status_code == 412
    assert bob.get(address).json()["version"] == "1.0.0"
    assert bob.post("/api/pins", json=second, headers=before).status_code == 200
    assert bob.post("/api/pins", json=first, headers=before).status_code == 412
    assert bob.delete(address, headers=before).status_code == 412
    assert bob.get(address).json()["version"] == "1.1.0"
    assert bob.delete(address, headers=seen(bob, address)).status_code == 204
