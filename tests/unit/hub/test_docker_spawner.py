"""What the spawner makes of Docker's answers; Docker is a few lines of HTTP here."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

import pytest
from docker.errors import APIError
from jupyterhub.objects import Server
from twinhub_hub.settings.images import OWN_IMAGE
from twinhub_hub.spawners.docker import TwinHubDockerSpawner, how_to_get, how_to_renew

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RUNS = {"Id": "1234567890", "State": {"Running": True}}
_STOPPED = {
    "Id": "1234567890",
    "State": {"Running": False, "ExitCode": 1, "Error": "", "FinishedAt": "now"},
}


class _Engine(BaseHTTPRequestHandler):
    answers: ClassVar[list[tuple[int, Mapping[str, object]]]]
    delay_seconds: ClassVar[float]
    is_over: ClassVar[threading.Event]

    def do_GET(self) -> None:
        """Give the next answer."""
        status, body = self.answers.pop(0)
        self.is_over.wait(self.delay_seconds)
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
        """Say nothing."""


@contextmanager
def spawner_of(
    *answers: tuple[int, Mapping[str, object]], delay_seconds: float = 0
) -> Iterator[TwinHubDockerSpawner]:
    """A spawner whose Docker gives these answers, one to each request, each after a while."""
    is_over = threading.Event()
    fields = {"answers": list(answers), "delay_seconds": delay_seconds, "is_over": is_over}
    handler = type("Handler", (_Engine,), fields)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        # of its own, since upstream keeps one client for all spawners of a class
        spawner_class = type("Spawner", (TwinHubDockerSpawner,), {"_client": None, "_pool": None})
        spawner = spawner_class(object_name="twinhub-alice")
        address = f"http://127.0.0.1:{server.server_port}"
        spawner.client_kwargs = {"base_url": address, "version": "1.44"}
        try:
            yield spawner
        finally:
            is_over.set()
            spawner.client.close()
            spawner.executor.shutdown()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "status", [HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.FORBIDDEN]
)
async def test_as_long_as_docker_does_not_tell_a_workspace_counts_as_running(
    status: HTTPStatus, caplog: pytest.LogCaptureFixture
) -> None:
    no = (status, {"message": "no"})
    with spawner_of(no, no, (200, _RUNS), (200, _STOPPED)) as spawner:
        spawner.object_id = "1234567890"
        assert [await spawner.poll() for _ in range(3)] == [None, None, None]
        assert str(await spawner.poll()).startswith("ExitCode=1")
        assert spawner.object_id == "1234567890"
    assert caplog.text.count("counts as running") == 1


async def test_a_container_that_is_not_there_does_not_run() -> None:
    with spawner_of((404, {"message": "none"})) as spawner:
        assert await spawner.poll() == 0


@pytest.mark.parametrize(
    ("answer", "address"),
    [
        ((200, {"NetworkSettings": {"Networks": {"of-a-group": {"IPAddress": "192.0.2.7"}}}}),
         "http://192.0.2.7:8888/user/alice/"),
        ((503, {"message": "away"}), "http://made-up:1/user/alice/"),
        ((404, {"message": "none"}), "http://made-up:1/user/alice/"),
        ((200, {"NetworkSettings": {"Networks": {}}}), "http://made-up:1/user/alice/"),
        ((200, {"NetworkSettings": {"Networks": {"twinhub": {"IPAddress": ""}}}}),
         "http://made-up:1/user/alice/"),
    ],
)  # fmt: skip
async def test_after_a_restart_the_address_is_that_which_docker_has(
    answer: tuple[int, Mapping[str, object]], address: str
) -> None:
    with spawner_of(answer) as spawner:
        spawner.object_id, spawner.use_internal_ip = "1234567890", True
        spawner.server = Server(ip="made-up", port=1, base_url="/user/alice/")
        assert await spawner.get_url() == address


async def test_after_a_restart_nobody_waits_for_a_docker_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("twinhub_hub.spawners.docker._POLL_SECONDS", 0.1)
    with spawner_of((200, _RUNS), delay_seconds=1) as spawner:
        spawner.object_id, spawner.use_internal_ip = "1234567890", True
        spawner.server = Server(ip="made-up", port=1, base_url="/user/alice/")
        before = monotonic()
        assert await spawner.get_url() == "http://made-up:1/user/alice/"
        assert monotonic() - before < 1


async def test_a_start_takes_no_fault_of_docker_for_a_container_that_is_gone() -> None:
    with spawner_of((500, {"message": "stopping"})) as spawner, pytest.raises(APIError):
        await spawner.get_object()


@pytest.mark.parametrize("image", ["site/fortran:1", "twinhub/own:1", "twinhub/workspace:0.0.1"])
def test_only_for_its_own_image_the_remedy_is_twinhub_up(image: str) -> None:
    for remedy in (how_to_get, how_to_renew):
        assert "`twinhub up`" in remedy(OWN_IMAGE)
        assert "twinhub up" not in remedy(image)
    assert f"docker build --tag {image} " in how_to_get(image)
