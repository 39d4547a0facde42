"""Waiting for a workspace to answer, telling how far it is, and saying why it did not."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from html import escape
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from jupyterhub.spawner import SpawnException

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

_FIRST_WAIT_SECONDS = 0.02
_LONGEST_WAIT_SECONDS = 0.1
_CHECK_ALIVE_SECONDS = 1.0
_LOG_BOX = '<pre class="twinhub-log" role="region" aria-label="Last log lines" tabindex="0">'
LOG_LINES = 25
"""How much of its log is shown when a workspace does not start."""


class StartFailedError(SpawnException):  # type: ignore[misc]
    """A workspace did not start; carries what its user should read."""

    def __init__(self, reason: str, *, remedy: str, log: str = "", status_code: int = 500) -> None:
        """Compose the text and the page from a sentence, what to do, and the last log lines."""
        shown = "\n".join(log.strip().splitlines()[-LOG_LINES:])
        text = f"{reason} {remedy}"
        html = f"<p><strong>{escape(reason)}</strong> {escape(remedy)}</p>"
        if shown:
            html += f"{_LOG_BOX}{escape(shown)}</pre>"
        super().__init__(text, reason="start", message_html=html, status_code=status_code)
        # the page of a failed start reads these two and not what SpawnException offers
        self.jupyterhub_message = text
        self.jupyterhub_html_message = html


class NotListeningError(Exception):
    """A workspace does not answer; its text is a sentence for its user."""


class Stages:
    """The stages of a spawner's starts, as events of JupyterHub's progress stream."""

    def __init__(self) -> None:
        """Be before the first stage of the first start."""
        self._events: list[dict[str, Any]] = []
        self._changed = asyncio.Condition()

    @contextmanager
    def of_one_start(self) -> Iterator[Self]:
        """Forget them when a start ends: who follows the next one may come before it begins."""
        try:
            yield self
        finally:
            self._events.clear()

    async def reach(self, progress: int, message: str, *, queued: bool = False) -> None:
        """Record a stage (0 to 99) and wake whoever follows.

        The places in a queue are one stage, whose text changes.
        """
        event = {"progress": progress, "message": message} | ({"queued": True} if queued else {})
        async with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    async def follow(self) -> AsyncIterator[dict[str, Any]]:
        """Yield each stage once, in order; the caller ends it, as the hub does after the start."""
        seen = 0
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: len(self._events) > seen)  # noqa: B023
                fresh = self._events[seen:]
            for event in fresh:
                yield event
            seen += len(fresh)


async def wait_until_listening(
    ip: str, port: int, *, is_alive: Callable[[], Awaitable[bool]], timeout_seconds: float
) -> None:
    """Return as soon as a port accepts connections, trying about every 0.05 s.

    The hub's own wait (0.2 s doubling to 5 s, with jitter) then succeeds at its first attempt.

    Raises:
        NotListeningError: it stopped before it listened, or did not listen in time.
    """
    deadline = monotonic() + timeout_seconds
    next_check = monotonic() + _CHECK_ALIVE_SECONDS
    wait = _FIRST_WAIT_SECONDS
    while not await _accepts(ip, port):
        now = monotonic()
        if now > deadline:
            raise NotListeningError(
                f"The workspace did not answer within {timeout_seconds:g} seconds."
            )
        if now > next_check:
            next_check = now + _CHECK_ALIVE_SECONDS
            if not await is_alive():
                raise NotListeningError("The workspace stopped while it was starting.")
        await asyncio.sleep(wait)
        wait = min(wait * 1.5, _LONGEST_WAIT_SECONDS)


async def _accepts(ip: str, port: int) -> bool:
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(ip, port)
    except OSError:  # includes the time-out: a bridge may drop packets until it knows the container
        return False
    writer.close()
    return True
