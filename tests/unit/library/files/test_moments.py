"""Files of any time are listed, read and packed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from twinhub_library.moments import moment_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

_FILE = "alice/data/odd.csv"


@pytest.mark.parametrize("seconds", [300_000_000_000, -100_000_000_000, 1])
def test_a_file_of_any_time_is_listed_read_and_packed(
    client_of: Callable[[str], TestClient], library_root: Path, seconds: int
) -> None:
    file = library_root / _FILE
    file.write_text("1\n")
    os.utime(file, (seconds, seconds))
    alice = client_of("alice")
    assert alice.get(f"/api/files/{_FILE}").text == "1\n"
    for path in ("/api/folders/alice/data", "/api/archives/alice/data?format=zip"):
        assert alice.get(path).status_code == 200


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (0, "1970-01-01T00:00:00"), (1_999, "1970-01-01T00:00:00.000001"),
        (-1, "1969-12-31T23:59:59.999999"), (1 << 78, "9999-12-31T23:59:59"),
        (-1 << 78, "0001-01-01T00:00:00"),
    ],
)  # fmt: skip
def test_a_moment_is_the_nearest_that_there_is(nanoseconds: int, shown: str) -> None:
    assert moment_of(nanoseconds).isoformat() == f"{shown}+00:00"
