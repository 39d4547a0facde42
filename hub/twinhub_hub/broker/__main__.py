"""The broker's process: `python -m twinhub_hub.broker`, told what to do by its environment."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import ClientSession, ClientTimeout, TCPConnector, UnixConnector, web
from twinhub_api.log_lines import log_to_stderr

from twinhub_hub.broker.policy import Policy
from twinhub_hub.broker.run_policy import RunPolicy
from twinhub_hub.broker.server import Broker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNIX = "http+unix://"
_TIMEOUT = ClientTimeout(total=180, sock_connect=5, sock_read=120)
_STOP_SECONDS = 15
_log = logging.getLogger("twinhub_hub.broker")


def connect(address: str, certificates: str | None) -> ClientSession:
    """Return a session with the engine at an address as docker-py writes it.

    Connections are not kept: one that the engine has closed would fail a start.
    """
    if address.startswith(_UNIX):
        unix = UnixConnector(address.removeprefix(_UNIX), force_close=True)
        return ClientSession("http://docker", connector=unix, timeout=_TIMEOUT)
    tls = _tls(Path(certificates)) if certificates and address.startswith("https:") else True
    tcp = TCPConnector(ssl=tls, force_close=True)
    return ClientSession(address, connector=tcp, timeout=_TIMEOUT)


def _tls(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@dataclass(frozen=True)
class Place:
    """Where a broker listens, and what it allows there."""

    path: Path
    policy: Policy | RunPolicy
    uid: int
    """Who may ask, beside root."""

    def listen(self) -> socket.socket:
        """Return a socket that only one uid may open, and root; nobody else writes its folder."""
        made = socket.socket(socket.AF_UNIX)
        self.path.unlink(missing_ok=True)
        made.bind(str(self.path))
        if os.geteuid() == 0:
            os.chown(self.path, self.uid, -1, follow_symlinks=False)
        return made


async def serve(places: Sequence[Place], engine: ClientSession) -> None:
    """Serve at each place, until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with contextlib.AsyncExitStack() as running:
        await running.enter_async_context(engine)
        for place in places:
            server = web.Server(Broker(place.policy, engine).handle, access_log=None)
            runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
            await runner.setup()
            running.push_async_callback(runner.cleanup)
            await web.SockSite(runner, place.listen()).start()
            _log.info("listening at %s", place.path)
        await stopped.wait()


def places_of(environment: Mapping[str, str]) -> list[Place]:
    """Return where to listen: for the hub, and for the runner where there is one."""
    policy = Policy.from_json(environment["TWINHUB_BROKER_POLICY"])
    places = [Place(Path(environment["TWINHUB_BROKER_SOCKET"]), policy, os.geteuid())]
    if runs := environment.get("TWINHUB_BROKER_RUNS"):
        allowed = RunPolicy.from_json(runs)
        places.append(Place(Path(environment["TWINHUB_BROKER_RUNS_SOCKET"]), allowed, allowed.uid))
    return places


async def main() -> None:
    """Read the environment and serve."""
    os.umask(0o177)
    engine = connect(os.environ["TWINHUB_BROKER_ENGINE"], os.environ.get("DOCKER_CERT_PATH"))
    await serve(places_of(os.environ), engine)


if __name__ == "__main__":
    log_to_stderr("broker")
    # what is no HTTP gets 400; aiohttp would add a page of traceback to the log
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    asyncio.run(main())
