#!/usr/bin/env python3
"""Carries an SSH connection to a TwinHub workspace, through the hub's own address.

Not called by hand but by ssh, as its ProxyCommand:

    ssh -o ProxyCommand="python3 ~/.ssh/twinhub-ssh.py https://hub.example.org/user/ann/" twin@ws

The one argument is the address of the workspace. The token of the hub is the content of the file
~/.ssh/twinhub-token, which nobody else may read, or of the file that TWINHUB_TOKEN_FILE names, or
the variable TWINHUB_TOKEN. Certificates are checked with those of the system; SSL_CERT_FILE names
others. Python 3.8 or later, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
import stat
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

CHUNK = 128 * 1024
CONNECT_SECONDS = 30
MOST_HEADERS = 64 * 1024
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, BINARY, CLOSE, PING, PONG = 0x0, 0x2, 0x8, 0x9, 0xA


class TunnelError(Exception):
    """The connection cannot be made or has failed; the message says what to do."""


def read_token() -> str:
    """Return the token of the hub.

    Raises:
        TunnelError: there is none, or others can read it.
    """
    given = os.environ.get("TWINHUB_TOKEN", "").strip()
    if given:
        return given
    path = Path(os.environ.get("TWINHUB_TOKEN_FILE") or Path.home() / ".ssh" / "twinhub-token")
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise TunnelError(f"others can read {path}: run `chmod 600 {path}`")
        token = path.read_text("utf-8").strip()
    except OSError as error:
        raise TunnelError(f"no token in {path} ({error.strerror}): see the SSH page") from error
    if not token or not token.isascii() or len(token.split()) != 1:
        raise TunnelError(f"{path} does not hold a token and nothing else: see the SSH page")
    return token


def mask(payload: bytes, key: bytes) -> bytes:
    """Return a payload as a client has to send it: each byte XOR one of the key's four."""
    size = len(payload)
    stream = (key * (size // 4 + 1))[:size]
    number = int.from_bytes(payload, sys.byteorder) ^ int.from_bytes(stream, sys.byteorder)
    return number.to_bytes(size, sys.byteorder)


def frame(kind: int, payload: bytes) -> bytes:
    """Return one whole message as a client sends it; see RFC 6455, 5.2."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    key = os.urandom(4)
    return bytes([0x80 | kind]) + length + key + mask(payload, key)


class Frames:
    """Takes the bytes that a server sends and gives its frames."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the frames that are whole now: kind and payload.

        Raises:
            TunnelError: this is no websocket.
        """
        self._buffer += data
        found: list[tuple[int, bytes]] = []
        while True:
            head = self._head()
            if head is None or len(self._buffer) < sum(head):
                return found
            start, size = head
            kind = self._buffer[0] & 0x0F
            found.append((kind, bytes(self._buffer[start : start + size])))
            del self._buffer[: start + size]

    def _head(self) -> tuple[int, int] | None:
        """Return where the payload of the first frame begins and how long it is, if known."""
        known = self._buffer
        if len(known) < 2:
            return None
        if known[0] & 0x70 or known[1] & 0x80:
            raise TunnelError("the server sent what is no part of a websocket")
        size = known[1]
        extra = {126: 2, 127: 8}.get(size, 0)
        if len(known) < 2 + extra:
            return None
        if extra:
            size = int.from_bytes(known[2 : 2 + extra], "big")
        return 2 + extra, size


class Wire:
    """A TCP connection, with TLS when that is asked for, used by two threads at once.

    An SSL object must not be: so TLS works on buffers in memory, each step under a lock, and only
    the socket itself is read and written outside of it.
    """

    def __init__(self, host: str, port: int, *, is_tls: bool) -> None:
        """Connect, and check the certificate."""
        # as browsers do: a name below localhost is this computer, whatever the resolver says
        where = "127.0.0.1" if host.endswith(".localhost") else host
        self._socket = socket.create_connection((where, port), CONNECT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._state, self._sending = threading.Lock(), threading.Lock()
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        if is_tls:
            context = ssl.create_default_context()
            self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
            self._shake_hands(self._tls)

    def _shake_hands(self, tls: ssl.SSLObject) -> None:
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            else:
                self._flush()
                return

    def wait_for_ever(self) -> None:
        """Let reads take as long as they take, once the connection stands."""
        self._socket.settimeout(None)

    def send(self, data: bytes) -> None:
        """Send all of it."""
        with self._sending:
            if self._tls is None:
                self._socket.sendall(data)
                return
            with self._state:
                self._tls.write(data)
            self._flush()

    def receive(self) -> bytes:
        """Return what has come; nothing at the end."""
        if self._tls is None:
            return self._socket.recv(CHUNK)
        while True:
            try:
                with self._state:
                    return self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                if self._out.pending:  # an answer of TLS itself
                    with self._sending:
                        self._flush()
                if not self._fill():
                    return b""
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def _fill(self) -> bool:
        data = self._socket.recv(CHUNK)
        with self._state:
            if data:
                self._in.write(data)
            else:
                self._in.write_eof()
        return bool(data)

    def _flush(self) -> None:
        with self._state:
            data = self._out.read()
        if data:
            self._socket.sendall(data)


class Tunnel:
    """A websocket to the SSH of a workspace."""

    def __init__(self, url: str, token: str) -> None:
        """Connect.

        Raises:
            TunnelError: it was refused; says why.
        """
        self._frames = Frames()
        parts = urlsplit(url if url.endswith("/") else url + "/")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise TunnelError(f"{url} is no address: copy the command from the SSH page")
        is_tls = parts.scheme == "https"
        self._wire = Wire(parts.hostname, parts.port or (443 if is_tls else 80), is_tls=is_tls)
        key = base64.b64encode(os.urandom(16)).decode("ascii")
        self._wire.send(
            f"GET {parts.path}ssh/socket HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\n"
            f"Authorization: token {token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode("ascii")
        )
        self._first = self._read_answer(key)
        self._wire.wait_for_ever()

    def _read_answer(self, key: str) -> bytes:
        """Return what came after the answer's headers."""
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = self._wire.receive()
            answer += data
            if not data or len(answer) > MOST_HEADERS:
                raise TunnelError("the hub closed the connection: is that its address?")
        head, _, rest = answer.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in
                   (line.partition(":") for line in lines)}  # fmt: skip
        code = status.split(" ")[1] if " " in status else ""
        if code != "101":
            raise TunnelError(_refusal(code, headers.get("location", "")))
        wanted = base64.b64encode(hashlib.sha1(key.encode("ascii") + GUID).digest())
        if headers.get("sec-websocket-accept", "").encode() != wanted:
            raise TunnelError("what answered is no websocket: is a proxy in between?")
        return rest

    def send_all(self, source: int) -> None:
        """Send what ssh gives, to its end."""
        try:
            while True:
                data = os.read(source, CHUNK)
                if not data:
                    break
                self._wire.send(frame(BINARY, data))
            self._wire.send(frame(CLOSE, (1000).to_bytes(2, "big")))
        except OSError:  # the other thread sees it too, and says so
            pass

    def receive_all(self, target: int) -> str:
        """Give ssh what comes, to the end; return why it ended, if the server said so."""
        data = self._first
        while True:
            for kind, payload in self._frames.feed(data):
                if kind in {BINARY, CONTINUATION}:
                    _write(target, payload)
                elif kind == PING:
                    self._wire.send(frame(PONG, payload))
                elif kind == CLOSE:
                    return payload[2:].decode("utf-8", "replace")
            data = self._wire.receive()
            if not data:
                return ""


def _refusal(code: str, location: str) -> str:
    if code == "403" or (code in {"302", "303"} and "oauth" in location):
        return (
            "the hub refused the token: it is not this workspace's owner's, or has expired. "
            "Make another on the hub's page “Token”."
        )
    if code in {"302", "303", "404", "424", "503"}:
        return f"the workspace does not answer ({code}): is it running? Start it in the browser."
    return f"the hub answered {code or 'nothing that is HTTP'}: is that its address?"


def _write(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def main(arguments: list[str]) -> int:
    """Carry standard input and output; 1 when there is no connection."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    if os.name == "nt":
        import msvcrt  # noqa: PLC0415 - only there

        for stream in (sys.stdin, sys.stdout):
            msvcrt.setmode(stream.fileno(), os.O_BINARY)  # type: ignore[attr-defined]
    try:
        tunnel = Tunnel(arguments[0], read_token())
        threading.Thread(target=tunnel.send_all, args=(0,), daemon=True).start()
        reason = tunnel.receive_all(1)
    except (TunnelError, OSError) as error:
        print(f"twinhub-ssh: {error}", file=sys.stderr)
        return 1
    if reason:
        print(f"twinhub-ssh: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # not waiting for the thread that reads what never comes
