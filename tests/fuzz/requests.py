"""Requests by a service's own description: whatever is asked, nothing fails inside.

``TWINHUB_FUZZ_SECONDS`` is how long a service is asked, `TWINHUB_FUZZ_SEED` repeats what was asked.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from fastapi import FastAPI
    from starlette.testclient import TestClient

    Change = Callable[[Any, random.Random], None]

SEED = int(os.environ.get("TWINHUB_FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
_SECONDS = float(os.environ.get("TWINHUB_FUZZ_SECONDS", "0"))
_CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
_LONG = 60
_MOST, _MOST_IN_LONG = 20, 10_000
"""Requests to a route."""


@dataclass
class Asking:
    """People who ask a service for all that it describes."""

    clients: Sequence[TestClient]
    change: Change
    """Puts what is there into a request from time to time: of random things nearly all are not."""
    seconds: float = 10
    """For the whole service, where the environment says nothing."""
    _choose: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311

    def ask_for_all(self, application: FastAPI, *, without: Collection[str] = ()) -> int:
        """Ask for each route but some; return how many there are."""
        schema = schemathesis.openapi.from_dict(application.openapi())
        schema.app = application
        found: list[Any] = [one.ok() for one in schema.get_all_operations()]  # type: ignore[union-attr]
        operations = [one for one in found if one.path not in without]
        for number, operation in enumerate(operations):
            self._ask(operation, number, (_SECONDS or self.seconds) / len(operations))
        return len(operations)

    def _ask(self, operation: Any, number: int, seconds: float) -> None:  # noqa: ANN401  # schemathesis' own
        ends = monotonic() + seconds

        @seed(SEED + number)
        @settings(
            max_examples=_MOST_IN_LONG if _SECONDS > _LONG else _MOST, deadline=None, database=None,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:  # noqa: ANN401
            if monotonic() > ends:
                return
            self.change(case, self._choose)
            client = self._choose.choice(self.clients)
            response = case.call(session=client, base_url="http://testserver")
            where = f"{case.method} {case.formatted_path} (TWINHUB_FUZZ_SEED={SEED})"
            assert response.status_code < 500, f"{where}: {response.text[:500]}"
            case.validate_response(response, checks=_CHECKS)

        ask()
