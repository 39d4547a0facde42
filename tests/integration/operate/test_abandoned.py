"""Browsers that vanish: their websockets are given up, and memory stays as it is."""

from __future__ import annotations

import base64
import logging
import os
import socket
from contextlib import ExitStack
from time import monotonic
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.fixtures.hub_client import HubClient
from tests.fixtures.kernels import new_kernel
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_log = logging.getLogger(__name__)
_MIB = 2**20
_MOST_GROWTH = 30 * _MIB  # of one process; ten times what was measured


def abandon(installation: TestInstallation, path: str, headers: Mapping[str, str]) -> socket.socket:
    """Open a websocket, and never read or answer again."""
    host = f"alice.twinhub.localhost:{installation.port}"
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {host}", f"Origin: http://{host}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
        *(f"{name}: {value}" for name, value in headers.items()), "", "",
    ]  # fmt: skip
    client = socket.create_connection(("127.0.0.1", installation.port), timeout=30)
    client.sendall("\r\n".join(lines).encode())
    assert b" 101 " in client.recv(4096)
    return client


def memory(installation: TestInstallation) -> dict[str, int]:
    """Resident memory of edge, proxy, hub and of the workspace's processes, in bytes."""
    pids = installation.pids()
    found = {name: _resident(pids[name]) for name in ("edge", "proxy", "hub")}
    container = int(installation.container("alice").attrs["State"]["Pid"])
    inside = [container, *(p.pid for p in psutil.Process(container).children(recursive=True))]
    return found | {"workspace": sum(map(_resident, inside))}


def _resident(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


def connected(edge: psutil.Process, port: int) -> int:
    """How many connections of browsers the edge has."""
    return sum(
        connection.status == psutil.CONN_ESTABLISHED and connection.laddr[1:] == (port,)
        for connection in edge.net_connections("tcp")
    )


@pytest.mark.parametrize(
    ("sockets", "minutes"), [(20, 0), pytest.param(200, 10, marks=pytest.mark.long)]
)
@pytest.mark.timeout(1500)
@pytest.mark.d4(67)
def test_abandoned_websockets_are_given_up_and_cost_no_memory(
    installation: TestInstallation, sockets: int, minutes: int
) -> None:
    with HubClient(installation, "alice") as alice, ExitStack() as stack:
        alice.stop()
        alice.start()
        kernel = new_kernel(alice)
        path = f"/user/alice/api/kernels/{kernel}/channels"
        headers = alice.bearer()
        edge, port = psutil.Process(installation.pids()["edge"]), installation.port
        first = connected(edge, port)
        for _ in range(sockets):
            stack.callback(abandon(installation, path, headers).close)
        before = memory(installation)
        assert connected(edge, port) >= sockets
        until = monotonic() + 60 * minutes
        # Jupyter asks every 30 seconds whether somebody is there, and gives up half a minute later
        wait_for(lambda: connected(edge, port) <= first + 1, seconds=180, what="given up")
        if minutes:
            wait_for(lambda: monotonic() > until, seconds=60 * minutes + 60, what="ten minutes")
        after = memory(installation)
        assert alice.lab_answers()
    grown = {name: after[name] - size for name, size in before.items()}
    _log.info("%d sockets: before %s, grown by %s", sockets, before, grown)
    assert max(grown.values()) < _MOST_GROWTH, grown
