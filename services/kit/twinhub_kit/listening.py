"""Where a server that somebody starts by hand listens: an address and a port that can be used."""

from __future__ import annotations

import ipaddress
import socket


class ListeningError(Exception):
    """An address or a port that cannot be used; the text says which option, why and what to do."""


def read_address(text: str, *, only_loopback: str = "") -> str:
    """Return an address that was typed; ``localhost`` is one.

    ``only_loopback`` says why one that others can reach is refused; empty where it is not.

    Raises:
        ListeningError: it is no address, or others could reach it.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if text == "localhost" else text)
    except ValueError as error:
        raise ListeningError(
            f"--address: {text!r} is no address: write 127.0.0.1 or ::1"
        ) from error
    if only_loopback and not address.is_loopback:
        raise ListeningError(
            f"--address: {text} can be reached by others, {only_loopback}: write 127.0.0.1 or ::1"
        )
    return str(address)


def find_port(address: str, port: int) -> int:
    """Return a port that can be listened on; of 0, one that is free.

    Raises:
        ListeningError: it is taken, or there is none such.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no such port"
            raise ListeningError(
                f"--port: {port} cannot be used: {reason}; 0 takes a free one"
            ) from error
        found: int = probe.getsockname()[1]
        return found


def show_url(address: str, port: int) -> str:
    """Return the address of a server as people open it."""
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
