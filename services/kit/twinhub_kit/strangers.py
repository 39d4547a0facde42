"""Tokens that nobody knows: how many of them an address may have the hub asked about.

Whoever sends tokens drawn at random costs the hub, which has one thread, a request for each. A form
tells nothing: the hub's own tokens are 32 hexadecimal digits, those of its sign-in 30 letters and
digits, and those that a site gives its services are any text. So unknown ones are counted by the
address that they come from. Where there were many, tokens that were not known before are looked up
one each second, in turn. Tokens that were known are not held up, nor are other addresses.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_kit.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

AT_ONCE = 8
"""Of the requests that the hub is sent at a time; a class behind one address shares them."""
FREE = 60
"""Unknown tokens of an address that hold up nothing; each second one more is."""
MOST_WAITING = 200
_MOST_ADDRESSES = 10_000
_NETWORK = 64
"""Bits of an address of IPv6 that say whose it is: the others are chosen freely."""


@dataclass
class _Sender:
    full_at: float
    """When all of `FREE` is there again."""
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    pace: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Strangers:
    """What is remembered of the addresses that unknown tokens come from, for one event loop."""

    def __init__(
        self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Begin with nobody."""
        self._clock, self._sleep = clock, sleep
        self._senders: OrderedDict[str, _Sender] = OrderedDict()

    @contextlib.asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[Callable[[], None]]:
        """Wait until an address may have a token looked up; call what is given if it is unknown.

        Raises:
            BusyError: so many of its tokens wait already.
        """
        sender = self._sender(_network(address))
        if sender.waiting >= MOST_WAITING:
            raise BusyError("Many unknown tokens came from your address: try again in a minute.")
        sender.waiting += 1
        try:
            async with sender.turns:
                await self._keep_pace(sender)
                yield lambda: self._note(sender)
        finally:
            sender.waiting -= 1

    async def _keep_pace(self, sender: _Sender) -> None:
        if sender.full_at - self._clock() < FREE:
            return
        async with sender.pace:  # one after the other
            while (ahead := sender.full_at - self._clock() - FREE + 1) > 0:
                await self._sleep(ahead)

    def _note(self, sender: _Sender) -> None:
        sender.full_at = max(sender.full_at, self._clock()) + 1

    def _sender(self, network: str) -> _Sender:
        found = self._senders.get(network)
        if found is None:
            found = self._senders[network] = _Sender(self._clock())
        self._senders.move_to_end(network)
        if len(self._senders) > _MOST_ADDRESSES:
            self._senders.popitem(last=False)
        return found


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:  # noqa: PLR2004 - of the Internet protocol
        return address
    return str(ipaddress.ip_network((int(found), _NETWORK), strict=False))
