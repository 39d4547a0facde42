"""Waiting until what was started answers, or saying which log tells why it does not."""

from __future__ import annotations

import http.client
import socket
from http import HTTPStatus
from time import monotonic, sleep
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from twinhub_api.log_lines import readable

from twinhub_hub.operate import supervisor
from twinhub_hub.operate.edge_client import connect, connect_encrypted
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.operate.ports import is_free

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_hub.apply.context import Context
    from twinhub_hub.installation import Installation

_ANSWER_SECONDS = 90
_LISTEN_SECONDS = 90
_TRIES = 4
_LOG_LINES = 20


def wait_until_answering(context: Context) -> None:
    """Return when the hub answers at the edge.

    Raises:
        OperateError: it does not; names the log.
    """
    deadline = monotonic() + _ANSWER_SECONDS
    pids: set[int] = set()
    while not answers(context.address, context.settings.site.nearby):
        pids |= {p.pid for p in supervisor.list_processes(context.installation) if p.name == "hub"}
        if monotonic() > deadline or len(pids - {0}) > _TRIES:
            raise _not_answering(context)
        sleep(0.1)


def _not_answering(context: Context) -> OperateError:
    """Return why nobody answers: the hub, what is before it, or an authority."""
    if is_free(context.running.hub_port):
        return _does_not_start(context.installation, "hub")
    site = context.settings.site
    if site.tls is None or site.tls.acme is None or is_free(context.running.port, site.bind):
        return _does_not_start(context.installation, "edge")
    log = context.installation.logs / "edge.log"
    return OperateError(
        f"The authority {site.tls.acme.directory} has not given a certificate for {site.domain} "
        f"yet. The edge goes on asking. The authority must reach this host by that name on port 80 "
        f"or 443. The end of {log}:\n{_tail(log)}"
    )


def wait_for_broker(installation: Installation) -> None:
    """Return when the broker listens: without it no workspace starts.

    Raises:
        OperateError: it does not; names the log.
    """
    _wait_for(installation, "broker", socket.AF_UNIX, str(installation.broker_socket))


def wait_for_egress(context: Context) -> None:
    """Return when the proxy to listed hosts listens, if there is to be one.

    Raises:
        OperateError: it does not; names the log.
    """
    if listed := context.running.listed:
        address = (listed.gateway, listed.port)
        _wait_for(context.installation, "egress", socket.AF_INET, address)


def _wait_for(
    installation: Installation, name: str, family: int, address: str | tuple[str, int]
) -> None:
    deadline = monotonic() + _LISTEN_SECONDS
    while not _listens(family, address):
        if monotonic() > deadline:
            raise _does_not_start(installation, name)
        sleep(0.05)


def _listens(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as client:
        return client.connect_ex(address) == 0


def _does_not_start(installation: Installation, name: str) -> OperateError:
    log = installation.logs / f"{name}.log"
    return OperateError(f"The {name} does not start. The end of {log}:\n{_tail(log)}")


def _tail(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]
    return "\n".join(map(readable, lines))


def answers(address: str, nearby: str) -> bool:
    """Return whether the hub answers through edge and proxy, which this host reaches nearby."""
    parts = urlsplit(address)
    is_encrypted, domain = parts.scheme == "https", parts.hostname or ""
    port = parts.port or (443 if is_encrypted else 80)
    connection = http.client.HTTPConnection(domain, port)
    try:
        if is_encrypted:
            connection.sock = connect_encrypted(nearby, port, domain)
        else:
            connection.sock = connect(nearby, port)
        connection.request("GET", "/hub/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
