"""A refusal says what to do: for the slips of somebody who asks for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_library.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    Clients = Callable[[str], TestClient]


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("", "Send a token of yours: Authorization: token <token>."),
        ("token wrong", "needs access:services!service=library"),
    ],
)
def test_who_is_not_known_is_told_what_a_token_needs(
    client_of: Clients, token: str, text: str
) -> None:
    answer = client_of("").get("/api/usage", headers={"Authorization": token})
    assert answer.status_code == 401
    assert text in answer.json()["detail"]


def test_a_path_without_an_area_is_told_with_one(client_of: Clients) -> None:
    answer = client_of("alice").get("/api/assets/models/tank")
    assert answer.status_code == 404
    assert "yours is alice/models/tank" in answer.json()["detail"]


def test_publishing_what_is_not_there_names_the_nearest(client_of: Clients) -> None:
    answer = client_of("alice").post("/api/versions", json={"path": "alice/models/tnak"})
    assert answer.status_code == 404
    assert "did you mean alice/models/tank?" in answer.json()["detail"]


def test_an_administrator_in_a_workspace_is_told_which_token_to_use(client_of: Clients) -> None:
    answer = client_of("alice").post("/api/grants", json={"subject_kind": "user", "subject": "x"})
    assert answer.status_code == 403
    assert "the page Token" in answer.json()["detail"]


def test_a_body_that_is_missing_is_told_as_such(client_of: Clients) -> None:
    answer = client_of("alice").post("/api/proposals/1/acceptance")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Send a JSON object as the body")


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ({"kind": "model"}, 400, "did you mean models?"),
        ({"kind": "xyz"}, 400, "there are data, digital_twins"),
        ({"area": "comon"}, 404, "there are alice, common"),
        ({"area": "bob"}, 404, "bob is no area that you read"),
    ],
)
def test_a_search_where_nothing_can_be_is_refused(
    client_of: Clients, query: dict[str, str], status: int, text: str
) -> None:
    answer = client_of("alice").get("/api/search", params=query)
    assert answer.status_code == status
    assert text in answer.json()["detail"]


def test_the_folder_of_one_user_is_no_folder_of_dtaas(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "root").mkdir()
    for kind in ("data", "models"):
        (tmp_path / "files" / "user1" / kind).mkdir(parents=True)
    source = str(tmp_path / "files" / "user1")
    assert main(["import-dtaas", source, "--root", str(tmp_path / "root")]) == 2
    assert f"name the folder above it, {tmp_path / 'files'}" in capsys.readouterr().err
    assert list((tmp_path / "root").iterdir()) == []
