"""The state of a run is saved as one archive, and gone on from by whoever may."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.unit.runner.asking import submit, texts, wait_for_status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    Client = Callable[[str], TestClient]

from tests.unit.runner.saves.asking import OWN, TEAM, TWIN, restore, run, save

pytestmark = pytest.mark.heavy  # real sandboxes


def test_another_member_goes_on_where_a_run_has_ended(client_of: Client) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    run(alice, "create", "execute")
    archive = save(alice, run(alice, "execute")["id"])
    run(alice, "execute")

    ended = restore(bob, archive, parameters={"power": 10})
    assert texts(bob, ended["id"]) == ["16"], "3 + 3 + 10"
    assert ended["owner"] == "bob"
    events = bob.get(f"/api/runs/{ended['id']}/events").json()["items"]
    assert events[0]["why"] == f"It goes on from {archive}."
    assert texts(bob, run(bob, "execute")["id"]) == ["19"], "the copy is bob's from now on"
    assert texts(alice, run(alice, "execute")["id"]) == ["12"], "alice's is her own"


def test_run_that_goes_on_writes_its_state_first(client_of: Client, root: Path) -> None:
    alice = client_of("alice")
    run(alice, "create")
    going = submit(alice, twin=TEAM, phases=["serve"])[0]["id"]
    wait_for_status(alice, going, "running")
    archive = save(alice, going)
    with zipfile.ZipFile(root / archive) as found:
        assert found.read("state/state/now") == b"saved by checkpoint\n"
    assert alice.get(f"/api/runs/{going}").json()["status"] == "running"


def test_twin_that_has_a_command_for_it_goes_on_by_that(client_of: Client, root: Path) -> None:
    text = TWIN.replace("checkpoint: ./save", "restore: sh -c 'echo from; cat state/deep/level'")
    (root / OWN / "twin.yaml").write_text(text)
    alice = client_of("alice")
    archive = save(alice, run(alice, "create", "execute", twin=OWN)["id"], "data/saves/a.zip")
    assert texts(alice, restore(alice, archive)["id"]) == ["from", "3"]


def test_twin_that_keeps_nothing_or_runs_in_place_has_nothing_to_save(
    client_of: Client, root: Path
) -> None:
    (root / OWN / "twin.yaml").write_text(TWIN.replace('keep: ["state/**"], ', ""))
    plain = root / "alice/digital_twins/plain/lifecycle"
    plain.mkdir(parents=True)
    (plain / "execute").write_text("#!/bin/sh\necho x\n")
    (plain / "execute").chmod(0o755)
    alice = client_of("alice")
    for twin, phases, says in (
        (OWN, ("create",), "name the files under state.keep"),
        ("plain", ("execute",), "runs in place"),
    ):
        answer = alice.post(f"/api/runs/{run(alice, *phases, twin=twin)['id']}/save", json={})
        assert (answer.status_code, says in answer.json()["detail"]) == (409, True)


def test_stranger_gets_neither_a_save_nor_makes_one(client_of: Client) -> None:
    alice, carol = client_of("alice"), client_of("carol")
    ended = run(alice, "create", "execute")
    archive = save(alice, ended["id"])
    assert carol.post("/api/restores", json={"archive": archive}).status_code == 404
    assert carol.post("/api/forks", json={"archive": archive, "name": "x"}).status_code == 404
    assert carol.post(f"/api/runs/{ended['id']}/save", json={}).status_code == 404
    theirs = alice.post(f"/api/runs/{ended['id']}/save", json={"to": "bob/data/x/a.zip"})
    assert theirs.status_code == 404
    again = alice.post(f"/api/runs/{ended['id']}/save", json={"to": archive})
    assert (again.status_code, again.json()["code"]) == (409, "exists")


def test_twin_that_was_changed_since_is_named(client_of: Client, root: Path) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    archive = save(alice, run(alice, "create", "execute")["id"])
    (root / TEAM / "more.txt").write_text("x")
    answer = bob.post("/api/restores", json={"archive": archive})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed-inputs")
    assert f"{TEAM} was changed" in answer.json()["detail"]


def test_run_whose_copy_another_one_has_changed_is_not_saved(client_of: Client) -> None:
    alice = client_of("alice")
    first = run(alice, "create")
    second = run(alice, "execute")
    answer = alice.post(f"/api/runs/{first['id']}/save", json={})
    assert answer.status_code == 409
    assert f"{second['id']} has worked in the same copy since" in answer.json()["detail"]


def test_link_in_the_way_of_a_save_is_not_followed(
    client_of: Client, root: Path, tmp_path: Path
) -> None:
    alice = client_of("alice")
    ended = run(alice, "create")
    (tmp_path / "outside").mkdir()
    (root / "alice/data").symlink_to(tmp_path / "outside")
    answer = alice.post(f"/api/runs/{ended['id']}/save", json={})
    assert answer.status_code in {404, 409}, answer.text
    assert not list((tmp_path / "outside").iterdir())


def test_archive_is_a_zip_that_says_what_it_has(client_of: Client, root: Path) -> None:
    alice = client_of("alice")
    ended = run(alice, "create", "execute", twin="tank")
    archive = save(alice, ended["id"], "")
    assert archive == f"alice/data/saves/tank-{ended['id']}.zip"
    with zipfile.ZipFile(io.BytesIO((root / archive).read_bytes())) as found:
        assert found.namelist() == ["save.json", "state/state/deep/level"]
        manifest = json.loads(found.read("save.json"))
    assert (manifest["twin"], manifest["parameters"]) == (OWN, {"power": 3})
