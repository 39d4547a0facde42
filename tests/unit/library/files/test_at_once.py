"""What is small is answered without a thread on a near disk; answers are the same in any case."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from twinhub_api.library.files import FolderListing
from twinhub_library.main import make_library_application
from twinhub_library.nearness import MOST_BYTES_AT_ONCE

from tests.fixtures.library import IDENTITY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_library.library import Library


@pytest.fixture(name="alice", params=[True, False], ids=["near", "far"])
def _alice(library: Library, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """Return alice's client of a library on a disk of this machine, or on a network's."""
    application = make_library_application(replace(library, is_near=request.param), IDENTITY)
    with TestClient(application, headers={"Authorization": "token token-of-alice"}) as client:
        yield client


@pytest.mark.parametrize("size", [0, 1, MOST_BYTES_AT_ONCE, MOST_BYTES_AT_ONCE + 1, 3 << 20])
def test_a_file_of_any_size_is_read_whole(alice: TestClient, library_root: Path, size: int) -> None:
    content = os.urandom(size)
    (library_root / "alice/data/any.bin").write_bytes(content)
    answer = alice.get("/api/files/alice/data/any.bin")
    assert answer.content == content
    assert answer.headers["content-length"] == str(size)
    part = alice.get("/api/files/alice/data/any.bin", headers={"Range": "bytes=-1"})
    assert part.content == content[-1:] or size == 0


@pytest.mark.parametrize("count", [3, 900])
def test_a_listing_of_any_length_is_what_the_model_says(
    alice: TestClient, library_root: Path, count: int
) -> None:
    folder = library_root / "alice/data/many"
    folder.mkdir()
    for at in range(count):
        (folder / f"measurement-{at:04}-of-a-rather-long-name.csv").write_text("x" * (at % 7))
    os.utime(
        folder / "measurement-0001-of-a-rather-long-name.csv", ns=(1, 1_700_000_000_123_456_789)
    )
    answer = alice.get("/api/folders/alice/data/many")
    listing = FolderListing.model_validate_json(answer.content)
    assert [one.size for one in listing.entries] == [at % 7 for at in range(count)]
    entry = alice.get(f"/api/entries/alice/data/many/{listing.entries[1].name}").json()
    assert answer.json()["entries"][1] == entry


def test_an_entry_that_was_changed_is_listed_as_it_is_now(
    alice: TestClient, library_root: Path
) -> None:
    def entry() -> dict[str, object]:
        found = alice.get("/api/folders/alice/data").json()["entries"]
        return next(dict(one) for one in found if one["name"] == "levels.csv")

    before = entry()
    (library_root / "alice/data/levels.csv").write_text("longer than it was before, by far\n")
    assert entry()["etag"] != before["etag"]
    assert entry()["size"] == 34
