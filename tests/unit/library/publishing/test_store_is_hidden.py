"""What the library keeps of published versions is reached by their links, and by nothing else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_library.rest import needs

from tests.unit.library.graphql.asking import LIST, READ
from tests.unit.library.publishing.test_routes import publish

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

    ClientOf = Callable[[str], TestClient]

pytest_plugins = ("tests.fixtures.library",)

_TANK = "/api/versions/models/tank"


@pytest.fixture(name="store")
def _store(client_of: ClientOf) -> str:
    """Return the path of the content of a version that bob has pinned."""
    instructor = client_of("instructor")
    for folder in ("models", "models/tank"):
        made = instructor.post(f"/api/folders/instructor/{folder}")
        assert made.is_success, made.text
    put = instructor.put("/api/files/instructor/models/tank/model.txt", content=b"first")
    assert put.is_success, put.text
    assert publish(instructor, "instructor/models/tank", "1.0.0")["status"] == "done"
    pin = client_of("bob").post("/api/pins", json={"asset": "common/models/tank@1.0.0"})
    assert pin.status_code == 200, pin.text
    found: str = pin.json()["content"]
    return found


_ROUTES = (
    ("GET", "/api/files/{path}/model.txt"), ("HEAD", "/api/files/{path}/model.txt"),
    ("GET", "/api/files/common//./{name}/model.txt"),
    ("GET", "/api/folders/{path}"), ("GET", "/api/folders/common/.store"),
    ("GET", "/api/entries/{path}"), ("GET", "/api/entries/common/.store"),
    ("GET", "/api/checksums/{path}/model.txt"),
    ("GET", "/api/archives/{path}"), ("GET", "/api/archives/common/.store?format=tar"),
    ("GET", "/api/assets/{path}"), ("GET", "/api/previous/{path}"),
    ("PUT", "/api/files/{path}/x.txt"), ("DELETE", "/api/files/{path}"),
)  # fmt: skip


def test_no_route_knows_content_by_its_digest(client_of: ClientOf, store: str) -> None:
    name = store.removeprefix("common/")
    for who in ("alice", "bob", "admin"):
        for method, address in _ROUTES:
            asked = address.format(path=store, name=name)
            answer = client_of(who).request(method, asked)
            assert answer.status_code == 404, f"{who} {asked}: {answer.text}"


def test_nothing_is_copied_imported_or_pinned_by_its_digest(
    client_of: ClientOf, store: str
) -> None:
    alice = client_of("alice")
    asked = [
        ("/api/copies", {"source": store, "target": "alice/models/copy"}),
        ("/api/imports", {"source": store, "target": "alice/models/copy"}),
        ("/api/pins", {"asset": store}),
        ("/api/versions", {"path": store, "version": "1.0.0"}),
    ]
    found = {address: alice.post(address, json=body).status_code for address, body in asked}
    assert set(found.values()) == {404}, found


def test_an_archive_of_all_of_common_is_refused(client_of: ClientOf, store: str) -> None:
    for kind in ("zip", "tar"):
        answer = client_of("alice").get(f"/api/archives/common?format={kind}&everything=true")
        assert answer.status_code == 400, store
    assert client_of("alice").get("/api/archives/common/models/tank").is_success


def test_graphql_knows_no_content_by_its_digest(client_of: ClientOf, store: str) -> None:
    alice = client_of("alice")
    for query, path in (
        (LIST, "common/.store"), (LIST, store), (READ, f"{store}/model.txt"),
    ):  # fmt: skip
        body = {"query": query, "variables": {"path": path}}
        assert "errors" in alice.post("/lib", json=body).json(), path
    body = {"query": READ, "variables": {"path": "common/models/tank@1.0.0/model.txt"}}
    assert "first" in alice.post("/lib", json=body).text


def test_links_of_versions_still_lead_to_their_content(client_of: ClientOf, store: str) -> None:
    for name in ("tank", "tank@1.0.0"):
        answer = client_of("alice").get(f"/api/files/common/models/{name}/model.txt")
        assert answer.text == "first", store


def test_a_withdrawn_version_is_read_by_those_alone_who_have_it(
    client_of: ClientOf, store: str
) -> None:
    body = {"why": "wrong"}
    assert client_of("instructor").post(f"{_TANK}/1.0.0/withdrawal", json=body).is_success
    link = "common/models/.withdrawn/tank@1.0.0"
    for name, expected in (("bob", 200), ("instructor", 200), ("alice", 404)):
        client = client_of(name)
        assert client.get(f"/api/files/{link}/model.txt").status_code == expected, (name, store)
        assert client.get(f"/api/folders/{link}").status_code == expected, name
        query = {"query": READ, "variables": {"path": f"{link}/model.txt"}}
        assert ("first" in client.post("/lib", json=query).text) is (expected == 200)
        assert client.get("/api/folders/common/models/.withdrawn").status_code == 404


def test_who_has_a_withdrawn_version_is_not_asked_of_the_database_while_others_wait(
    client_of: ClientOf, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"why": "wrong"}
    assert client_of("instructor").post(f"{_TANK}/1.0.0/withdrawal", json=body).is_success
    ask, threads = needs._has_withdrawn, set[int]()

    def note(*asked: Any) -> bool:  # noqa: ANN401 - passed on
        threads.add(threading.get_ident())
        return ask(*asked)

    monkeypatch.setattr(needs, "_has_withdrawn", note)
    bob = client_of("bob")
    link = "common/models/.withdrawn/tank@1.0.0"
    query = {"query": READ, "variables": {"path": f"{link}/model.txt"}}
    for _ in range(2):  # the second time the query is known
        assert "first" in bob.post("/lib", json=query).text
    assert bob.get(f"/api/files/{link}/model.txt").text == "first", store
    assert bob.get(f"/api/folders/{link}").is_success
    assert bob.portal is not None
    assert threads
    assert bob.portal.call(threading.get_ident) not in threads
