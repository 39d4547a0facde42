"""Ports: which are free, and whose the others are."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from twinhub_hub.operate.errors import OperateError, PortTakenError

if TYPE_CHECKING:
    from collections.abc import Collection

_LAST = 65535


def parse_port(text: str) -> int | None:
    """Return the port that somebody wrote, as in TWINHUB_PORT; None where nothing is written.

    Raises:
        OperateError: it is none.
    """
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) <= _LAST:
        raise OperateError(f"{text!r} is no port: use a number from 1 to {_LAST}.")
    return int(text)


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Return whether a port can be bound on an address; the empty one is every address.

    Raises:
        PortTakenError: it may not be bound by this user; says what to do.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except PermissionError as error:
            raise PortTakenError(
                f"This user may not listen on port {port}. Let root run once: "
                f"sysctl -w net.ipv4.ip_unprivileged_port_start={port} "
                "(and write it to a file in /etc/sysctl.d), or start TwinHub by the unit that "
                "`twinhub render systemd` prints, or choose a port above 1023."
            ) from error
        except OSError:
            return False
    return True


def find_free(start: int, *, address: str = "127.0.0.1", besides: Collection[int] = ()) -> int:
    """Return the first port from a number on that is free on an address, leaving some out.

    Raises:
        PortTakenError: every port above is taken.
    """
    for port in range(start, _LAST + 1):
        if port not in besides and is_free(port, address):
            return port
    raise PortTakenError(f"No port is free above {start}: choose a lower TWINHUB_PORT.")


def check_port(port: int, address: str = "127.0.0.1") -> None:
    """Return when a port of an address is free; the empty one is every address.

    Raises:
        PortTakenError: it is not; names the process that has it and a free port.
    """
    if is_free(port, address):
        return
    free = find_free(port + 1)
    raise PortTakenError(
        f"Port {port} is taken by {_owner(port)}. Stop that program, or use a free port: "
        f"twinhub up --port={free}"
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
