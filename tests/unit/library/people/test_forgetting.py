"""A deleted user leaves nothing to a later one of the same name."""

from __future__ import annotations

import contextlib
import shutil
from base64 import b64encode
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from twinhub_api.scopes import ADMIN
from twinhub_api.wire import Wire
from twinhub_kit.callers import Caller
from twinhub_kit.errors import BusyError
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.operations import anybody
from twinhub_library.areas import split_path
from twinhub_library.forgetting import forget_person
from twinhub_library.library import Library, open_library
from twinhub_library.store.all_tables import METADATA
from twinhub_library.store.openings import Opened
from twinhub_library.store.repositories import RepositoryRow
from twinhub_library.testing import CrashPoints

from tests.fixtures.library import CALLERS, IDENTITY, TEAM
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient
    from twinhub_kit.operations import Progress
    from twinhub_library.settings import LibrarySettings

    ClientOf = Callable[[str], TestClient]

pytestmark = pytest.mark.d4(20)

ALICE = CALLERS["alice"]
NOW = datetime(2026, 11, 26, tzinfo=UTC)
OWN, OF_TEAM = "alice/models/valve", f"teams/{TEAM}/models/pump"
_SEEN = (
    "/api/operations", "/api/uploads", "/api/grants", "/api/proposals", "/api/imports",
    "/api/pins", "/api/repositories", "/api/usage/alice", "/api/bin?area=alice",
    "/api/grants/permission?kind=models&name=tank", "/api/assets?area=alice",
)  # fmt: skip
"""Where users see what is theirs."""


@pytest.fixture(autouse=True)
def _member(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let alice be in the team, as long as she is the first of her name."""
    alice = Caller("alice", frozenset({TEAM}), ALICE.scopes)
    monkeypatch.setitem(IDENTITY.callers, "token-of-alice", alice)


def do(client: TestClient, address: str, /, **body: object) -> dict[str, Any]:
    """Return the result of the operation that a request begins."""
    answer = client.post(address, json=body)
    assert answer.status_code == 202, answer.text
    ended: dict[str, Any] = {}

    def has_ended() -> bool:
        ended.update(client.get(f"/api/operations/{answer.json()['id']}").json())
        return ended["status"] not in {"waiting", "running"}

    wait_for(has_ended, seconds=30, what="the operation ends")
    assert ended["status"] == "done", ended
    result: dict[str, Any] = ended["result"]
    return result


def publish(client: TestClient, path: str, version: str) -> None:
    do(client, "/api/versions", path=path, version=version)


def repository(number: str, place: str, **facts: object) -> RepositoryRow:
    """A repository that alice has connected with a token of hers."""
    return RepositoryRow(
        id=number, place=place, address="https://git.test/x.git", branch="main",
        connected_by="alice", connected_at=NOW, author_name="Alice", author_email="a@git.test",
        credential_kind="token", credential_user="alice", sealed=b"sealed", **facts,
    )  # fmt: skip


def add_repositories(library: Library, root: Path) -> None:
    with library.database.session() as session:
        session.add(repository("own", OWN))
        session.add(
            repository("ours", OF_TEAM, follow_path=OF_TEAM, follow_by="alice", follow_seconds=60)
        )
    for number in ("own", "ours"):
        (root / ".library/git" / number).mkdir(parents=True)


def live(client_of: ClientOf, library: Library, root: Path) -> None:
    """Let alice do all that the library remembers of somebody."""
    admin, alice = client_of("admin"), client_of("alice")
    for name, review in (("tank", False), ("pump", True)):
        grant = {"subject_kind": "user", "subject": "alice", "kind": "models", "pattern": name}
        assert admin.post("/api/grants", json={**grant, "needs_review": review}).is_success
    publish(alice, "alice/models/tank", "1.0.0")
    (root / "alice/models/pump").mkdir()
    (root / "alice/models/pump/x.txt").write_text("x")
    publish(alice, "alice/models/pump", "1.0.0")
    do(alice, "/api/imports", source="common/models/tank", target="alice/models/copy")
    do(alice, "/api/imports", source="alice/models/pump", target=f"teams/{TEAM}/models/hers")
    assert alice.post("/api/pins", json={"asset": "common/models/tank@1.0.0"}).is_success
    name = b64encode(b"alice/models/half.bin").decode()
    upload = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": f"path {name}"}
    assert alice.post("/api/uploads", headers=upload).status_code == 201
    library.publishing.holds.hold("0" * 64, "alice")
    library.opening.openings.add(
        Opened("word", "common/models/tank", "alice", NOW, "1.0.0", "opened", {})
    )
    add_repositories(library, root)
    assert alice.get("/api/usage/alice?fresh=true").is_success


def empty_area(root: Path) -> None:
    """Remove the files, as the hub does once they are in an archive."""
    for name in ("alice", ".library/bin/alice", ".library/snapshots/alice"):
        shutil.rmtree(root / name, ignore_errors=True)


def forget(client_of: ClientOf, root: Path) -> None:
    """Delete alice as the hub does: forgotten before her files leave, and after it."""
    admin = client_of("admin")
    assert admin.delete("/api/people/alice").status_code == 204
    empty_area(root)
    assert admin.delete("/api/people/alice").status_code == 204
    (root / "alice").mkdir()
    IDENTITY.callers["token-of-alice"] = ALICE  # another one, in no group


def see(client: TestClient) -> dict[str, object]:
    """What a user sees of what is theirs, without times."""
    found = {}
    for address in _SEEN:
        answer = client.get(address)
        assert answer.is_success, (address, answer.text)
        found[address] = answer.json()
    usage = found["/api/usage/alice"]
    usage["usage"].pop("measured_at")
    return found


def test_a_later_user_of_the_name_sees_what_one_of_a_new_name_sees(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    shutil.rmtree(library_root / "alice")
    (library_root / "alice").mkdir()
    IDENTITY.callers["token-of-alice"] = ALICE
    assert client_of("alice").get("/api/usage/alice?fresh=true").is_success
    new = see(client_of("alice"))
    for name in ("README.md", "model.txt"):
        file = library_root / "alice/models/tank" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    IDENTITY.callers["token-of-alice"] = Caller("alice", frozenset({TEAM}), ALICE.scopes)
    live(client_of, library, library_root)
    assert {name for name, seen in see(client_of("alice")).items() if seen == new[name]} == {
        "/api/bin?area=alice"
    }

    forget(client_of, library_root)

    assert see(client_of("alice")) == new


def test_a_later_user_of_the_name_owns_no_version_and_no_proposal(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    live(client_of, library, library_root)
    (proposal,) = client_of("alice").get("/api/proposals").json()["proposals"]

    forget(client_of, library_root)

    alice, admin = client_of("alice"), client_of("admin")
    assert admin.post("/api/grants", json={
        "subject_kind": "user", "subject": "alice", "kind": "models", "pattern": "*",
    }).is_success  # fmt: skip
    why = {"why": "mine"}
    assert alice.post("/api/versions/models/tank/1.0.0/withdrawal", json=why).status_code == 403
    (library_root / "alice/models/tank").mkdir(parents=True)
    (library_root / "alice/models/tank/x.txt").write_text("mine")
    body = {"path": "alice/models/tank", "version": "2.0.0"}
    refused = alice.post("/api/versions", json=body)
    assert refused.status_code == 403
    assert "of former-user alice" in refused.json()["detail"]
    assert alice.get(f"/api/proposals/{proposal['id']}").status_code == 404
    assert alice.get("/api/open-links/common/models/tank").status_code == 404
    kept = admin.get(f"/api/proposals/{proposal['id']}").json()
    assert (kept["state"], kept["author"]) == ("taken-back", "alice (former user/deleted)")
    assert admin.get("/api/versions/models/tank/1.0.0").json()["owner"] == "former-user:alice"
    assert admin.post("/api/versions/models/tank/1.0.0/withdrawal", json=why).is_success


def test_what_was_opened_is_forgotten(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    live(client_of, library, library_root)
    forget(client_of, library_root)
    assert library.opening.openings.find("word", "alice") is None


def test_private_repositories_go_and_a_teams_lose_credential_and_following(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    live(client_of, library, library_root)

    forget(client_of, library_root)

    (row,) = library.repositories.connections.list()
    assert (row.id, row.sealed, row.credential_kind, row.credential_user) == (
        "ours",
        None,
        "none",
        "",
    )
    assert (row.follow_by, row.follow_path, row.follow_seconds) == ("", "", 0)
    assert (row.author_name, row.author_email) == ("", "")
    assert "give a credential of your own" in row.fault
    assert "set it up anew" in row.fault
    assert [one.name for one in (library_root / ".library/git").iterdir()] == ["ours"]


def test_a_team_that_gets_in_by_logins_goes_on_with_those_of_its_members(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    live(client_of, library, library_root)
    change = library.repositories.connections.change
    change("ours", sealed=None, credential_kind="login", credential_user="", follow_by="")

    forget(client_of, library_root)

    row = library.repositories.connections.get("ours")
    assert (row.credential_kind, row.fault) == ("login", "")
    assert row.connected_by != "alice"


def test_a_credential_that_somebody_gave_since_stays(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    live(client_of, library, library_root)
    forget(client_of, library_root)
    change = library.repositories.connections.change
    change("ours", sealed=b"of another", credential_kind="token", fault="")

    forget_person(library, "alice")

    assert library.repositories.connections.get("ours").sealed == b"of another"


def test_a_copy_that_was_shared_with_a_team_is_not_updated_from_a_later_users_files(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    live(client_of, library, library_root)
    forget(client_of, library_root)
    area, _ = split_path(RelativePath.parse(OF_TEAM))
    assert library.publishing.imports.list_in(area) == []
    assert (library_root / f"teams/{TEAM}/models/hers/x.txt").read_text() == "x"


def test_content_that_only_a_deleted_user_needed_is_collected(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    live(client_of, library, library_root)
    forget(client_of, library_root)
    version = client_of("admin").get("/api/versions/models/tank/1.0.0").json()
    library.publishing.holds.collect(least_age=0)
    publisher = library.publishing.publisher
    assert publisher.store.list_digests() == [version["digest"]]
    assert list(publisher.bases.list_digests()) == []


def test_names_stay_only_where_they_are_history(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    """Every column of every table: a new one that holds a user's name has to be thought about."""
    live(client_of, library, library_root)
    forget(client_of, library_root)
    found = set()
    with library.database.session() as session:
        for metadata in METADATA:
            for table in metadata.tables.values():
                for row in session.execute(select(table)).mappings():
                    found |= {
                        f"{table.name}.{name}" for name, value in row.items()
                        if isinstance(value, str) and "alice" in value
                    }  # fmt: skip
    assert found == {
        "published_versions.owner", "published_versions.author", "published_versions.origin",
        "publish_proposals.owner", "publish_proposals.author", "publish_proposals.origin",
        "repositories.connected_by", "repositories.fault",
    }  # fmt: skip


def test_others_keep_what_they_have(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    do(client_of("instructor"), "/api/versions", path=_of_instructor(library_root), version="1.0.0")
    bob = client_of("bob")
    do(bob, "/api/imports", source="common/models/lamp")
    assert bob.post("/api/pins", json={"asset": "common/models/lamp@1.0.0"}).is_success
    addresses = ("/api/operations", "/api/imports", "/api/pins", "/api/versions/models/lamp")
    before = [bob.get(one).json() for one in addresses]

    forget(client_of, library_root)

    assert [bob.get(one).json() for one in addresses] == before


def _of_instructor(root: Path) -> str:
    file = root / "instructor/models/lamp/x.txt"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    return "instructor/models/lamp"


def test_running_work_is_ended_first(client_of: ClientOf, library: Library) -> None:
    begun = Event()

    def work(_: Caller, progress: Progress) -> Wire:
        begun.set()
        while True:
            progress.check()

    library.operations.start(ALICE, "test", "Goes on", anybody, work)
    assert begun.wait(30)
    assert client_of("admin").delete("/api/people/alice").status_code == 204
    assert client_of("alice").get("/api/operations").json()["operations"] == []


def test_work_that_does_not_end_is_refused_and_said(library: Library) -> None:
    may_end = Event()

    def work(*_: object) -> Wire:
        may_end.wait(30)
        return Wire()

    library.operations.start(ALICE, "test", "Hears nothing", anybody, work)
    try:
        with pytest.raises(BusyError, match="try again"):
            library.operations.forget_owner("alice", seconds=0.01)
    finally:
        may_end.set()


@pytest.mark.parametrize(
    ("name", "status"),
    [("", 401), ("alice", 403), ("member", 403), ("instructor", 403), ("users", 204),
     ("admin", 204)],
)  # fmt: skip
def test_only_who_may_delete_users_has_one_forgotten(
    client_of: ClientOf, monkeypatch: pytest.MonkeyPatch, name: str, status: int
) -> None:
    service = Caller("users", scopes=frozenset({"delete:users"}))
    monkeypatch.setitem(IDENTITY.callers, "token-of-users", service)
    narrow = Caller("narrow", scopes=frozenset({"delete:users!user=bob"}))
    monkeypatch.setitem(IDENTITY.callers, "token-of-narrow", narrow)
    assert ADMIN in CALLERS["admin"].scopes
    assert client_of(name).delete("/api/people/bob").status_code == status
    assert client_of("narrow").delete("/api/people/bob").status_code == 403


@pytest.mark.heavy
@pytest.mark.d4(28)
def test_a_kill_at_any_write_is_mended_by_doing_it_again(
    library_settings: LibrarySettings, library_root: Path, tmp_path: Path
) -> None:
    places = (library_root, library_settings.state)
    kept = [tmp_path / f"kept-{place.name}" for place in places]
    with open_library(library_settings) as library:
        library.teams.switch_on(TEAM, by="admin")
        publishing = library.publishing
        publishing.holds.hold("0" * 64, "alice")
        library.uploads.begin("alice", RelativePath.parse("alice/data/half.bin"), 10)
        library.opening.openings.add(
            Opened("word", "common/models/tank", "alice", NOW, "1.0.0", "opened", {})
        )
        publishing.imports.start(
            ALICE, RelativePath.parse("alice/models/tank"), "",
            RelativePath.parse("alice/models/copy"),
        )  # fmt: skip
        add_repositories(library, library_root)
    for place, copy in zip(places, kept, strict=True):
        shutil.copytree(place, copy, symlinks=True)

    opened = contextlib.ExitStack()
    there: list[Library] = []

    def before() -> None:
        opened.close()
        for place, copy in zip(places, kept, strict=True):
            shutil.rmtree(place)
            shutil.copytree(copy, place, symlinks=True)
        there[:] = [opened.enter_context(open_library(library_settings))]

    with opened:
        for _ in CrashPoints.sweep(lambda: forget_person(there[0], "alice"), before=before):
            opened.close()
            with open_library(library_settings) as library:
                forget_person(library, "alice")
                assert library.uploads.list_of("alice") == []
                assert library.opening.openings.find("word", "alice") is None
                assert [one.id for one in library.repositories.connections.list()] == ["ours"]
                area, _ = split_path(RelativePath.parse("alice/models"))
                assert library.publishing.imports.list_in(area) == []
            assert [one.name for one in (library_root / ".library/git").iterdir()] == ["ours"]
