"""Numbers that no database holds and Python does not convert are refused, and never a fault."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

LONG = ["9" * 19, "9" * 5000, "\u0665", "\u00b2"]
"""Past 2**63, past 4,300 digits, a digit that is not ASCII, and one that is no decimal."""


@pytest.mark.parametrize("number", LONG)
def test_a_cursor_that_is_no_number_of_ours_is_no_fault(
    client_of: Callable[[str], TestClient], number: str
) -> None:
    answer = client_of("alice").get("/api/operations", params={"after": number})
    assert answer.status_code == HTTPStatus.OK


@pytest.mark.parametrize("number", LONG[:2])
@pytest.mark.parametrize("form", ["bytes={}-", "bytes=-{}", "bytes=0-{}", "bytes={0}-{0}"])
def test_a_range_of_too_many_digits_is_no_range(
    client_of: Callable[[str], TestClient], form: str, number: str
) -> None:
    answer = client_of("alice").get(
        "/api/files/alice/data/levels.csv", headers={"Range": form.format(number)}
    )
    assert answer.status_code in {HTTPStatus.OK, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}


@pytest.mark.parametrize("number", LONG[:2])
def test_an_upload_of_too_many_digits_is_refused(
    client_of: Callable[[str], TestClient], number: str
) -> None:
    answer = client_of("alice").post(
        "/api/uploads",
        headers={"Upload-Length": number, "Tus-Resumable": "1.0.0"},
    )
    assert answer.is_client_error
