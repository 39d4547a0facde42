"""The routes of repositories, with the application in-process and a real server beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.git_servers import PASSWORD
from tests.fixtures.waiting import wait_for
from tests.integration.library.repositories.conftest import TOKEN_SENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    from tests.fixtures.git_servers import GitServers

    ClientOf = Callable[[str], TestClient]


def finish(client: TestClient, answer: Any) -> dict[str, Any]:  # noqa: ANN401 - the client's
    """Return an operation once it has ended."""
    assert answer.status_code == 202, answer.text
    address = f"/api/operations/{answer.json()['id']}"

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = client.get(address).json()
        return found if found["ended_at"] else None

    return wait_for(ended, seconds=60, what="the operation has ended")


def test_a_place_is_connected_pulled_changed_and_synced(
    client_of: ClientOf, git_servers: GitServers, library_root: Path
) -> None:
    remote = git_servers.make("rest", {"a.txt": "a\n"})
    alice = client_of("alice")

    made = alice.post(
        "/api/repositories",
        json={"place": "alice/models/new", "url": remote.url, "credential": TOKEN_SENT},
    )
    assert made.status_code == 201, made.text
    assert PASSWORD not in made.text
    at = f"/api/repositories/{made.json()['id']}"
    pulled = finish(alice, alice.post(f"{at}/pull", json={}))
    assert pulled["result"]["files_count"] == 1
    (library_root / "alice/models/new/a.txt").write_text("mine\n")
    found = alice.get(f"{at}/status", params={"fetch": True}).json()
    assert found["changes"] == [{"path": "a.txt", "kind": "changed"}]
    assert "+mine" in alice.get(f"{at}/difference", params={"path": "a.txt"}).json()["text"]
    synced = finish(alice, alice.post(f"{at}/sync", json={"message": "Mine"}))
    assert synced["result"]["pushed"]["commit"]
    first = alice.get(f"{at}/commits", params={"limit": 1}).json()
    assert [one["message"] for one in first["commits"]] == ["Mine"]
    second = alice.get(f"{at}/commits", params={"limit": 1, "after": first["next"]}).json()
    assert [one["message"] for one in second["commits"]] == ["The first"]
    restored = finish(
        alice, alice.post(f"{at}/restore", json={"commit": second["commits"][0]["id"]})
    )
    assert restored["status"] == "done"
    assert (library_root / "alice/models/new/a.txt").read_text() == "a\n"
    assert [one["id"] for one in alice.get("/api/repositories").json()["repositories"]] == [
        made.json()["id"]
    ]
    assert alice.delete(at).status_code == 204
    assert alice.get(at).status_code == 404


@pytest.mark.d4(14)
def test_a_repository_of_somebody_else_is_not_there(
    client_of: ClientOf, git_servers: GitServers
) -> None:
    remote = git_servers.make("private", {"a.txt": "a\n"})
    alice = client_of("alice")
    made = alice.post(
        "/api/repositories",
        json={"place": "alice/models/new", "url": remote.url, "credential": TOKEN_SENT},
    ).json()
    at = f"/api/repositories/{made['id']}"
    for name in ("bob", "admin", "instructor"):
        client = client_of(name)
        assert client.get("/api/repositories").json()["repositories"] == []
        answers = [
            *(client.get(f"{at}{rest}") for rest in (
                "", "/status", "/commits", "/kept", "/difference?path=a.txt",
            )),
            *(client.post(f"{at}/{verb}", json={}) for verb in ("pull", "push", "sync")),
            client.post(f"{at}/restore", json={"commit": "0123456"}),
            client.patch(at, json={}), client.delete(at),
        ]  # fmt: skip
        assert {answer.status_code for answer in answers} == {404}
        connect = {"place": "alice/models/x", "url": remote.url, "credential": TOKEN_SENT}
        assert client.post("/api/repositories", json=connect).status_code == 404
    common = {"place": "common/models/x", "url": remote.url, "credential": TOKEN_SENT}
    assert alice.post("/api/repositories", json=common).status_code == 403


def test_a_token_that_is_replaced_is_tried_first(
    client_of: ClientOf, git_servers: GitServers
) -> None:
    remote = git_servers.make("replaced", {"a.txt": "a\n"})
    alice = client_of("alice")
    made = alice.post(
        "/api/repositories",
        json={"place": "alice/models/new", "url": remote.url, "credential": TOKEN_SENT},
    ).json()
    at = f"/api/repositories/{made['id']}"

    wrong = alice.patch(at, json={"credential": TOKEN_SENT | {"secret": "wrong"}})
    right = alice.patch(at, json={"credential": TOKEN_SENT, "branch": "other"})

    assert wrong.status_code == 409
    assert "does not let you in" in wrong.json()["detail"]
    assert right.json()["branch"] == "other"
    failed = finish(alice, alice.post(f"{at}/pull", json={}))
    assert failed["problem"]["code"] == "branch-gone"
