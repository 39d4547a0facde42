"""The broker's process: `python -m twinhub_hub.broker`, told what to do by its environment."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import ssl
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout, TCPConnector, UnixConnector, web
from twinhub_api.log_lines import log_to_stderr

from twinhub_hub.broker.policy import Policy
from twinhub_hub.broker.server import Broker

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


async def serve(socket: str, policy: Policy, engine: ClientSession) -> None:
    """Serve on a socket that only this user may open, until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with engine:
        server = web.Server(Broker(policy, engine).handle, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        os.umask(0o177)
        await web.UnixSite(runner, socket).start()
        _log.info("listening at %s", socket)
        await stopped.wait()
        await runner.cleanup()


async def main() -> None:
    """Read the environment and serve."""
    policy = Policy.from_json(os.environ["TWINHUB_BROKER_POLICY"])
    engine = connect(os.environ["TWINHUB_BROKER_ENGINE"], os.environ.get("DOCKER_CERT_PATH"))
    await serve(os.environ["TWINHUB_BROKER_SOCKET"], policy, engine)


if __name__ == "__main__":
    log_to_stderr("broker")
    # what is no HTTP gets 400; aiohttp would add a page of traceback to the log
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    asyncio.run(main())
