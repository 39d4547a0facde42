"""Requests made from the library's own descriptions: whatever is asked, nothing fails inside.

Some seconds in ``make test``; ``TWINHUB_FUZZ_SECONDS`` for longer, `TWINHUB_FUZZ_SEED` to repeat.
The stream of events is left out, which has no end, and git, which would look for other machines.
"""

from __future__ import annotations

import os
import random
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)

from tests.fixtures.library import CALLERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI
    from starlette.testclient import TestClient

_SECONDS = float(os.environ.get("TWINHUB_FUZZ_SECONDS", "10"))
_SEED = int(os.environ.get("TWINHUB_FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
_CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
_ENDLESS = {"/api/events"}
_KNOWN = ("alice/models/tank", "alice/data/levels.csv", "common/data/weather.csv", "alice", "..")
"""Paths that are put in from time to time: of random ones nearly all are nowhere."""


@schemathesis.serializer("application/zip", "application/x-tar")
def _as_bytes(_: Any, value: Any) -> bytes:  # noqa: ANN401  # schemathesis' own
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def _shown(case: Any) -> str:  # noqa: ANN401
    return f"{case.method} {case.formatted_path} (TWINHUB_FUZZ_SEED={_SEED})"


def _operations(application: FastAPI) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(application.openapi())
    schema.app = application
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        if operation.path not in _ENDLESS:
            yield operation


def test_no_request_by_the_description_fails_inside(
    client_of: Callable[[str], TestClient], library_application: FastAPI
) -> None:
    operations = list(_operations(library_application))
    assert len(operations) > 80
    clients = [client_of(name) for name in CALLERS]
    each = _SECONDS / len(operations)
    choose = random.Random(_SEED)  # noqa: S311 - not for secrets
    for number, operation in enumerate(operations):
        _try_operation(operation, clients, choose, seconds=each, number=number)


def _try_operation(
    operation: Any,  # noqa: ANN401  # schemathesis' own
    clients: list[TestClient],
    choose: random.Random,
    *,
    seconds: float,
    number: int,
) -> None:
    ends = monotonic() + seconds

    @seed(_SEED + number)
    @settings(
        max_examples=10_000 if _SECONDS > 60 else 6, deadline=None, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:  # noqa: ANN401
        if monotonic() > ends:
            return
        if "path" in (case.path_parameters or {}) and choose.random() < 0.5:
            case.path_parameters["path"] = choose.choice(_KNOWN)
        client = choose.choice(clients)
        response = case.call(session=client, base_url="http://testserver")
        assert response.status_code < 500, f"{_shown(case)}: {response.text[:500]}"
        case.validate_response(response, checks=_CHECKS)

    ask()


@pytest.mark.parametrize("name", ["alice", "member"])
def test_no_query_by_the_schema_fails_inside(
    client_of: Callable[[str], TestClient], name: str
) -> None:
    from twinhub_library.graphql.schema import SCHEMA  # noqa: PLC0415

    schema = schemathesis.graphql.from_file(SCHEMA.as_str())
    client = client_of(name)
    for number, result in enumerate(schema.get_all_operations()):
        operation: Any = result.ok()  # type: ignore[union-attr]

        @seed(_SEED + number)
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
