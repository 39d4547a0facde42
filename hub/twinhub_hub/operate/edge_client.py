"""What is asked of the edge on this host: whether it answers, and what certificate it serves."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING

from twinhub_hub.operate.errors import OperateError

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 5
_RELOAD_SECONDS = 30


def connect(address: str, port: int) -> socket.socket:
    """Return a connection to the edge.

    Raises:
        OSError: nobody answers.
    """
    return socket.create_connection((address, port), timeout=_SECONDS)


def connect_encrypted(address: str, port: int, host: str) -> ssl.SSLSocket:
    """Return a connection to the edge by TLS, as for a host.

    Whose certificate it is does not matter to whether the edge answers: it is not checked.

    Raises:
        OSError: nobody answers, or not in TLS.
    """
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    connection = connect(address, port)
    try:
        return anyone.wrap_socket(connection, server_hostname=host)
    except OSError:
        connection.close()
        raise


def served_certificate(address: str, port: int, host: str) -> bytes | None:
    """Return the certificate that browsers get for a host (DER), or None when they get none."""
    try:
        with connect_encrypted(address, port, host) as connection:
            return connection.getpeercert(binary_form=True)
    except OSError:
        return None


def reload(edge_socket: Path, caddyfile: str) -> None:
    """Have the edge read its files again; what is open goes on.

    Raises:
        OperateError: it refused, and goes on as before.
        OSError: it does not answer.
    """
    connection = http.client.HTTPConnection("127.0.0.1")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(_RELOAD_SECONDS)
    try:
        connection.sock.connect(str(edge_socket))
        headers = {"Content-Type": "text/caddyfile", "Cache-Control": "must-revalidate"}
        connection.request("POST", "/load", body=caddyfile.encode(), headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise OSError(f"the edge does not speak HTTP: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise OperateError(f"The edge refused: {text.strip()}")
