"""`twinhub status` and `logs` where the settings are wrong: they go by the last start."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.cli.main import main
from twinhub_hub.installation import Installation, Running
from twinhub_hub.operate.prepare import ensure_secrets

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation in process mode that was started before somebody made a typo."""
    monkeypatch.setenv("TWINHUB_HOME", str(tmp_path))
    installation = Installation(tmp_path)
    installation.make_folders()
    address = "http://twins.example.org:28500"
    installation.save_running(Running("process", 28500, 2, 3, 4, None, address=address))
    installation.settings_file.write_text("sit: {}\n", "utf-8")
    return tmp_path


def test_status_tells_how_it_is_and_what_is_wrong(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--json"]) == 3, "as without the fault: nothing runs"
    out, err = capsys.readouterr()
    assert json.loads(out)["address"] == "http://twins.example.org:28500/"
    assert err.startswith(f"{home}/twinhub.yaml:1:1: ")
    assert "goes by the last one" in err


def test_logs_are_shown_with_what_is_wrong(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("There are no logs yet.")
    assert err.startswith(f"{home}/twinhub.yaml:1:1: ")


def test_a_backup_needs_settings_that_are_right(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", str(home / "backup.tar")]) == 2
    assert capsys.readouterr().err.startswith(f"{home}/twinhub.yaml:1:1: ")


class _Runner(BaseHTTPRequestHandler):
    """Answers as a runner whose queue is long."""

    def do_GET(self) -> None:
        body = json.dumps({"warnings": {"disk": "Little room is left."}})
        if self.path == "/metrics":
            assert self.headers["Authorization"].startswith("token ")
            body = (
                "# HELP twinhub_runner_runs_waiting Runs in the queue\n"
                "twinhub_runner_runs_waiting 5.0\ntwinhub_runner_runs_under_way 3.0\n"
                "twinhub_runner_runs_oldest_waiting_seconds 241.7\n"
            )
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


def test_status_tells_how_long_the_queue_of_runs_is(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status"]) == 3
    assert "runs: the runner does not say\n" in capsys.readouterr().out
    installation = Installation(home)
    ensure_secrets(installation)
    with HTTPServer(("127.0.0.1", 0), _Runner) as server:
        running = Running(
            "process", 28500, 2, 3, 4, None, address="http://twins.example.org:28500",
            runner_port=server.server_port,
        )  # fmt: skip
        installation.save_running(running)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        assert main(["status"]) == 3
        server.shutdown()
        thread.join()
    assert (
        "runs: 3 under way, 5 waiting, the oldest for 0:04:01\n  Little room is left.\n"
        in capsys.readouterr().out
    )
