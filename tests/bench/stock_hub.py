"""What TwinHub is measured against: JupyterHub, DockerSpawner and the proxy as they come."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
from twinhub_hub.operate.launch import node
from twinhub_hub.operate.ports import find_free

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_FIRST_PORT = 19000
_START_SECONDS = 90

_CONFIG = """\
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_ip = "{gateway}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.network_name = "{network}"
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.remove = True
c.DockerSpawner.name_template = "{network}-stock-{{username}}"
c.DockerSpawner.allowed_images = {images!r}
c.DockerSpawner.image = {images!r}[0]
"""


@dataclass(frozen=True)
class StockHub:
    """A running hub with default traits; offers what `HubClient` needs."""

    port: int
    hub: str
    """Address of the hub itself, past its proxy."""
    pid: int
    authority: Path | None = None
    """It speaks http."""

    @property
    def address(self) -> str:
        """The hub's address."""
        return f"http://127.0.0.1:{self.port}"

    def address_of(self, user: str) -> str:
        """Address of a user's workspace."""
        return self.address

    def password(self, user: str) -> str:
        """Any password."""
        return "any"


@contextmanager
def running_stock_hub(
    folder: Path,
    *,
    gateway: str,
    network: str,
    proxy_packages: Path,
    images: Sequence[str],
    more: str = "",
) -> Iterator[StockHub]:
    """Run it in a folder until the end; ``more`` is added to its configuration."""
    port = find_free(_FIRST_PORT)
    api_port = find_free(port + 1)
    hub_port = find_free(api_port + 1)
    proxy = [node(), str(proxy_packages / "node_modules" / ".bin" / "configurable-http-proxy")]
    config = folder / "jupyterhub_config.py"
    config.write_text(
        _CONFIG.format(
            port=port, api_port=api_port, hub_port=hub_port, gateway=gateway, network=network,
            proxy=proxy, images=list(images),
        ) + more
    )  # fmt: skip
    with (folder / "hub.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", f"--config={config}"],
            cwd=folder, stdout=log, stderr=log, env=os.environ,
        )  # fmt: skip
    try:
        wait_for(
            lambda: _answers(port), seconds=_START_SECONDS, what=f"stock hub: {folder}/hub.log"
        )
        yield StockHub(port, hub=f"http://{gateway}:{hub_port}", pid=process.pid)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/hub/health", timeout=5)
    except httpx.TransportError:
        return False
    return answer.status_code == HTTPStatus.OK
