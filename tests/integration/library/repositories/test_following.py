"""Common assets that follow a repository, by the clock and by webhooks."""

from __future__ import annotations

import hashlib
import hmac
import threading
from typing import TYPE_CHECKING

from tests.fixtures.library import CALLERS, TEAM
from tests.fixtures.waiting import wait_for
from tests.integration.library.repositories.conftest import ALICE, TOKEN_SENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient
    from twinhub_library.library import Library

    from tests.fixtures.git_servers import GitServers, Remote

    ClientOf = Callable[[str], TestClient]

PLACE = "alice/models/valve"
SECRET = "what-the-hook-knows"


def asset(version: str) -> str:
    """Return what ``asset.yaml`` says."""
    return f"title: A valve\nversion: {version}\n"


def connect(client_of: ClientOf, remote: Remote) -> str:
    """Connect the place as alice, pull, and let her publish it; return the address."""
    grant = {"subject_kind": "user", "subject": "alice", "kind": "models", "pattern": "valve"}
    assert client_of("admin").post("/api/grants", json=grant).status_code == 201
    body = {"place": PLACE, "url": remote.url, "credential": TOKEN_SENT}
    made = client_of("alice").post("/api/repositories", json=body)
    assert made.status_code == 201, made.text
    return f"/api/repositories/{made.json()['id']}"


def test_a_new_version_in_the_repository_is_published_by_the_clock(
    client_of: ClientOf, git_servers: GitServers, library: Library, library_root: Path
) -> None:
    remote = git_servers.make("valve", {"asset.yaml": asset("1.0.0"), "a.txt": "a\n"})
    at = connect(client_of, remote)
    row = library.repositories.connections.list()[0]
    alice = client_of("alice")
    assert alice.put(f"{at}/follow", json={"path": PLACE, "every_seconds": 60}).status_code == 404
    library.repositories.syncing.pull(ALICE, row.id)
    told = alice.put(f"{at}/follow", json={"path": PLACE, "every_seconds": 60})
    assert told.json()["follow_path"] == PLACE

    library.following.follow_all(threading.Event())
    assert (library_root / "common/models/valve@1.0.0/a.txt").read_text() == "a\n"
    remote.commit({"asset.yaml": asset("1.1.0"), "a.txt": "b\n"})
    library.following.follow_all(threading.Event())
    assert not (library_root / "common/models/valve@1.1.0").exists(), "it is not due yet"
    library.repositories.connections.change(row.id, followed_at=None)
    library.following.follow_all(threading.Event())

    assert (library_root / "common/models/valve/a.txt").read_text() == "b\n"
    assert (library_root / "common/models/valve@1.0.0/a.txt").read_text() == "a\n"


def test_a_webhook_is_heard_when_it_knows_the_secret(
    client_of: ClientOf, git_servers: GitServers, library: Library, library_root: Path
) -> None:
    remote = git_servers.make("hooked", {"asset.yaml": asset("1.0.0")})
    at = connect(client_of, remote)
    row = library.repositories.connections.list()[0]
    library.repositories.syncing.pull(ALICE, row.id)
    follow = {"path": PLACE, "webhook_secret": SECRET}
    client_of("alice").put(f"{at}/follow", json=follow)
    nobody = client_of("")

    signature = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()
    for headers in ({}, {"X-Gitlab-Token": "wrong"}, {"X-Hub-Signature-256": "sha256=00"}):
        answer = nobody.post(f"{at}/webhook", content=b"{}", headers=headers)
        assert answer.status_code == 404
    assert nobody.post("/api/repositories/0/webhook", content=b"{}").status_code == 404
    heard = nobody.post(
        f"{at}/webhook", content=b"{}", headers={"X-Hub-Signature-256": f"sha256={signature}"}
    )
    assert heard.status_code == 204
    published = library_root / "common/models/valve@1.0.0"
    wait_for(published.exists, seconds=60, what="the version is published")
    client_of("alice").delete(f"{at}/follow")
    late = nobody.post(f"{at}/webhook", content=b"{}", headers={"X-Gitlab-Token": SECRET})
    assert late.status_code == 404


def test_without_a_grant_nothing_follows(
    client_of: ClientOf, git_servers: GitServers, library: Library
) -> None:
    remote = git_servers.make("ungranted", {"asset.yaml": asset("1.0.0")})
    body = {"place": PLACE, "url": remote.url, "credential": TOKEN_SENT}
    made = client_of("alice").post("/api/repositories", json=body).json()
    library.repositories.syncing.pull(ALICE, made["id"])

    answer = client_of("alice").put(
        f"/api/repositories/{made['id']}/follow", json={"path": PLACE, "every_seconds": 60}
    )

    assert answer.status_code == 403


def test_a_member_publishes_nothing_by_the_grant_of_another_member(
    client_of: ClientOf, git_servers: GitServers, library: Library, library_root: Path
) -> None:
    place, member = f"teams/{TEAM}/models/pump", client_of("member")
    grant = {"subject_kind": "user", "subject": "member", "kind": "models", "pattern": "pump"}
    assert client_of("admin").post("/api/grants", json=grant).status_code == 201
    remote = git_servers.make("ours", {"asset.yaml": asset("1.0.0")})
    body = {"place": place, "url": remote.url, "credential": TOKEN_SENT}
    made = member.post("/api/repositories", json=body).json()
    library.repositories.syncing.pull(CALLERS["member"], made["id"])
    follow = {"path": place, "every_seconds": 60}
    refused = member.put(f"/api/repositories/{made['id']}/follow", json=follow)
    assert refused.status_code == 403

    change = {"follow_path": place, "follow_by": "member", "follow_seconds": 60}
    library.repositories.connections.change(made["id"], **change)  # as it once could be set up
    library.following.follow_all(threading.Event())
    assert not (library_root / "common/models/pump").exists()
    assert "your own area" in library.repositories.connections.get(made["id"]).fault
