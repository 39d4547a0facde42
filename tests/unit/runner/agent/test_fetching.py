"""What a phase uses by its address is fetched before its first process, from a real server."""

from __future__ import annotations

import hashlib
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.waiting import wait_for
from tests.unit.runner.agent.sandboxes import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes

CONTENT = b"0,1.5\n" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class _Site(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        match self.path:
            case "/profile.csv" | "/short":
                self.send_response(200)
                self.send_header("Content-Length", str(len(CONTENT) + (self.path == "/short")))
                self.end_headers()
                self.wfile.write(CONTENT)
            case "/moved" | "/to-a-file":
                to = {"/moved": "/profile.csv", "/to-a-file": "file:///etc/hostname"}[self.path]
                self.send_response(302)
                self.send_header("Location", to)
                self.end_headers()
            case "/endless":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"x")
                self.wfile.flush()
                self.rfile.read()
            case _:
                self.send_error(404)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture(name="site")
def _site() -> Iterator[str]:
    _Site.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(name="sandbox")
def _sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def _said(sandbox: Sandbox) -> str:
    return "\n".join(text.decode() for _, _, text in sandbox.records())


def _wanted(sandbox: Sandbox, url: str, sha256: str | None = None) -> list[dict[str, str]]:
    to = str(sandbox.folder / "out/fetched/profile/profile.csv")
    pinned = {"sha256": sha256} if sha256 else {}
    return [{"name": "uses.profile", "url": url, "to": to, **pinned}]


@pytest.mark.parametrize("path", ["/profile.csv", "/moved"])
def test_file_is_there_whole_before_the_first_process(
    sandbox: Sandbox, site: str, path: str
) -> None:
    fetch = _wanted(sandbox, site + path, SHA256)
    assert sandbox.run_script(f"sha256sum {fetch[0]['to']}", fetch=fetch) == (0, "ended")
    said = _said(sandbox)
    assert f"uses.profile: {site}{path}: {len(CONTENT)} bytes, sha256 {SHA256}" in said
    assert said.index("bytes, sha256") < said.index(f"{SHA256}  ")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/nothing", "404"),
        ("/short", "only 600000 of 600001 bytes came"),
        ("/to-a-file", "302"),
    ],
)
def test_what_cannot_be_had_whole_ends_the_phase_before_it_begins(
    sandbox: Sandbox, site: str, path: str, said: str
) -> None:
    fetch = _wanted(sandbox, site + path)
    assert sandbox.run_script("echo begun", fetch=fetch) == (125, "not-fetched")
    assert f"uses.profile: {site}{path}: " in _said(sandbox)
    assert said in _said(sandbox)
    assert "begun" not in _said(sandbox)


def test_what_is_not_what_it_is_to_be_is_not_used(sandbox: Sandbox, site: str) -> None:
    fetch = _wanted(sandbox, f"{site}/profile.csv", "0" * 64)
    assert sandbox.run_script("echo begun", fetch=fetch) == (125, "not-fetched")
    assert f"its sha256 is {SHA256}, not {'0' * 64}: it has changed" in _said(sandbox)
    assert not list((sandbox.folder / "out/fetched").rglob("*.csv*"))


def test_fetching_ends_when_the_run_is_stopped(sandbox: Sandbox, site: str) -> None:
    fetch = _wanted(sandbox, f"{site}/endless")
    sandbox.start({"main": {"command": ["echo", "begun"]}}, fetch=fetch)
    wait_for(lambda: "/endless" in _Site.asked, seconds=30, what="it fetches")
    sandbox.tell(signal.SIGTERM)
    assert sandbox.wait() == (143, "stopped")
    assert "begun" not in _said(sandbox)
