"""Ports: which are free, and whose the others are."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from twinhub_hub.operate.errors import PortTakenError

if TYPE_CHECKING:
    from collections.abc import Collection

_LAST = 65535


def is_free(port: int) -> bool:
    """Return whether a port can be bound on loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def find_free(start: int, *, besides: Collection[int] = ()) -> int:
    """Return the first free port from a number on, leaving some out.

    Raises:
        PortTakenError: every port above is taken.
    """
    for port in range(start, _LAST + 1):
        if port not in besides and is_free(port):
            return port
    raise PortTakenError(f"No port is free above {start}: choose a lower TWINHUB_PORT.")


def check_port(port: int) -> None:
    """Return when a port is free.

    Raises:
        PortTakenError: it is not; names the process that has it and a free port.
    """
    if is_free(port):
        return
    free = find_free(port + 1)
    raise PortTakenError(
        f"Port {port} is taken by {_owner(port)}. Stop that program, or use a free port: "
        f"TWINHUB_PORT={free} make up"
    )


def _owner(port: int) -> str:
    with suppress(psutil.AccessDenied):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,):
                return _describe(connection.pid)
    return "a process of another user"


def _describe(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    with suppress(psutil.Error):
        return f"{psutil.Process(pid).name()} (pid {pid})"
    return f"pid {pid}"
