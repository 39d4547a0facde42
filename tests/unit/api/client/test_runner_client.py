"""What the client of the runner does where the runner is away for a moment."""

from __future__ import annotations

import json

import httpx
import pytest
from twinhub_api.client.errors import ProblemError, UnreachableError
from twinhub_api.client.runner import RunnerClient
from twinhub_api.runner.runs import Submission

from tests.unit.api.client.answering import NOW

_LINE = {"time": 1, "process": "main", "stream": "o", "text": "a\rb", "goes_on": False}
_RUN = {
    "id": "r1", "twin": "alice/digital_twins/tank", "phase": "execute", "owner": "alice",
    "status": "succeeded", "target": "run", "created_at": NOW,
}  # fmt: skip


def problem(status: int) -> httpx.Response:
    """Return a refusal."""
    body = {"title": "x", "status": status, "detail": "d", "code": "c"}
    return httpx.Response(status, json=body)


def client_of(*answers: httpx.Response | Exception) -> tuple[RunnerClient, list[str]]:
    """Return a client that gets these answers one after the other, and what it asks."""
    left, asked = list(answers), list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://runner")
    return RunnerClient(http, name="runner", sleep=lambda _: None), asked


def event(place: str) -> bytes:
    """Return an event with one line."""
    return f": still here\n\nid: {place}\ndata: {json.dumps(_LINE)}\n\n".encode()


def test_log_goes_on_where_the_connection_was_lost() -> None:
    end = event("2-30") + b"event: end\ndata:\n\n"
    client, asked = client_of(
        httpx.Response(200, content=event("1-20")), httpx.ConnectError("away"), problem(503),
        httpx.Response(502, text="edge"), httpx.Response(200, content=end),
    )  # fmt: skip
    heard = [(one.attempt, one.end, one.lines[0].text) for one in client.follow_log("r1")]
    assert heard == [(1, 20, "a\rb"), (2, 30, "a\rb")]
    assert asked[0] == "/api/runs/r1/log/follow?start=0"
    assert set(asked[1:]) == {"/api/runs/r1/log/follow?start=20&attempt=1"}


def test_log_that_may_be_seen_no_more_ends_with_the_refusal() -> None:
    client, _ = client_of(httpx.Response(200, content=event("1-20")), problem(404))
    with pytest.raises(ProblemError):
        list(client.follow_log("r1"))


def test_wait_goes_on_while_the_runner_is_away_and_not_for_ever() -> None:
    away = [problem(503)] * 12
    client, _ = client_of(*away, httpx.Response(200, json=_RUN))
    assert client.wait_for_end("r1").status == "succeeded"
    client, _ = client_of(*[httpx.ConnectError("away") for _ in range(1000)])
    with pytest.raises(UnreachableError):
        client.wait_for_end("r1")


def test_runs_are_asked_for_again_with_the_same_key() -> None:
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) < 3:
            raise httpx.ReadTimeout("lost")
        return httpx.Response(202, json={"runs": [_RUN]})

    http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://runner")
    client = RunnerClient(http, name="runner", sleep=lambda _: None)
    assert client.submit(Submission(twin="tank"))[0].id == "r1"
    assert len(keys) == 3
    assert len(set(keys)) == 1
