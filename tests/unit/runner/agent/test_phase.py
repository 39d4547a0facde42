"""What the first process of a sandbox does with a phase."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_agent.bare import dump, load

from tests.fixtures.requirements import need_root
from tests.fixtures.waiting import wait_for
from tests.unit.runner.agent.sandboxes import END_SECONDS, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes


@pytest.fixture(name="sandbox")
def _sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def test_output_of_both_streams_is_kept_and_the_status_is_the_command_s(sandbox: Sandbox) -> None:
    assert sandbox.run_script("echo out; echo err >&2; exit 3") == (3, "ended")

    assert ("main", "o", b"out") in list(sandbox.records())
    assert ("main", "e", b"err") in list(sandbox.records())
    assert "main ended with status 3." in sandbox.texts("twin")
    assert [one["event"] for one in sandbox.events()] == ["begun", "started", "exited", "ending"]


def test_program_that_is_not_there_is_said_so(sandbox: Sandbox) -> None:
    assert sandbox.run({"main": {"command": ["./simulate"]}}) == (125, "not-started")
    assert sandbox.texts("twin") == [
        "main cannot be started: ./simulate: No such file or directory"
    ]


def test_question_reads_nothing_and_is_seen(sandbox: Sandbox) -> None:
    assert sandbox.run_script("printf 'Sure? '; read answer || exit 4") == (4, "ended")
    assert sandbox.texts() == ["Sure? "]


def test_half_a_line_is_seen_before_its_end_comes(sandbox: Sandbox) -> None:
    script = "printf half; while ! [ -e go ]; do sleep 0.1; done; echo -line"
    sandbox.start({"main": {"command": ["sh", "-c", script]}})
    sandbox.wait_for_line("half")
    (sandbox.folder / "work/go").touch()

    assert sandbox.wait() == (0, "ended")
    assert [(stream, text) for name, stream, text in sandbox.records() if name == "main"] == [
        ("O", b"half"), ("o", b"-line"),
    ]  # fmt: skip


def test_command_that_leaves_children_lives_on_in_the_background(sandbox: Sandbox) -> None:
    script = "(while ! [ -e go ]; do sleep 0.1; done; echo child) & echo command"
    sandbox.start({"main": {"command": ["sh", "-c", script]}})
    sandbox.wait_for_event("background")
    (sandbox.folder / "work/go").touch()

    assert sandbox.wait() == (0, "ended")
    assert sandbox.texts() == ["command", "child"]


def test_daemon_of_a_session_of_its_own_is_stopped_too(sandbox: Sandbox) -> None:
    script = "setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & echo $!"
    sandbox.start({"main": {"command": ["sh", "-c", script]}})
    sandbox.wait_for_event("background")
    sandbox.tell(signal.SIGTERM)

    assert sandbox.wait() == (143, "stopped")


def test_failed_command_takes_its_children_along(sandbox: Sandbox) -> None:
    begun = time.monotonic()
    assert sandbox.run_script("sleep 60 & exit 2") == (2, "ended")
    assert time.monotonic() - begun < 20


def test_process_starts_when_what_it_comes_after_is_ready(sandbox: Sandbox) -> None:
    server = "sleep 0.3; echo ready to go; while ! [ -e done ]; do sleep 0.05; done"
    assert sandbox.run({
        "server": {"command": ["sh", "-c", server], "ready": {"log": "ready .o go", "within": 20},
                   "essential": False},
        "client": {"command": ["sh", "-c", "echo hello; touch done"], "after": ["server"]},
    }) == (0, "ended")  # fmt: skip

    what = [(one["event"], one.get("process")) for one in sandbox.events()]
    assert what.index(("ready", "server")) < what.index(("started", "client"))


@pytest.mark.parametrize("kind", ["port", "file", "http", "command"])
def test_readiness_is_seen_by_port_file_address_and_command(sandbox: Sandbox, kind: str) -> None:
    serve = (
        "import http.server, pathlib; server = http.server.HTTPServer(('localhost', 0),"
        " http.server.SimpleHTTPRequestHandler); pathlib.Path('port.new').write_text("
        "str(server.server_port)); pathlib.Path('port.new').rename('port'); server.serve_forever()"
    )
    port = _free_port()
    serve = serve.replace("'localhost', 0", f"'localhost', {port}")
    ready: dict[str, dict[str, Any]] = {
        "port": {"port": port}, "file": {"file": "port"},
        "http": {"http": f"http://localhost:{port}/"},
        "command": {"command": ["test", "-e", "port"]},
    }  # fmt: skip
    assert sandbox.run({
        "server": {"command": ["python3", "-c", serve], "ready": {**ready[kind], "within": 20}},
        "client": {"command": ["true"], "after": ["server"]},
    }) == (0, "ended")  # fmt: skip


def test_what_is_not_ready_in_time_ends_the_phase(sandbox: Sandbox) -> None:
    ready = {"file": "never", "within": 0.3}
    assert sandbox.run({
        "server": {"command": ["sleep", "60"], "ready": ready},
        "client": {"command": ["true"], "after": ["server"]},
    }) == (125, "not-ready")  # fmt: skip
    assert sandbox.texts("twin") == ["server was not ready in time: file never"]


def test_failed_process_is_started_again(sandbox: Sandbox) -> None:
    script = "echo try; [ -e tried ] || { touch tried; exit 1; }"
    assert sandbox.run({
        "main": {"command": ["sh", "-c", script], "restart": "on-failure"}
    }) == (0, "ended")  # fmt: skip
    assert sandbox.texts() == ["try", "try"]
    assert "main ended with status 1 and is started again (1)." in sandbox.texts("twin")


def test_end_of_what_is_not_essential_is_only_said(sandbox: Sandbox) -> None:
    assert sandbox.run({
        "side": {"command": ["sh", "-c", "exit 7"], "essential": False},
        "main": {"command": ["sh", "-c", "sleep 0.5; echo done"]},
    }) == (0, "ended")  # fmt: skip
    assert sandbox.texts("twin") == ["side ended with status 7; the phase goes on."]
    health = json.loads((sandbox.folder / "out/health.json").read_text())
    assert health == {"ill": [], "failed": {"side": 7}}


def test_end_of_what_is_essential_ends_the_rest(sandbox: Sandbox) -> None:
    other = "trap 'echo told; exit' TERM; while :; do sleep 0.1; done"
    assert sandbox.run({
        "other": {"command": ["sh", "-c", other]},
        "main": {"command": ["sh", "-c", "sleep 0.5; exit 5"]},
    }) == (5, "ended")  # fmt: skip
    assert "told" in sandbox.texts("other")


@pytest.mark.d4(42)
def test_time_limit_ends_what_ignores_its_signal(sandbox: Sandbox) -> None:
    processes: dict[str, dict[str, Any]] = {
        "main": {
            "command": ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"],
            "stop": {"grace": 0.3},
        }
    }
    assert sandbox.run(processes, time_limit=0.5) == (124, "time-limit")
    assert "The time limit of 0.5 s is over." in sandbox.texts("twin")


@pytest.mark.parametrize(("live", "status"), [(False, 143), (True, 0)])
def test_stop_is_by_the_twin_s_own_command(sandbox: Sandbox, live: bool, status: int) -> None:  # noqa: FBT001 - a parameter of the test
    sandbox.start(
        {
            "main": {
                "command": ["sh", "-c", "until [ -e stop ]; do sleep 0.05; done; echo clean"],
                "stop": {"command": ["touch", "stop"]},
            }
        },
        live=live,
    )
    sandbox.wait_for_event("started")
    sandbox.tell(signal.SIGTERM)

    assert sandbox.wait() == (status, "stopped")
    assert sandbox.texts() == ["clean"]


def test_command_that_is_asked_for_runs_inside_and_is_answered(sandbox: Sandbox) -> None:
    sandbox.start({"main": {"command": ["sh", "-c", "until [ -e stop ]; do sleep 0.05; done"]}})
    sandbox.wait_for_event("started")
    sandbox.ask("terminate", ["sh", "-c", "echo asked; touch stop; exit 6"])

    assert sandbox.answer("terminate") == 6
    assert sandbox.wait() == (0, "ended")
    assert sandbox.texts("terminate") == ["asked"]


def test_what_terminate_ends_by_its_name_has_not_failed(sandbox: Sandbox) -> None:
    sandbox.start({"main": {"command": ["sh", "-c", "echo up; exec sleep 987"]}})
    sandbox.wait_for_line("up")
    sandbox.ask("terminate", ["pkill", "-f", "sleep 987"])
    assert sandbox.wait() == (143, "terminated")


@pytest.mark.parametrize(("script", "end"), [
    ("exec sleep 987", (143, "terminated")),
    ("trap 'exit 0' TERM; while :; do sleep 0.05; done", (0, "ended")),
])  # fmt: skip
def test_what_terminate_does_after_it_has_ended_the_phase_is_done_to_its_end(
    sandbox: Sandbox, script: str, end: tuple[int, str]
) -> None:
    sandbox.start({"main": {"command": ["sh", "-c", f"echo up $$; {script}"]}})
    pid = wait_for(sandbox.texts, seconds=END_SECONDS, what="a line")[0].split()[1]
    ends = f"kill {pid}; while kill -0 {pid} 2>/dev/null; do sleep 0.05; done"
    sandbox.ask("terminate", ["sh", "-c", f"{ends}; sleep 0.5; echo tidied; exit 3"])

    assert sandbox.wait() == end
    assert sandbox.answer("terminate") == 3
    assert sandbox.texts("terminate") == ["tidied"]


@pytest.mark.parametrize("limit", [None, 3])
def test_terminate_that_goes_on_and_on_is_stopped_as_the_phase_is(
    sandbox: Sandbox, limit: int | None
) -> None:
    sandbox.start({"main": {"command": ["sh", "-c", "echo up; exec sleep 987"]}}, time_limit=limit)
    sandbox.wait_for_line("up")
    sandbox.ask(
        "terminate", ["sh", "-c", "pkill -f '[s]leep 987'; trap 'exit 7' TERM; sleep 99 & wait"]
    )
    sandbox.wait_for_event("ending")
    if limit is None:
        sandbox.tell(signal.SIGTERM)

    assert sandbox.wait() == (143, "terminated")
    assert sandbox.answer("terminate") == 7


def test_command_that_cannot_be_started_is_answered(sandbox: Sandbox) -> None:
    sandbox.start({"main": {"command": ["sh", "-c", "until [ -e stop ]; do sleep 0.05; done"]}})
    sandbox.ask("open", ["./open"])
    assert sandbox.answer("open") == 125
    (sandbox.folder / "work/stop").touch()
    assert sandbox.wait() == (0, "ended")


def test_metrics_are_taken_from_lines(sandbox: Sandbox) -> None:
    script = "echo @twin progress=0.5 level=1e3 word=no; echo '@twine x=1'; echo @twin progress=1"
    assert sandbox.run_script(script) == (0, "ended")

    lines = (sandbox.folder / "out/metrics").read_text().splitlines()
    assert [line.split("\t")[1:] for line in lines] == [
        ["progress", "0.5"], ["level", "1000.0"], ["progress", "1.0"],
    ]  # fmt: skip


def test_long_log_keeps_its_head_and_its_tail(sandbox: Sandbox) -> None:
    script = "seq 1 400000; yes x | tr -d '\\n' | head -c 3000000; echo; echo last"
    log = {"segment": 1 << 18, "head": 2, "tail": 3}
    assert sandbox.run_script(script, log=log) == (0, "ended")

    texts = sandbox.texts()
    assert texts[:3] == ["1", "2", "3"]
    assert texts[-1] == "last"
    segments = sorted((sandbox.folder / "out/log").glob("[0-9]*"))
    assert len(segments) == 5
    assert sum(one.stat().st_size for one in segments) < 2 << 20
    assert max(len(text) for text in texts) == 16 * 1024


def test_nothing_inside_can_end_the_first_process(sandbox: Sandbox) -> None:
    script = "kill -9 1; kill -STOP 1; kill -TERM 1; sleep 0.3; echo here"
    assert sandbox.run_script(script)[0] == 143
    assert sandbox.wait_for_event("ending")["reason"] == "stopped"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def test_process_that_ends_at_once_is_ready_by_the_file_that_it_has_made(sandbox: Sandbox) -> None:
    made: dict[str, Any] = {"command": ["touch", "made"], "ready": {"file": "made", "within": 20}}
    processes: dict[str, dict[str, Any]] = {
        "maker": {**made, "essential": False},
        "main": {"command": ["test", "-e", "made"], "after": ["maker"]},
    }
    assert sandbox.run(processes) == (0, "ended")


def test_process_that_ends_without_becoming_ready_ends_the_phase_that_waits(
    sandbox: Sandbox,
) -> None:
    processes: dict[str, dict[str, Any]] = {
        "maker": {
            "command": ["true"], "ready": {"file": "made", "within": 0.3}, "essential": False,
        },
        "main": {"command": ["true"], "after": ["maker"]},
    }  # fmt: skip
    assert sandbox.run(processes) == (125, "not-ready")
    assert sandbox.texts("twin")[-1] == "maker was not ready in time: file made"


def test_program_that_writes_a_larger_file_than_may_be_ends_by_the_kernel_s_signal(
    sandbox: Sandbox,
) -> None:
    script = "head -c 200000 /dev/zero | cat >small; exec head -c 2000000 /dev/zero >large"
    assert sandbox.run_script(script, file_bytes=1 << 20) == (128 + signal.SIGXFSZ, "ended")
    assert (sandbox.folder / "work/large").stat().st_size == 1 << 20
    assert "main was ended by SIGXFSZ." in sandbox.texts("twin")


def test_what_each_process_uses_is_told_with_all_that_it_has_started(sandbox: Sandbox) -> None:
    busy = "python3 -c 'x = bytearray(50 << 20)\nwhile True: pass' & wait"
    away = "setsid sh -c 'setsid sleep 60 & exit'; until [ -e go ]; do sleep 0.05; done"
    sandbox.start({
        "busy": {"command": ["sh", "-c", busy], "essential": False},
        "away": {"command": ["sh", "-c", away]},
    })  # fmt: skip

    def used() -> dict[str, list[float]]:
        file = sandbox.folder / "out/load.json"
        found = json.loads(file.read_text())["processes"] if file.exists() else {}
        return found if found.get("busy", [0])[0] > 0.02 else {}

    found = wait_for(used, seconds=END_SECONDS, what="what is used")
    (sandbox.folder / "work/go").touch()
    assert found["busy"][1] > 50 << 20
    assert found["busy"][2] == 2
    assert found["away"][2] in {2, 3}
    assert found["others"][2] == 1
    assert sandbox.wait() == (0, "ended")


@pytest.mark.parametrize(
    "content", ['"ä\\u0000\\ud83d\\ude00"', "[1, -2.5e3, true, null]", '{"a": {"b": []}}']
)
def test_agent_reads_json_as_the_standard_library_does(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(f" {content}\n")
    assert load(str(tmp_path / "plan.json")) == json.loads(content)


@pytest.mark.parametrize("content", ["", "plan", "[1,"])
def test_what_is_no_json_is_no_plan(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(ValueError):  # noqa: PT011 - what the standard library raises
        load(str(tmp_path / "plan.json"))


@pytest.mark.parametrize(
    "content", ["ä\x00\n😀", 3, -0.25, True, None, {"a": {"b": ["c", {}]}, "d": 1}]
)
def test_agent_writes_json_that_others_read(content: object) -> None:
    assert json.loads(dump(content)) == content


@pytest.mark.d4(46)
def test_pipes_and_folders_where_the_agent_writes_do_not_keep_it_from_ending(
    sandbox: Sandbox,
) -> None:
    script = (
        "cd ../out; for name in load health background result; do mkfifo $name.json.new; done;"
        " mkdir load.json health.json; touch ready; while :; do sleep 0.1; done"
    )
    status = sandbox.run_script(script, time_limit=3.0)
    assert status == (124, "time-limit")
    assert (sandbox.folder / "out/ready").exists()


def test_phase_that_begins_on_a_full_disk_waits_for_room(sandbox: Sandbox) -> None:
    need_root("a disk of its own, to fill")
    out = sandbox.folder / "out"
    out.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=40", "tmpfs", str(out)], check=True)
    try:
        taken = [out / f"taken-{number}" for number in range(37)]  # room for a lock, and `begun`
        for one in taken:
            one.touch()
        sandbox.start({"main": {"command": ["echo", "hello"]}})
        wait_for((out / "begun").exists, seconds=END_SECONDS, what="it has begun")
        assert sandbox.events() == []
        for one in taken:
            one.unlink()
        assert sandbox.wait() == (0, "ended")
        assert sandbox.texts() == ["hello"]
    finally:
        subprocess.run(["umount", "--lazy", str(out)], check=True)
