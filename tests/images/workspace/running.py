"""A workspace in a container: what tests ask of it, as its user and over HTTP."""

from __future__ import annotations

import io
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from websockets.sync.client import connect

from tests.fixtures.kernels import execute
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container

    from tests.fixtures.stub_hub import StubHub

PORT = 8888
START_SECONDS = 60
LISTENING = ("cat", "/proc/net/tcp", "/proc/net/tcp6")
"""Prints the TCP sockets of a container, for `listening_in`."""

_LISTENS = "0A"
_DOCKER_DNS = "0B00007F"  # 127.0.0.11, the engine's own
SERVER_PYTHON = "/opt/twinhub/server/bin/python"


@dataclass(frozen=True)
class Result:
    """How a command ended in a container."""

    status: int
    output: str


def listening_in(sockets: str) -> set[tuple[str, int]]:
    """Return address, as the kernel writes it, and port of each socket that listens."""
    rows = [row.split() for row in sockets.splitlines() if "local_address" not in row]
    found = [row[1].split(":") for row in rows if row[3] == _LISTENS and _DOCKER_DNS not in row[1]]
    return {(address, int(port, 16)) for address, port in found}


@dataclass(frozen=True)
class Workspace:
    """A started container and the stub of the hub that it belongs to."""

    container: Container
    hub: StubHub
    prefix: str

    def run(self, *command: str) -> str:
        """Run a command as the workspace's user and return its output; it has to succeed."""
        result = self.attempt(*command)
        assert result.status == 0, result.output
        return result.output

    def attempt(self, *command: str) -> Result:
        """Run a command that may fail."""
        status, output = self.container.exec_run(list(command))
        assert isinstance(output, bytes)
        return Result(status or 0, output.decode())

    def listening(self) -> set[tuple[str, int]]:
        """Return address and port of each TCP socket that listens, but for the engine's own."""
        return listening_in(self.run(*LISTENING))

    def ports(self) -> set[int]:
        """Return the ports of those."""
        return {port for _, port in self.listening()}

    def put(self, name: str, content: bytes) -> str:
        """Lay a file into the workspace's folder for temporary files and return its path."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        self.container.put_archive("/tmp", buffer.getvalue())  # noqa: S108 - in the container
        return f"/tmp/{name}"  # noqa: S108

    def wait_until_ready(self) -> Workspace:
        """Return when the server answers; its log is in the failure when it does not."""
        wait_for(self._is_ready, seconds=START_SECONDS, what="the workspace answers")
        return self

    def url(self, path: str = "") -> str:
        """Return an address of the server, as seen from here."""
        self.container.reload()
        (network,) = self.container.attrs["NetworkSettings"]["Networks"].values()
        return f"http://{network['IPAddress']}:{PORT}{self.prefix}{path}"

    def client(self, *, is_owner: bool = True) -> httpx.Client:
        """Return an HTTP client with the owner's token, or with nothing."""
        headers = {"Authorization": f"token {self.hub.user_token}"} if is_owner else {}
        return httpx.Client(base_url=self.url(), headers=headers, timeout=30)

    @contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        """Give a client that signed in as a browser does, by redirects and cookies."""
        with self.client(is_owner=False) as browser:
            to_hub = browser.get("lab").headers["Location"]
            back = httpx.get(f"http://{self.hub.address}:{self.hub.port}{to_hub}")
            browser.get(httpx.URL(self.url()).join(back.headers["Location"]))
            yield browser

    def execute(self, code: str, *, kernel: str | None = None) -> str:
        """Run code in a fresh kernel, of the default kind or a named one; return what it prints."""
        with self.client() as client:
            answer = client.post("api/kernels", json={} if kernel is None else {"name": kernel})
            answer.raise_for_status()
            found = answer.json()["id"]
            try:
                return self._execute_in(found, code)
            finally:
                client.delete(f"api/kernels/{found}")

    def _execute_in(self, kernel: str, code: str) -> str:
        address = self.url(f"api/kernels/{kernel}/channels").replace("http", "ws", 1)
        headers = {"Authorization": f"token {self.hub.user_token}"}
        with connect(address, additional_headers=headers, open_timeout=30) as channel:
            return execute(channel, code)

    def _is_ready(self) -> bool:
        self.container.reload()
        assert self.container.status != "exited", self.container.logs().decode()
        try:
            return httpx.get(self.url("api"), timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False
