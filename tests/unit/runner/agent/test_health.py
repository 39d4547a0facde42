"""What the first process of a sandbox does about ports that are to go on answering."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.waiting import wait_for
from tests.unit.runner.agent.sandboxes import END_SECONDS, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes

SERVER = """
import http.server, pathlib, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if pathlib.Path("ill").exists() else 200)
        self.end_headers()
    def log_message(self, *_):
        pass
print("begins", flush=True)
http.server.HTTPServer(("localhost", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture(name="sandbox")
def _sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def start(sandbox: Sandbox, restart: str) -> None:
    """Start a server whose health is asked for, beside what ends when there is a file ``go``."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = int(probe.getsockname()[1])
    check = {"http": f"http://localhost:{port}/", "process": "server", "every": 0.05, "begin": 10.0}
    processes: dict[str, dict[str, Any]] = {
        "server": {
            "command": ["python3", "-c", SERVER, str(port)], "restart": restart,
            "essential": False,
        },
        "main": {"command": ["sh", "-c", "until [ -e go ]; do sleep 0.05; done"]},
    }  # fmt: skip
    sandbox.start(processes, health={"api": check})
    sandbox.wait_for_event("healthy")
    assert ill(sandbox) == []


def ill(sandbox: Sandbox) -> list[str]:
    """Return which ports do not answer."""
    found: list[str] = json.loads((sandbox.folder / "out/health.json").read_text())["ill"]
    return found


def test_what_answers_no_more_is_shown_and_the_phase_goes_on(sandbox: Sandbox) -> None:
    start(sandbox, "never")
    (sandbox.folder / "work/ill").touch()
    sandbox.wait_for_event("unhealthy")
    assert ill(sandbox) == ["api"]
    (sandbox.folder / "work/ill").unlink()
    wait_for(lambda: not ill(sandbox), seconds=END_SECONDS, what="an answer again")
    (sandbox.folder / "work/go").touch()
    assert sandbox.wait() == (0, "ended")
    assert sandbox.texts("twin") == ["api does not answer; the phase goes on."]
    assert sandbox.texts("server") == ["begins"]


def test_what_answers_no_more_is_started_again_where_its_process_is_to_be(
    sandbox: Sandbox,
) -> None:
    start(sandbox, "on-failure")
    (sandbox.folder / "work/ill").touch()
    sandbox.wait_for_event("restarting")
    (sandbox.folder / "work/ill").unlink()
    wait_for(lambda: not ill(sandbox), seconds=END_SECONDS, what="an answer again")
    (sandbox.folder / "work/go").touch()
    assert sandbox.wait() == (0, "ended")
    assert sandbox.texts("twin")[0] == "api does not answer: server is killed."
    assert sandbox.texts("server") == ["begins", "begins"]
