"""Asks a server on loopback over kept connections, as fast as it answers: what benches measure by.

One thread with an event loop asks the same on each connection, the next request as soon as the
answer is whole. Requests are made once, and answers are only cut apart, so that most of the
machine is left to the server.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import perf_counter

CONNECTIONS = 8


@dataclass
class Load:
    """What came of asking for a while."""

    seconds: float
    milliseconds: list[float] = field(default_factory=list)
    """Of each answer."""
    body: bytes = b""
    """The last answer's."""

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return len(self.milliseconds) / self.seconds


def request_bytes(path: str, body: bytes | None = None, headers: str = "") -> bytes:
    """Return a request: POST of JSON with a body, else GET."""
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body or b'')}\r\n"
    head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
    return (head + ("" if body is None else kind) + "\r\n").encode() + (body or b"")


def ask(port: int, request: bytes, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Ask for some seconds; any answer but 200 is an error."""
    return asyncio.run(_ask(port, request, seconds, connections))


async def _ask(port: int, request: bytes, seconds: float, connections: int) -> Load:
    load = Load(0)
    begun = perf_counter()
    ends = begun + seconds
    await asyncio.gather(*(_keep_asking(port, request, ends, load) for _ in range(connections)))
    load.seconds = perf_counter() - begun
    return load


async def _keep_asking(port: int, request: bytes, ends: float, load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    while (start := perf_counter()) < ends:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the server answered {head[:200]!r}")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r")[0]
        load.body = await reader.readexactly(int(length))
        load.milliseconds.append((perf_counter() - start) * 1000)
    writer.close()
    await writer.wait_closed()
