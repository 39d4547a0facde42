"""Pages of a library in which there is nothing yet say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

pytest_plugins = ("tests.fixtures.library",)


def test_page_without_collections_says_how_one_is_made(
    client_of: Callable[[str], TestClient],
) -> None:
    page = client_of("alice").get("/open/collections").text
    assert "No collection is published yet." in page
    assert "collection.yaml" in page
