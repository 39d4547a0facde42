"""A class that comes at once: the hub has one thread, and is not asked everything together."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from twinhub_kit.hub import HubIdentity

_CLASS = 60
_MOST = 16
_MODEL = json.dumps(
    {"name": "pupil", "kind": "user", "groups": [], "scopes": ["access:services!service=library"]}
).encode()
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_MODEL),
    _MODEL,
)


@dataclass
class BusyHub:
    """Answers each request after a while, and remembers how many there were at a time."""

    now: int = 0
    most: int = 0
    connections: list[asyncio.Task[None]] = field(default_factory=list)

    def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.create_task(self.answer(reader, writer)))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.now += 1
                self.most = max(self.most, self.now)
                await asyncio.sleep(0.01)
                self.now -= 1
                writer.write(_ANSWER)
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()
            await writer.wait_closed()


async def test_everybody_of_a_class_is_known_and_the_hub_is_asked_in_turn() -> None:
    hub = BusyHub()
    server = await asyncio.start_server(hub.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async with server, HubIdentity(f"http://127.0.0.1:{port}/hub/api") as identity:
        found = await asyncio.gather(
            *(identity.find_caller(f"token-{number}") for number in range(_CLASS))
        )
    await asyncio.gather(*hub.connections)

    assert [one.name for one in found if one] == ["pupil"] * _CLASS
    assert hub.most <= _MOST
