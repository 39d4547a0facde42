"""Deprecated and withdrawn versions in what is found, listed and told about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.waiting import wait_for
from tests.unit.library.publishing.test_routes import publish

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

    ClientOf = Callable[[str], TestClient]

WHY = {"why": "It overflows.", "successor": "common/data/weather.csv"}
SHOWN = {"is_deprecated": True, "deprecated_why": "It overflows.",
         "successor": "common/data/weather.csv"}  # fmt: skip
PLAIN = {"is_deprecated": False, "deprecated_why": "", "successor": ""}


@pytest.fixture(name="alice")
def _alice(client_of: ClientOf) -> TestClient:
    """Return the client of alice, who has published two versions of a tank."""
    grant = {"subject_kind": "user", "subject": "alice", "kind": "models", "pattern": "*"}
    assert client_of("admin").post("/api/grants", json=grant).status_code == 201
    alice = client_of("alice")
    for version in ("1.0.0", "1.1.0"):
        assert publish(alice, "alice/models/tank", version)["status"] == "done"
    return alice


def _hits(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/search?area=common&kind=models").json()["hits"]
    return found


def _said(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in PLAIN}


def test_hits_lists_and_details_tell_what_is_deprecated_and_what_is_better(
    alice: TestClient, client_of: ClientOf
) -> None:
    bob = client_of("bob")
    wait_for(lambda: [one["version"] for one in _hits(bob)] == ["1.1.0"], seconds=20, what="a hit")
    assert _said(_hits(bob)[0]) == PLAIN
    address = "/api/versions/models/tank/deprecation"
    assert alice.post(address, json={"version": "1.1.0", **WHY}).status_code == 200
    assert _said(_hits(bob)[0]) == SHOWN
    assert _said(bob.get("/api/assets?area=common&kind=models").json()["assets"][0]) == SHOWN
    assert _said(bob.get("/api/assets/common/models/tank").json()) == SHOWN
    assert _said(bob.get("/api/assets/common/models/tank@1.0.0").json()) == PLAIN
    assert alice.post(address, json={"version": "1.1.0", "why": ""}).status_code == 200
    assert _said(_hits(bob)[0]) == PLAIN


@pytest.mark.parametrize(
    ("successor", "said"),
    [
        ("common/data/wether.csv", "Did you mean common/data/weather.csv?"),
        ("common/models/tank@9", "No version of common/models/tank fits '@9'"),
        ("models/tank", "is not published"),
        ("models", "successor: "),
    ],
)
def test_a_successor_that_is_not_published_is_refused_with_the_nearest_name(
    alice: TestClient, successor: str, said: str
) -> None:
    address = "/api/versions/models/tank/deprecation"
    refused = alice.post(address, json={"why": "It overflows.", "successor": successor})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad-request")
    assert said in refused.json()["detail"]
    versions = alice.get("/api/versions/models/tank").json()["versions"]
    assert not any(one["is_deprecated"] for one in versions)


def test_a_withdrawn_version_is_left_out_and_the_one_before_it_is_found(
    alice: TestClient, client_of: ClientOf
) -> None:
    bob = client_of("bob")
    wait_for(lambda: [one["version"] for one in _hits(bob)] == ["1.1.0"], seconds=20, what="a hit")
    address = "/api/versions/models/tank/{}/withdrawal"
    assert alice.post(address.format("1.1.0"), json={"why": "Wrong."}).status_code == 200
    wait_for(lambda: [one["version"] for one in _hits(bob)] == ["1.0.0"], seconds=20, what="1.0.0")
    details = bob.get("/api/assets/common/models/tank").json()
    assert (details["version"], details["versions"]) == ("1.0.0", ["1.0.0"])
    assert bob.get("/api/assets/common/models/tank@1.1.0").status_code == 404
    assert alice.post(address.format("1.0.0"), json={"why": "Wrong."}).status_code == 200
    wait_for(lambda: _hits(bob) == [], seconds=20, what="nothing is found")
    assert bob.get("/api/assets/common/models/tank").status_code == 404


def test_who_pins_a_withdrawn_version_finds_it_as_such_and_nobody_else_does(
    alice: TestClient, client_of: ClientOf
) -> None:
    bob, member = client_of("bob"), client_of("member")
    wait_for(lambda: [one["version"] for one in _hits(bob)] == ["1.1.0"], seconds=20, what="a hit")
    pin = bob.post("/api/pins", json={"asset": "common/models/tank@1.0.0"}).json()
    address = "/api/versions/models/tank/1.0.0/withdrawal"
    assert alice.post(address, json={"why": "Wrong units."}).status_code == 200
    wait_for(lambda: len(_hits(bob)) == 2, seconds=20, what="the withdrawn one is found too")
    found = {one["version"]: one for one in _hits(bob)}
    assert not found["1.1.0"]["is_withdrawn"]
    kept = found["1.0.0"]
    assert (kept["path"], kept["is_withdrawn"]) == ("common/models/tank@1.0.0", True)
    assert kept["withdrawn_why"] == "Wrong units."
    assert [one["version"] for one in _hits(member)] == ["1.1.0"]
    assert bob.delete(f"/api/pins/{pin['id']}").status_code == 204
    assert [one["version"] for one in _hits(bob)] == ["1.1.0"]


def test_details_of_a_withdrawn_version_say_so_to_those_who_use_or_published_it(
    alice: TestClient, client_of: ClientOf
) -> None:
    bob, path = client_of("bob"), "/api/assets/common/models/tank@1.0.0"
    bob.post("/api/pins", json={"asset": "common/models/tank@1.0.0"})
    alice.post("/api/versions/models/tank/1.0.0/withdrawal", json={"why": "Wrong units."})
    for one in (alice, bob):
        details = one.get(path).json()
        said = {name: details[name] for name in ("path", "is_withdrawn", "withdrawn_why")}
        assert said == {
            "path": "common/models/tank@1.0.0",
            "is_withdrawn": True,
            "withdrawn_why": "Wrong units.",
        }
        assert "fills and drains" in one.get(f"{path}/-/readme").text
    assert client_of("member").get(path).status_code == 404
