"""Serving an application from this one process, until it is told to end."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import resource
import signal
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from twinhub_kit.bodies import WholeBody

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

_log = logging.getLogger(__name__)

BACKLOG = 4096
"""Connections that wait or are served at once; the kernel may allow fewer."""

_PAUSE_SECONDS = 0.02
_ARENA_MAX = -8
"""M_ARENA_MAX of malloc.h."""
STOP_SECONDS = 10.0
"""What answers under way are given when the process is to end."""

_TO_OUR_LOG = {
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}


def share_heaps() -> None:
    """Have threads share two heaps of the C library (mallopt(3)); called before there are any.

    Each of a dozen threads has its own otherwise, and none gives back what another could use.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc alone has it
    if mallopt is not None:
        mallopt(_ARENA_MAX, 2)


async def serve(
    application: ASGIApp,
    *,
    port: int,
    address: str = "127.0.0.1",
    ready: Callable[[], None] | None = None,
    websockets: bool = False,
    ending: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; then no request is taken any more, and those under way end.

    ``ready`` is called once a connection has been taken. Only with ``websockets`` are they served.
    ``ending`` is called when it is told to end: answers that have no end of their own are to end.

    Raises:
        OSError: the port is taken.
    """
    _allow_many_descriptors()
    server = Server(
        WholeBody(application), address=address, port=port, interface=Interfaces.ASGI,
        http=HTTPModes.http1, websockets=websockets, backlog=BACKLOG,
        log_dictconfig=_TO_OUR_LOG, log_level=LogLevels.error,
    )  # fmt: skip
    loop = asyncio.get_running_loop()
    serving = asyncio.create_task(server.serve())
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    waiting = asyncio.create_task(told.wait())
    telling = asyncio.create_task(_tell_when_ready(address, port, ready)) if ready else None
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if telling is not None:
        telling.cancel()
    if not serving.done():
        if ending is not None:
            ending()
        server.stop()  # type: ignore[no-untyped-call]
        done, _ = await asyncio.wait({serving}, timeout=STOP_SECONDS)
        if not done:
            _log.warning("requests were cut off at the end")
            return
    await serving


def _allow_many_descriptors() -> None:
    """Have as many as the system allows: each connection and open file takes one.

    Shells and supervisors give 1024 by default, fewer than the connections that are taken.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _tell_when_ready(address: str, port: int, ready: Callable[[], None]) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(address, port)
        except OSError:
            await asyncio.sleep(_PAUSE_SECONDS)
            continue
        writer.close()
        ready()
        return
