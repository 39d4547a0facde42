"""A name that is another address by the time git asks: git connects to what was checked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from twinhub_library.errors import LibraryError
from twinhub_library.repositories.addresses import Address, Protocol
from twinhub_library.repositories.errors import RemoteRefusedError
from twinhub_library.repositories.objects import Pointer
from twinhub_library.repositories.running import Silent

from tests.fixtures.resolving import resolving
from tests.integration.library.repositories.conftest import ALICE
from tests.integration.library.repositories.test_ssh import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench

CONTENT = b"large"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
INSIDE = "http://inside.rebound.test/latest/meta-data"


class _Handler(BaseHTTPRequestHandler):
    """Takes large files, and says that they are downloaded and confirmed elsewhere."""

    asked: list[str]

    def do_GET(self) -> None:
        self._answer(b"no repository", 404)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        here = {"href": f"http://{self.headers['Host']}/put"}
        chosen = {
            "download": {"download": {"href": INSIDE}},
            "upload": {"upload": here, "verify": {"href": INSIDE}},
        }[asked["operation"]]
        objects = [{**one, "actions": chosen} for one in asked["objects"]]
        self._answer(json.dumps({"transfer": "basic", "objects": objects}).encode())

    def _answer(self, content: bytes, status: int = 200) -> None:
        self.asked.append(f"{self.command} {self.path}")
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.git-lfs+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _serving(host: str) -> Iterator[tuple[int, list[str]]]:
    """Serve at an address; give the port and what is asked there."""
    asked: list[str] = []
    server = ThreadingHTTPServer((host, 0), type("Handler", (_Handler,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.d4(32)
def test_git_asks_the_address_that_was_checked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, {"localhost": "127.0.0.2"})
    with _serving("127.0.0.2") as (port, asked), contextlib.suppress(LibraryError):
        bench.connect(f"http://localhost:{port}/x.git")
    assert asked, "git has asked elsewhere"


@pytest.mark.d4(35)
def test_ssh_asks_the_address_that_was_checked_by_the_key_of_the_name(
    bench: Bench, git_servers: GitServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, {"git.rebound.test": "127.0.0.1"})
    remote = git_servers.make("rebound", {"a.txt": "a\n"})
    url = remote.ssh_url.replace("127.0.0.1", "git.rebound.test")
    row = bench.connect(url, credential=key_of(git_servers), host_key=git_servers.fingerprint)
    bench.syncing.pull(ALICE, row.id)
    assert bench.files() == {"a.txt": "a\n"}
    assert row.known_hosts.startswith(f"[git.rebound.test]:{git_servers.ssh_port} ")


@pytest.mark.d4(32)
@pytest.mark.parametrize("verb", ["fetch", "push"])
def test_large_files_are_neither_fetched_nor_confirmed_at_an_address_of_the_inside(
    bench: Bench, git_servers: GitServers, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    names = {"lfs.rebound.test": "127.0.0.1", "inside.rebound.test": "169.254.169.254"}
    resolving(monkeypatch, names)
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{DIGEST}\nsize 5\n"
    rules = "*.bin filter=lfs -text\n"
    remote = git_servers.make(f"lfs-{verb}", {"x.bin": text, ".gitattributes": rules})
    row = bench.connect(remote.url)
    with bench.connections.open(row.id) as opened, _serving("127.0.0.1") as (port, asked):
        good, repository = bench.connections.remote(ALICE, row), opened.repository
        commit = repository.fetch(good, "main", Silent())
        elsewhere = Address(Protocol.HTTP, "lfs.rebound.test", port, "/x.git")
        hostile = replace(good, address=elsewhere)
        if verb == "push":
            repository.large.keep(Pointer(DIGEST, len(CONTENT)), [CONTENT])
        ask = {
            "fetch": partial(repository.fetch_large, hostile, commit),
            "push": partial(repository.push_large, hostile, [DIGEST]),
        }[verb]
        with pytest.raises(RemoteRefusedError, match=r"inside\.rebound\.test"):
            ask(Silent())
    assert any(one.startswith("POST /x.git/info/lfs") for one in asked)
    assert ("PUT /put" in asked) is (verb == "push")
