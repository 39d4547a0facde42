"""The gate of git-lfs: it connects to what was checked, and to nothing else."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from twinhub_library.repositories.addresses import parse_address
from twinhub_library.repositories.credentials import Credential, CredentialKind, deliver
from twinhub_library.repositories.gate import Gate
from twinhub_library.repositories.hosts import check_host
from twinhub_library.repositories.settings_of_git import options_for

from tests.fixtures.resolving import resolving

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 10


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = f"{self.path} of {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(name="inside")
def _inside() -> Iterator[int]:
    """Return the port of a server of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(name="names", autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the addresses of names, which a test may change meanwhile."""
    names = {"good.test": "127.0.0.1", "rebound.test": "169.254.169.254"}
    resolving(monkeypatch, names)
    return names


def _ask(gate: Gate, request: str) -> bytes:
    with socket.create_connection(("127.0.0.1", gate.port), _SECONDS) as client:
        client.sendall(request.encode())
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := client.recv(1 << 16):
                answer += chunk
        return answer


@pytest.mark.d4(32)
@pytest.mark.parametrize("host", ["127.0.0.1", "rebound.test", "0x7f.1", "[::1]", "2130706433"])
def test_an_address_of_the_inside_is_not_connected_to(inside: int, host: str) -> None:
    with Gate(allow_loopback=False) as gate:
        assert b" 403 " in _ask(gate, f"CONNECT {host}:{inside} HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 403 " in _ask(gate, f"GET http://{host}:{inside}/x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert gate.refused.strip("[]") == host.strip("[]")


def test_what_was_checked_is_connected_to(inside: int) -> None:
    with Gate(allow_loopback=True) as gate:
        asked = f"GET http://good.test:{inside}/x HTTP/1.1\r\nHost: good.test\r\n"
        answer = _ask(gate, f"{asked}Proxy-Connection: keep-alive\r\n\r\n")
        assert answer.endswith(b"/x of good.test"), answer
        tunnel = f"CONNECT good.test:{inside} HTTP/1.1\r\n\r\n"
        inner = "GET /y HTTP/1.0\r\nHost: good.test\r\n\r\n"
        answer = _ask(gate, tunnel + inner)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n\r\n"), answer
        assert answer.endswith(b"/y of good.test"), answer


@pytest.mark.parametrize("request_line", ["GET /x HTTP/1.1", "CONNECT a@b:1 HTTP/1.1", "x"])
def test_what_is_no_request_to_a_proxy_is_refused(request_line: str) -> None:
    with Gate(allow_loopback=True) as gate:
        assert b" 400 " in _ask(gate, f"{request_line}\r\n\r\n")


def test_nobody_is_let_through_after_its_end() -> None:
    with Gate(allow_loopback=True) as gate:
        port = gate.port
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), _SECONDS)


@pytest.mark.d4(32)
def test_git_speaks_to_the_addresses_that_were_checked(names: dict[str, str]) -> None:
    address = parse_address("https://good.test:8443/x.git")
    found = check_host(address, allowed=(), allow_loopback=True)
    names["good.test"] = "169.254.169.254"
    assert "http.curloptResolve=good.test:8443:127.0.0.1" in options_for(address, found)
    plain = parse_address("https://good.test/x.git")
    assert "http.curloptResolve=good.test:443:[::5],192.0.2.1" in options_for(
        plain, ("::5", "192.0.2.1")
    )


@pytest.mark.d4(35)
def test_ssh_speaks_to_the_address_that_was_checked_and_asks_for_the_key_of_its_name() -> None:
    key = Credential(CredentialKind.SSH_KEY, "", "key")
    address = parse_address("ssh://git@good.test:2222/x.git")
    command = deliver(address, key, "", at=("127.0.0.1",)).environment["GIT_SSH_COMMAND"]
    assert "HostName=127.0.0.1" in command
    assert "HostKeyAlias=[good.test]:2222" in command
