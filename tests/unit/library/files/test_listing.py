from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    from tests.fixtures.library import RunningLibrary


def _names(client: TestClient, path: str) -> list[str]:
    answer = client.get(f"/api/folders/{path}")
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["entries"]]


def test_own_folder_is_listed(client_of: Callable[[str], TestClient]) -> None:
    assert _names(client_of("alice"), "alice/models/tank") == ["README.md", "model.txt"]


@pytest.mark.d4(14)
@pytest.mark.parametrize("name", ["bob", "member", "instructor", "admin"])
def test_folder_of_another_looks_like_a_missing_one(
    client_of: Callable[[str], TestClient], name: str
) -> None:
    client = client_of(name)
    there, missing = client.get("/api/folders/alice/models"), client.get("/api/folders/alice/nope")
    assert (there.status_code, missing.status_code) == (404, 404)


def test_team_is_listed_for_its_members_alone(client_of: Callable[[str], TestClient]) -> None:
    assert _names(client_of("member"), "teams/pumps/models") == ["pump"]
    assert client_of("alice").get("/api/folders/teams/pumps/models").status_code == 404


def test_nobody_is_answered_without_a_token(client_of: Callable[[str], TestClient]) -> None:
    assert client_of("").get("/api/folders/common").status_code == 401


@pytest.mark.heavy
def test_server_lists_over_a_real_connection(
    library_root: Path, running_library: Callable[[Path], RunningLibrary]
) -> None:
    running = running_library(library_root)
    answer = httpx.get(f"{running.url}/api/folders/alice/data")
    assert [one["name"] for one in answer.json()["entries"]] == ["levels.csv"]
