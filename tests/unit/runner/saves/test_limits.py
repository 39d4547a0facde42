"""Saves and forks take no more than their areas have room for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_kit.quotas import QuotaSettings
from twinhub_runner.saves.limits import MOST_OF_A_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    Client = Callable[[str], TestClient]

from tests.unit.runner.saves.asking import OWN, TEAM, run, save

pytestmark = pytest.mark.heavy  # real sandboxes


def limited(**limits: Any) -> pytest.MarkDecorator:  # noqa: ANN401 - as `QuotaSettings` has them
    """Have areas with little room."""
    return pytest.mark.parametrize("quota", [QuotaSettings(**{"free_bytes": 0} | limits)])


def refused(client: TestClient, route: str, body: dict[str, Any]) -> tuple[str, str]:
    """Return code and text of a refusal for want of room."""
    answer = client.post(route, json=body)
    assert answer.status_code == 507, answer.text
    return answer.json()["code"], answer.json()["detail"]


@limited(users={"alice": 3 << 19, "bob": 1 << 19})
def test_save_and_fork_that_an_area_has_no_room_for_are_refused_with_the_figure(
    client_of: Client, root: Path
) -> None:
    for twin in (OWN, TEAM):
        (root / twin / "state").mkdir()
        (root / twin / "state/big").write_bytes(os.urandom(1 << 20))
    alice, bob = client_of("alice"), client_of("bob")
    own, team = (run(alice, "create", twin=twin)["id"] for twin in (OWN, TEAM))
    code, text = refused(alice, f"/api/runs/{own}/save", {})
    assert (code, "alice takes 1.0 MiB of its 1.5 MiB" in text) == ("quota", True)
    archive = save(alice, team)
    code, text = refused(bob, "/api/forks", {"archive": archive, "name": "mine"})
    assert (code, "this needs 1.0 MiB more" in text) == ("quota", True)
    assert not list((root / ".runs/aside").iterdir())
    assert not list((root / "bob").iterdir())
    assert not list((root / "alice/data/saves").iterdir())


@limited(free_bytes=1 << 60)
def test_nothing_is_saved_on_a_disk_that_has_to_keep_its_room(client_of: Client) -> None:
    alice = client_of("alice")
    ended = run(alice, "create")
    assert refused(alice, f"/api/runs/{ended['id']}/save", {})[0] == "disk-full"


def test_folder_with_many_saves_takes_no_more(client_of: Client, root: Path) -> None:
    saves = root / "alice/data/saves"
    saves.mkdir(parents=True)
    for number in range(MOST_OF_A_FOLDER):
        (saves / f"{number}").touch()
    alice = client_of("alice")
    code, text = refused(alice, f"/api/runs/{run(alice, 'create')['id']}/save", {})
    assert (code, text) == (
        "full", "alice/data/saves has 1,000 entries or more: remove some of them."
    )  # fmt: skip
