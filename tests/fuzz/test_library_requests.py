"""Requests made from the library's own descriptions: whatever is asked, nothing fails inside.

Some seconds in ``make test``; ``TWINHUB_FUZZ_SECONDS`` for longer, `TWINHUB_FUZZSEED` to repeat.
The stream of events is left out, which has no end, and git, which would look for other machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fixtures.library import CALLERS
from tests.fuzz.requests import SEED, Asking

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from fastapi import FastAPI
    from starlette.testclient import TestClient

_ENDLESS = {"/api/events"}
_KNOWN = ("alice/models/tank", "alice/data/levels.csv", "common/data/weather.csv", "alice", "..")
"""Paths that are put in from time to time: of random ones nearly all are nowhere."""


@schemathesis.serializer("application/zip", "application/x-tar")
def _as_bytes(_: Any, value: Any) -> bytes:  # noqa: ANN401  # schemathesis' own
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def _put_in_paths(case: Any, choose: random.Random) -> None:  # noqa: ANN401
    if "path" in (case.path_parameters or {}) and choose.random() < 0.5:
        case.path_parameters["path"] = choose.choice(_KNOWN)


def test_no_request_by_the_description_fails_inside(
    client_of: Callable[[str], TestClient], library_application: FastAPI
) -> None:
    asking = Asking([client_of(name) for name in CALLERS], _put_in_paths)
    assert asking.ask_for_all(library_application, without=_ENDLESS) > 80


@pytest.mark.parametrize("name", ["alice", "member"])
def test_no_query_by_the_schema_fails_inside(
    client_of: Callable[[str], TestClient], name: str
) -> None:
    from twinhub_library.graphql.schema import SCHEMA  # noqa: PLC0415

    schema = schemathesis.graphql.from_file(SCHEMA.as_str())
    client = client_of(name)
    for number, result in enumerate(schema.get_all_operations()):
        operation: Any = result.ok()  # type: ignore[union-attr]

        @seed(SEED + number)
        @settings(
            max_examples=10, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:  # noqa: ANN401
            answer = client.post("/lib", json={"query": case.body})
            assert answer.status_code in {200, 400}, answer.text
            body = answer.json()
            assert set(body) <= {"data", "errors"}
            assert "Traceback" not in answer.text

        ask()
