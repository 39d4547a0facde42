"""A gate that git-lfs goes through: a proxy that looks at each address before it connects to it.

A server of large files says where each is, and where that is confirmed, in answers that come while
git-lfs runs; a name may also be another address by then. So whoever connects has to be who checked
the address. The gate is there for one run, on loopback, and does what HTTP clients ask of a proxy:
``CONNECT`` (RFC 9110, 9.3.6) and requests with whole addresses (RFC 9112, 3.2.2).
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Self

from twinhub_library.errors import LibraryError
from twinhub_library.repositories.errors import RemoteRefusedError
from twinhub_library.repositories.hosts import find_addresses, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from twinhub_library.repositories.remotes import Remote

_MOST_OF_A_HEAD = 64 << 10
_CHUNK = 1 << 18
_SECONDS = 20
_MOST_AT_ONCE = 32
_HEAD = re.compile(
    rb"(?:CONNECT |(?P<verb>[A-Z]+) http://)(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+)"
    rb"(?::(?P<port>\d{1,5}))?(?P<path>/\S*)? HTTP/1\.[01]\r\n"
)
_NOWHERE = "https://loopback.invalid/"
_LOOPBACK = ("127.", "localhost", "[")


class Gate:
    """Connects to the addresses that are spoken to, and to no other."""

    def __init__(self, *, allow_loopback: bool) -> None:
        """Listen on a free port; ``allow_loopback`` says whether this machine is spoken to."""
        self._allow_loopback = allow_loopback
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_closed = False
        self._places = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self.refused = ""
        """Host that was asked for last and not connected to."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        """Let programs through."""
        threading.Thread(target=self._accept, name="git-gate", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End all connections."""
        with self._lock:
            self._is_closed = True
            left = list(self._open)
        for one in (self._listening, *left):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # it was closed
            while True:
                self._places.acquire()
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with self._kept(client), contextlib.suppress(OSError):
                self._let_through(client)
        finally:
            self._places.release()

    def _let_through(self, client: socket.socket) -> None:
        client.settimeout(_SECONDS)
        head, rest = _read_head(client)
        asked = _HEAD.match(head)
        if asked is None:
            client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return
        default = 80 if asked["verb"] else 443
        server = self._connect(asked["host"].decode("latin-1"), int(asked["port"] or default))
        if server is None:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with self._kept(server):
            if asked["verb"]:
                server.sendall(_plain_head(asked, head))
            else:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            server.sendall(rest)
            for one in (client, server):
                one.settimeout(None)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()

    def _connect(self, host: str, port: int) -> socket.socket | None:
        """Connect to an address of a host that was checked; None where that is not to be."""
        try:
            found = find_addresses(host.strip("[]"), port, allow_loopback=self._allow_loopback)
        except LibraryError:
            self.refused = host
            return None
        for address in found:
            with contextlib.suppress(OSError, OverflowError):
                return socket.create_connection((address, port), timeout=_SECONDS)
        return None

    @contextlib.contextmanager
    def _kept(self, one: socket.socket) -> Iterator[None]:
        """Have a connection be ended with the gate, or with the block."""
        with self._lock:
            self._open.add(one)
            if self._is_closed:
                one.close()
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(one)
            one.close()


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """Return the head of a request, and what has come after it."""
    received = b""
    while b"\r\n\r\n" not in received and len(received) < _MOST_OF_A_HEAD:
        if not (chunk := client.recv(_CHUNK)):
            break
        received += chunk
    head, end, rest = received.partition(b"\r\n\r\n")
    return head + end, rest


def _plain_head(asked: re.Match[bytes], head: bytes) -> bytes:
    """Return the head of a request as its server takes it; the connection is for it alone."""
    fields = [
        line
        for line in head[asked.end() :].split(b"\r\n")
        if line and not line.lower().startswith((b"connection:", b"proxy-"))
    ]
    first = b"%s %s HTTP/1.1" % (asked["verb"], asked["path"] or b"/")
    return b"\r\n".join((first, *fields, b"Connection: close", b"", b""))


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Send on what comes, until no more does."""
    buffer = memoryview(bytearray(_CHUNK))
    with contextlib.suppress(OSError):
        while size := source.recv_into(buffer):
            target.sendall(buffer[:size])
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def through_gate(remote: Remote) -> Iterator[Remote]:
    """Give a remote to which git-lfs goes through a gate, as long as the block lasts.

    Raises:
        RemoteRefusedError: the other side has led to an address that is not spoken to.
    """
    is_here = any(map(is_loopback, remote.addresses))
    with Gate(allow_loopback=is_here) as gate:
        options = [*remote.delivery.options, f"http.proxy=http://127.0.0.1:{gate.port}"]
        if not is_here:
            options += _without_loopback(remote.address.host)
        try:
            yield replace(remote, delivery=replace(remote.delivery, options=tuple(options)))
        except LibraryError as error:
            if gate.refused:
                raise RemoteRefusedError(
                    f"{remote.address.host} says that large files are at {gate.refused[:100]}, "
                    "which is not spoken to from here: tell who runs it."
                ) from error
            raise


def _without_loopback(host: str) -> list[str]:
    """Return what keeps git-lfs from this machine itself, to which it takes no proxy.

    An answer may not lead to an address of IPv6 either, unless the repository itself is at one.
    """
    schemes = ("".join(letters) for letters in product("Hh", "Tt", "Tt", "Pp", "Ss"))
    beginnings = [one for one in _LOOPBACK if not host.startswith(one)]
    return [
        f"url.{_NOWHERE}.insteadOf={scheme}://{beginning}"
        for scheme, beginning in product(schemes, beginnings)
    ]
