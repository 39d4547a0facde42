"""A fork is a twin of one's own with the state of a save, or there is nothing of it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.requirements import need_root
from tests.unit.runner.asking import texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    Client = Callable[[str], TestClient]

from tests.unit.runner.saves.asking import run, save

pytestmark = pytest.mark.heavy  # real sandboxes


def test_fork_is_a_twin_of_one_s_own_with_the_state(client_of: Client, root: Path) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    archive = save(alice, run(alice, "create", "execute")["id"])
    answer = bob.post("/api/forks", json={"archive": archive, "name": "mine"})
    assert answer.json() == {"twin": "bob/digital_twins/mine", "files": 1}
    assert texts(bob, run(bob, "execute", twin="mine")["id"]) == ["6"]
    again = bob.post("/api/forks", json={"archive": archive, "name": "mine"})
    assert (again.status_code, again.json()["code"]) == (409, "exists")
    assert not list((root / ".runs/aside").iterdir())


def test_fork_into_an_area_on_a_disk_of_its_own(client_of: Client, root: Path) -> None:
    alice = client_of("alice")
    archive = save(alice, run(alice, "create", "execute")["id"])
    need_root("a disk of its own for an area")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(root / "bob")], check=True)
    try:
        bob = client_of("bob")
        for status in (201, 409):
            answer = bob.post("/api/forks", json={"archive": archive, "name": "mine"})
            assert answer.status_code == status, answer.text
        twins = root / "bob/digital_twins"
        assert [one.name for one in twins.iterdir()] == ["mine"]
        assert (twins / "mine/state/deep/level").read_text() == "3\n"
        assert (twins / "mine/save").stat().st_mode & 0o111
    finally:
        subprocess.run(["umount", "--lazy", str(root / "bob")], check=True)


def test_fork_into_an_area_that_is_not_there_makes_none(client_of: Client, root: Path) -> None:
    alice = client_of("alice")
    archive = save(alice, run(alice, "create", "execute")["id"])
    (root / "bob").rmdir()
    answer = client_of("bob").post("/api/forks", json={"archive": archive, "name": "mine"})
    assert answer.status_code == 404, answer.text
    assert "bob" in answer.json()["detail"]
    assert not (root / "bob").exists()
