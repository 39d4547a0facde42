"""Asking a runner over its own interface, as one of the people of the tests; real sandboxes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient
from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.main import make_runner_application
from twinhub_runner.runner import open_runner

from tests.fixtures.serving_runner import IDENTITY
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twinhub_runner.settings import RunnerSettings

SECONDS = 30


@contextmanager
def asked_as(settings: RunnerSettings) -> Iterator[Callable[[str], TestClient]]:
    """Serve a runner; give what makes a client of somebody. No sandbox is left behind."""
    backend = ProcessBackend(settings.runs)
    with open_runner(settings, backend) as runner:
        application = make_runner_application(runner, IDENTITY)
        with TestClient(application) as first:

            def client_of(name: str) -> TestClient:
                headers = {"Authorization": f"token token-of-{name}"}
                client = TestClient(application, headers=headers)
                client.portal = first.portal
                return client

            yield client_of
    for name in backend.list_names():
        backend.remove(name)


def submit(client: TestClient, **asked: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Return the runs that a request has made."""
    answer = client.post("/api/runs", json={"twin": "tank", **asked})
    assert answer.status_code == 202, answer.text
    runs: list[dict[str, Any]] = answer.json()["runs"]
    return runs


def wait_for_status(client: TestClient, run: str, *statuses: str) -> dict[str, Any]:
    """Return a run when it has one of some statuses."""

    def find() -> dict[str, Any] | None:
        found: dict[str, Any] = client.get(f"/api/runs/{run}").json()
        return found if found["status"] in statuses else None

    return wait_for(find, seconds=SECONDS, what=f"{run} is {statuses}")


def texts(client: TestClient, run: str) -> list[str]:
    """Return the lines that the main process of a run has printed."""
    lines = client.get(f"/api/runs/{run}/log").text.splitlines()
    return [line.split("\t", 3)[3] for line in lines if line.split("\t")[1] == "main"]
