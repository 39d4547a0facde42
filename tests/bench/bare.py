"""The lower bound: the container that our hub started, started again with nothing around it."""

from __future__ import annotations

import http.client
from contextlib import contextmanager
from copy import deepcopy
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.fixtures.stub_hub import StubHub

_POLL_SECONDS = 0.01
_LIMIT_SECONDS = 120


@contextmanager
def bare_start(
    client: docker.DockerClient, spawned: dict[str, Any], stub: StubHub
) -> Iterator[float]:
    """Start a container as a spawned one was; yield the seconds to its first 200.

    ``spawned`` is what `docker inspect` said of it. Only the address of the hub's API differs.
    """
    body = deepcopy(spawned["Config"])
    body["HostConfig"] = spawned["HostConfig"]
    base = f"http://{stub.address}:{stub.port}/hub/api"
    body["Env"] = [_with_stub(variable, base) for variable in body["Env"]]
    prefix = _value(body["Env"], "JUPYTERHUB_SERVICE_PREFIX")
    network = spawned["HostConfig"]["NetworkMode"]
    start = perf_counter()
    container = client.api.create_container_from_config(body, name=None)["Id"]  # type: ignore[no-untyped-call]
    try:
        client.api.start(container)
        networks = client.api.inspect_container(container)["NetworkSettings"]["Networks"]
        _wait_for_200(networks[network]["IPAddress"], f"{prefix}api", limit=start + _LIMIT_SECONDS)
        yield perf_counter() - start
    finally:
        client.api.remove_container(container, force=True, v=False)


def _with_stub(variable: str, base: str) -> str:
    name, _, value = variable.partition("=")
    if name == "JUPYTERHUB_API_URL":
        return f"{name}={base}"
    if name == "JUPYTERHUB_ACTIVITY_URL":
        return f"{name}={base}{value.partition('/hub/api')[2]}"
    return variable


def _value(variables: list[str], name: str) -> str:
    return next(v.partition("=")[2] for v in variables if v.startswith(f"{name}="))


def _wait_for_200(ip: str, path: str, *, limit: float) -> None:
    while perf_counter() < limit:
        connection = http.client.HTTPConnection(ip, 8888, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        sleep(_POLL_SECONDS)
    raise TimeoutError(f"no answer from {ip}{path}")
