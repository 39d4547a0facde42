"""What search says of itself when it cannot work as it should."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import tantivy
from starlette.testclient import TestClient
from twinhub_library.changes import Changes
from twinhub_library.index.service import Search
from twinhub_library.library import open_library
from twinhub_library.main import make_library_application
from twinhub_library.tree import Tree

from tests.fixtures.library import IDENTITY
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from twinhub_library.settings import LibrarySettings


def test_too_few_watches_are_a_warning_with_the_remedy(library_root: Path, tmp_path: Path) -> None:
    with Tree(library_root) as tree:
        search = Search(tree, Changes(), tmp_path / "index", most_watches=3)
        stopping = threading.Event()
        following = threading.Thread(target=search.run, args=(stopping,))
        following.start()
        try:
            wait_for(lambda: search.warn() is not None, seconds=20, what="a warning")
            assert "sudo sysctl fs.inotify.max_user_watches=1048576" in str(search.warn())
            assert "3 folders" in str(search.warn())
        finally:
            stopping.set()
            following.join()
            search.close()


def test_warnings_are_in_the_health_of_a_library_that_is_ready(
    library_settings: LibrarySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinhub_library.index.watching.most_watches", lambda: 4)
    with (
        open_library(library_settings) as library,
        TestClient(make_library_application(library, IDENTITY)) as client,
    ):
        wait_for(lambda: client.get("/health").json()["warnings"], seconds=20, what="a warning")
        answer = client.get("/health")
        assert answer.status_code == 200
        assert "max_user_watches" in answer.json()["warnings"]["search"]


def test_a_full_disk_at_the_first_build_stops_search_alone_until_there_is_room(
    library_settings: LibrarySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> tantivy.Index:
        raise OSError("No space left on device (os error 28)")

    headers = {"Authorization": "token token-of-alice"}
    with monkeypatch.context() as disk:
        disk.setattr(tantivy, "Index", full)
        opened = open_library(library_settings)
        library = opened.__enter__()
    try:
        with TestClient(make_library_application(library, IDENTITY), headers=headers) as client:
            assert client.get("/api/folders/alice/models").status_code == 200
            wait_for(
                lambda: client.get("/api/search?q=tank").status_code == 200
                and client.get("/api/search?q=tank").json()["count"] == 1,
                seconds=20, what="search works by itself",
            )  # fmt: skip
            assert client.get("/health").json()["warnings"] == {}
    finally:
        opened.__exit__(None, None, None)


def test_search_says_that_the_disk_is_full(
    library_settings: LibrarySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> tantivy.Index:
        raise OSError("No space left on device (os error 28)")

    monkeypatch.setattr(tantivy, "Index", full)
    headers = {"Authorization": "token token-of-alice"}
    with (
        open_library(library_settings) as library,
        TestClient(make_library_application(library, IDENTITY), headers=headers) as client,
    ):
        answer = client.get("/api/search?q=tank")
        assert answer.status_code == 503
        assert answer.json()["code"] == "search-full"
        assert "The disk is full" in answer.json()["detail"]
        assert "The disk is full" in client.get("/health").json()["warnings"]["search"]
