"""Exported scripts run by sh: order, readiness, exit status, restarts, limits, stopping."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.unit.dtconfig.export.exports import export, free_port, wait_until

SERVER = """
    import http.server, pathlib, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()
        def log_message(self, *_):
            pass
    server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    pathlib.Path("began").touch()
    print("now serving", flush=True)
    server.serve_forever()
"""


@pytest.mark.parametrize(
    "ready",
    ["port: api", "http: api/health", "log: now s.rving", "file: began", "command: test -e began"],
)
def test_a_process_starts_when_the_one_before_it_is_ready(tmp_path: Path, ready: str) -> None:
    exported = export(
        tmp_path,
        f"""
        ports: {{api: {free_port()}}}
        phases:
          execute:
            processes:
              client: {{command: test -e began, after: [server]}}
              server:
                command: python3 server.py ${{ports.api}}
                ready: {{{ready}, within: 30s}}
        """,
        {"server.py": SERVER},
    )
    done = exported.run("execute")
    assert done.returncode == 0, done.stderr


def test_the_status_of_the_essential_process_is_that_of_the_phase_and_others_are_stopped(
    tmp_path: Path,
) -> None:
    port = free_port()
    exported = export(
        tmp_path,
        f"""
        phases:
          execute:
            processes:
              server: {{command: python3 server.py {port}, ready: {{port: {port}}}}}
              client: {{script: exit 7, after: [server]}}
        """,
        {"server.py": SERVER},
    )
    done = exported.run("execute")
    assert done.returncode == 7
    assert "client ended with status 7" in done.stderr
    assert "[server] now serving" in done.stdout
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_phase_goes_on_when_a_process_ends_that_is_not_essential(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        phases:
          execute:
            processes:
              side: {script: "exit 4", essential: false}
              main: {script: "until [ -e go ]; do sleep 0.05; done"}
        """,
    )
    with exported.started("execute") as running:
        assert running.stdout is not None
        assert "side ended with status 4; the phase goes on" in running.stdout.readline()
        (exported.folder / "go").touch()
        assert running.wait(20) == 0


def test_a_process_that_is_not_ready_in_time_fails_the_phase(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        phases:
          execute:
            processes:
              slow: {command: sleep 60, ready: {file: never, within: 200ms}}
              next: {command: touch started, after: [slow]}
        """,
    )
    done = exported.run("execute")
    assert done.returncode == 125
    assert "slow was not ready (file) within 0.2 seconds" in done.stderr
    assert not (exported.folder / "started").exists()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = export(tmp_path, "phases: {execute: no-such-program --now}").run("execute")
    assert done.returncode == 125
    assert "execute cannot be started: no-such-program: No such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_process_is_started_again_after_a_failure(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        phases:
          execute:
            processes:
              flaky:
                script: |
                  echo x >> tries
                  [ "$(wc -l < tries)" -ge 3 ]
                restart: on-failure
        """,
    )
    assert exported.run("execute").returncode == 0
    assert exported.text("tries") == "x\nx\nx\n"


def test_a_phase_is_tried_again_as_often_as_it_says(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        phases:
          execute: {script: "echo x >> tries; exit 5", retries: 2}
        """,
    )
    done = exported.run("execute")
    assert done.returncode == 5
    assert exported.text("tries") == "x\nx\nx\n"


def test_a_phase_ends_at_its_time_limit(tmp_path: Path) -> None:
    exported = export(tmp_path, "phases: {execute: {command: sleep 60, time_limit: 300ms}}")
    done = exported.run("execute")
    assert done.returncode == 124
    assert "longer than its limit of 0.3 seconds" in done.stderr


TRAP = """
    phases:
      execute:
        live: {live}
        stop: {{signal: SIGINT, grace: 5s}}
        script: |
          trap 'echo INT > got; exit 0' INT
          trap 'echo TERM > got; exit 0' TERM
          touch began
          while :; do sleep 0.05; done
"""


@pytest.mark.parametrize(("live", "status"), [("true", 0), ("false", 143)])
def test_a_stopped_phase_sends_the_signal_that_the_process_wants(
    tmp_path: Path, live: str, status: int
) -> None:
    exported = export(tmp_path, TRAP.format(live=live))
    with exported.started("execute") as running:
        wait_until((exported.folder / "began").exists)
        running.send_signal(signal.SIGTERM)
        output, _ = running.communicate(timeout=20)
        assert running.returncode == status, output
        assert exported.text("got") == "INT\n"


def test_terminate_stops_what_runs(tmp_path: Path) -> None:
    exported = export(tmp_path, TRAP.format(live="true"))
    with exported.started("execute") as running:
        wait_until((exported.folder / "began").exists)
        again = exported.run("execute")
        assert again.returncode == 2
        assert "execute runs already" in again.stderr
        assert exported.run("terminate").returncode == 0
        running.communicate(timeout=20)
        assert running.returncode == 0
        assert exported.text("got") == "INT\n"


def test_terminate_stops_what_a_killed_phase_left(tmp_path: Path) -> None:
    exported = export(
        tmp_path, "phases: {execute: {script: 'echo $$ > pid; while :; do sleep 0.05; done'}}"
    )
    with exported.started("execute") as running:
        wait_until(lambda: (exported.folder / "pid").exists() and bool(exported.text("pid")))
        left = int(exported.text("pid"))
        running.kill()
        running.wait(20)
        assert _runs(left)
        assert running.stdout is not None
        assert exported.run("terminate").returncode == 0
        wait_until(lambda: not _runs(left))


def test_terminate_does_what_the_twin_says_first_and_keeps_its_status(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        secrets: {key: A key}
        files: [{text: "${secrets.key}", to: key}]
        phases:
          execute: "true"
          terminate: {script: "echo own; exit 6"}
        """,
    )
    done = exported.run("terminate")
    assert (done.returncode, done.stdout) == (6, "own\n")


def test_what_a_process_starts_is_stopped_with_it(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        phases:
          execute: {script: "sleep 300 & echo $! > pid"}
        """,
    )
    assert exported.run("execute").returncode == 0
    left = int(exported.text("pid"))
    wait_until(lambda: not _runs(left))


def test_nobody_is_asked_on_the_terminal(tmp_path: Path) -> None:
    exported = export(tmp_path, "phases: {execute: {script: 'read answer || echo nobody'}}")
    assert exported.run("execute").stdout == "nobody\n"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


def test_scripts_whose_names_run_together_stay_apart(tmp_path: Path) -> None:
    yaml = """
        phases:
          a: {processes: {b-c: {script: "echo first"}}}
          a-b: {processes: {c: {script: "echo second"}}}
          a-b-c: {script: "echo third"}
    """
    exported = export(tmp_path, yaml)
    for phase, said in (("a", "first"), ("a-b", "second"), ("a-b-c", "third")):
        assert said in exported.run(phase).stdout
