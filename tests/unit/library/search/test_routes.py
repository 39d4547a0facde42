"""`GET /api/search` over the application."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.library import TEAM
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient
    from twinhub_library.library import Library

    Clients = Callable[[str], TestClient]


@pytest.fixture(name="search")
def _search(client_of: Clients, library: Library) -> Callable[..., dict[str, object]]:
    def search(name: str, **parameters: object) -> dict[str, object]:
        _wait_until_complete(library)
        answer = client_of(name).get("/api/search", params=parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    return search


def _wait_until_complete(library: Library) -> None:
    wait_for(lambda: library.search.state.progress.is_complete, seconds=30, what="the index")


def _paths(page: dict[str, object]) -> list[str]:
    hits = page["hits"]
    assert isinstance(hits, list)
    return [hit["path"] for hit in hits]


def test_everybody_finds_what_they_may_read(search: Callable[..., dict[str, object]]) -> None:
    everything = {"alice/models/tank", "alice/data/levels.csv", "common/data/weather.csv"}
    assert set(_paths(search("alice"))) == everything
    assert set(_paths(search("bob"))) == {"bob/models/secret", "common/data/weather.csv"}
    assert set(_paths(search("member"))) == {
        f"teams/{TEAM}/models/pump", "common/data/weather.csv",
    }  # fmt: skip


@pytest.mark.d4(30)
@pytest.mark.parametrize("name", ["alice", "member", "instructor", "admin"])
def test_nothing_of_another_persons_asset_is_in_an_answer(
    search: Callable[..., dict[str, object]], name: str
) -> None:
    facets = ["kind", "area", "owner", "keyword", "licence", "requires"]
    for q in ("secret", "secre", "sekret", "bob", "notes", "area:bob", "owner:bob"):
        page = search(name, q=q, facets=facets)
        assert page["count"] == 0, q
        assert "bob" not in json.dumps(page["hits"])
        assert "bob" not in json.dumps(page["facets"])
        assert page["suggestions"] == []


def test_an_answer_has_counts_snippets_and_the_next_page(
    search: Callable[..., dict[str, object]],
) -> None:
    page = search("alice", q="tank", facets=["kind"])
    assert page["facets"] == {"kind": [{"value": "models", "count": 1}]}
    (hit,) = page["hits"]  # type: ignore[misc]
    text, ranges = hit["snippet"]["text"], hit["snippet"]["ranges"]  # type: ignore[has-type]
    assert {text[start:end] for start, end in ranges} == {"tank"}
    first = search("alice", limit=2)
    assert first["count"] == 3
    second = search("alice", limit=2, after=first["next"])
    assert (len(_paths(first)), len(_paths(second)), second["next"]) == (2, 1, "")
    assert not set(_paths(first)) & set(_paths(second))


def test_filters_narrow_by_any_value_of_each_facet(
    search: Callable[..., dict[str, object]],
) -> None:
    assert _paths(search("alice", kind="models")) == ["alice/models/tank"]
    assert len(_paths(search("alice", kind=["models", "data"]))) == 3
    assert _paths(search("alice", kind="data", area="common")) == ["common/data/weather.csv"]


@pytest.mark.parametrize(
    "q", ['"', "a" * 10_000, "\0", "🔥", "((", "kind:", "-", "a AND (b OR", "\\", "%00", "*" * 999]
)
def test_odd_text_is_a_search(search: Callable[..., dict[str, object]], q: str) -> None:
    assert search("alice", q=q, facets=["keyword"])["is_complete"] is True


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": 0}, {"limit": 201}, {"after": "x"}, {"after": "-1"}, {"after": "9" * 50},
        {"sort": "x"}, {"facets": "x"}, {"q": "a" * 10_001}, {"unknown": 1},
    ],
)  # fmt: skip
def test_what_is_no_search_is_refused_in_words(
    client_of: Clients, parameters: dict[str, str | int]
) -> None:
    answer = client_of("alice").get("/api/search", params=parameters)
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad-request"


def test_nobody_searches_without_a_token(client_of: Clients) -> None:
    assert client_of("").get("/api/search").status_code == 401


def test_admins_alone_see_how_the_index_is_doing(client_of: Clients, library: Library) -> None:
    _wait_until_complete(library)
    status = client_of("admin").get("/api/search/status").json()
    assert status["assets"] == 5
    assert status["is_watching_all"] is True
    assert client_of("instructor").get("/api/search/status").status_code == 403


def test_a_change_is_found_within_two_seconds(
    search: Callable[..., dict[str, object]], library_root: Path
) -> None:
    search("alice")
    (library_root / "alice/models/tank/README.md").write_text("# Reservoir\n")
    wait_for(lambda: search("alice", q="reservoir")["count"] == 1, seconds=2, what="it is found")
