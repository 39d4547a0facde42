"""Containers of an image with the hub's restrictions, under a stub of the hub, timed."""

from __future__ import annotations

import http.client
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

import docker

from tests.fixtures.stub_hub import StubHub, running_stub_hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container

PREFIX = "/user/ann/"
PORT = 8888
_POLL_SECONDS = 0.01
_LIMIT_SECONDS = 120
_SETTLE_SECONDS = 5
_IDLE_SECONDS = 10
_PROGRAM = ["/opt/twinhub/science/bin/python", "-c", "pass"]


@dataclass(frozen=True)
class Idle:
    """What a workspace costs that nobody uses."""

    memory_bytes: int
    cpu_share: float
    """Of one core."""
    processes: int
    """And their threads."""


@dataclass(frozen=True)
class Stage:
    """Where containers are started: an engine, a bridge, and a stub of the hub on it."""

    engine: docker.DockerClient
    network: str
    hub: StubHub

    def time_start(self, tag: str) -> float:
        """Return the seconds from asking for a workspace to its first 200."""
        with self.started(tag) as (seconds, _):
            return seconds

    def time_program(self, tag: str) -> float:
        """Return the seconds from asking for a container to the end of an idle program."""
        start = perf_counter()
        container = self._create(tag, command=_PROGRAM, entrypoint=["/usr/bin/tini", "-g", "--"])
        try:
            container.start()
            status = container.wait()["StatusCode"]
            seconds = perf_counter() - start
        finally:
            container.remove(force=True, v=True)
        if status:
            raise RuntimeError(f"{tag}: `{' '.join(_PROGRAM)}` ended with {status}")
        return seconds

    def measure_idle(self, tag: str) -> Idle:
        """Return what a workspace costs some seconds after its start."""
        with self.started(tag) as (_, container):
            sleep(_SETTLE_SECONDS)
            before, start = _stats(container), perf_counter()
            sleep(_IDLE_SECONDS)
            after, seconds = _stats(container), perf_counter() - start
        used = _cpu_seconds(after) - _cpu_seconds(before)
        memory = after["memory_stats"]
        # As `docker stats` has it: without the pages of files that were read once.
        cache = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
        processes = int(after["pids_stats"]["current"])
        return Idle(int(memory["usage"]) - int(cache), used / seconds, processes)

    @contextmanager
    def started(self, tag: str) -> Iterator[tuple[float, Container]]:
        """Give the seconds that a workspace took to its first 200, and its container."""
        start = perf_counter()
        container = self._create(tag, environment=self.hub.environment(prefix=PREFIX))
        try:
            container.start()
            _wait_for_200(self.address(container), limit=start + _LIMIT_SECONDS)
            yield perf_counter() - start, container
        finally:
            container.remove(force=True, v=True)

    def address(self, container: Container) -> str:
        """Return the address of a started container."""
        attributes = self.engine.api.inspect_container(str(container.id))
        return str(attributes["NetworkSettings"]["Networks"][self.network]["IPAddress"])

    def _create(self, tag: str, **options: Any) -> Container:  # noqa: ANN401 - docker-py's own
        return self.engine.containers.create(
            tag, network=self.network, cap_drop=["ALL"], security_opt=["no-new-privileges"],
            **options,
        )  # fmt: skip


@contextmanager
def running_stage() -> Iterator[Stage]:
    """Give a stage of its own."""
    engine = docker.from_env(timeout=300)
    bridge = engine.networks.create(f"twinhub-bench-{uuid.uuid4().hex[:12]}", driver="bridge")
    try:
        bridge.reload()
        gateway = bridge.attrs["IPAM"]["Config"][0]["Gateway"]
        with running_stub_hub(version("jupyterhub"), address=gateway) as hub:
            yield Stage(engine, str(bridge.name), hub)
    finally:
        bridge.remove()
        engine.close()


def _wait_for_200(ip: str, *, limit: float) -> None:
    while perf_counter() < limit:
        connection = http.client.HTTPConnection(ip, PORT, timeout=5)
        try:
            connection.request("GET", f"{PREFIX}api")
            if connection.getresponse().status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        sleep(_POLL_SECONDS)
    raise TimeoutError(f"no answer from {ip}{PREFIX}api")


def _stats(container: Container) -> dict[str, Any]:
    stats = container.stats(stream=False)
    assert isinstance(stats, dict)
    return stats


def _cpu_seconds(stats: dict[str, Any]) -> float:
    return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9
