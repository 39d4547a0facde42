"""A server of Git LFS that sends git-lfs to addresses of the library's own network."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.sealing import Sealer
from twinhub_library.errors import LibraryError
from twinhub_library.repositories.connections import Connections, Wanted
from twinhub_library.repositories.credentials import NoLogins
from twinhub_library.repositories.running import Silent
from twinhub_library.settings import GitSettings

from tests.fixtures.git_servers import git
from tests.integration.library.repositories.conftest import ALICE, TOKEN
from tests.integration.library.repositories.test_large_files import pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench

CONTENT = b"what an address of the inside would answer"


class _Server(ThreadingHTTPServer):
    """Notes what it is asked; of large files it says that they are at ``leads_to``."""

    def __init__(self, leads_to: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.leads_to = leads_to
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.server.leads_to:
            self.send_response(307)
            self.send_header("Location", self.server.leads_to)
            self.end_headers()
        else:
            self._answer(CONTENT)

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_led_on = "redirected" in self.path
        href = f"https://localhost:{self.server.server_port}/x" if is_led_on else ""
        action = {"href": href or self.server.leads_to, "header": {"X-Chosen": "by the server"}}
        objects = [{**one, "actions": {"download": action}} for one in asked["objects"]]
        self._answer(json.dumps({"transfer": "basic", "objects": objects}).encode())

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.git-lfs+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _serving(server: _Server, certificates: GitServers | None = None) -> Iterator[_Server]:
    if certificates is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = certificates.authority.parent
        context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.d4(32)
@pytest.mark.parametrize("scheme", ["http", "HTtp", "redirected"])
def test_a_server_of_large_files_leads_to_no_address_without_tls(
    bench: Bench, git_servers: GitServers, scheme: str
) -> None:
    remote = git_servers.make(scheme, {"a.txt": "a\n"})
    blob = git(remote.path, "hash-object", "-w", "--stdin", text=pointer(CONTENT))
    rules = git(remote.path, "hash-object", "-w", "--stdin", text="*.bin filter=lfs -text\n")
    lines = f"100644 blob {blob}\tx.bin\n100644 blob {rules}\t.gitattributes\n"
    tree = git(remote.path, "mktree", text=lines)
    git(
        remote.path,
        "update-ref",
        "refs/heads/main",
        git(remote.path, "commit-tree", tree, "-m", "x"),
    )
    settings = GitSettings(allow_loopback=True, ca_file=git_servers.authority)
    connections = Connections(
        bench.root, bench.database, settings, sealer=Sealer(["1" * 64]), logins=NoLogins()
    )
    url = f"https://localhost:{git_servers.https_port}/{scheme}.git"
    wanted = Wanted(RelativePath.parse("alice/models/tank"), url, credential=TOKEN)
    row = connections.connect(ALICE, wanted)
    with _serving(_Server()) as inside, connections.open(row.id) as opened:
        plain = "http" if scheme == "redirected" else scheme
        hostile = _Server(f"{plain}://127.0.0.1:{inside.server_port}/hub/api")
        with _serving(hostile, git_servers):
            good = connections.remote(ALICE, row)
            commit = opened.repository.fetch(good, "main", Silent())
            elsewhere = replace(good.address, port=hostile.server_port)
            with contextlib.suppress(LibraryError):
                opened.repository.fetch_large(replace(good, address=elsewhere), commit, Silent())
        assert hostile.asked, "git-lfs has asked where the content is"
        assert not inside.asked
