"""``twin run``, ``ps``, ``logs``, ``stop``, ``kill`` with a real runner, in real sandboxes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from websockets.sync.client import connect

from tests.fixtures.twin_folders import write_folders
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.runner import RunningRunner
    from tests.unit.runner.interfaces.conftest import Done

    Twin = Callable[..., Done]

pytestmark = pytest.mark.heavy  # a real server and real sandboxes

SECONDS = 30


def test_run_shows_what_it_prints_and_ends_as_it_does(twin: Twin) -> None:
    done = twin("run", "tank", "--set", "power=0")
    assert (done.code, done.out.splitlines()[0]) == (0, "power 0")
    assert "warning" in done.err
    assert re.search(r"twin: execute of digital_twins/tank is the run [0-9a-z]{20}\n", done.err)
    assert re.search(r"twin: execute succeeded after [0-9.]+ s\n", done.err)

    failed = twin("run", "tank", "--scenario", "cold")
    assert failed.code == 1
    assert "It ended with status 1." in failed.err


def test_phases_run_one_after_the_other(twin: Twin) -> None:
    done = twin("run", "digital_twins/tank", "create", "execute", "--set", "power=0")
    assert done.code == 0
    assert re.search(r"create succeeded .*\n(.*\n)*.*execute succeeded", done.err)


def test_twin_is_named_by_its_folder(
    twin: Twin, running_runner: RunningRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = running_runner.root / "alice/digital_twins/tank"
    monkeypatch.chdir(folder)
    assert twin("run", ".", "create").code == 0
    assert twin("run", str(folder / "twin.yaml"), "create").code == 0
    elsewhere = running_runner.root / "alice" / "cooling coffee"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    done = twin("run", ".")
    assert done.code == 2
    assert f"`mv '{elsewhere}' {running_runner.root}/alice/digital_twins/`" in done.err
    monkeypatch.chdir(running_runner.state)
    done = twin("run", ".", "create")
    assert done.code == 2
    assert "only twins of the library run" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "tnk"], "There is no twin tnk."),
        (["run", "tank", "excute"], "Did you mean 'execute'?"),
        (["run", "tank", "--set", "power"], "write a name and a value"),
        (["run", "tank", "--set", "powr=1"], "did you mean 'power'?"),
        (["run", "tank", "--set", "power=much"], "is not a number"),
        (["logs", "0123456789abcdefghjk"], "There is no run 0123456789abcdefghjk."),
        (["stop", "nothing"], "there is no run of nothing"),
    ],
)
def test_what_cannot_be_is_said_with_exit_code_2(
    twin: Twin, arguments: list[str], said: str
) -> None:
    done = twin(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_detached_run_is_listed_followed_and_stopped(twin: Twin) -> None:
    done = twin("run", "-d", "tank", "live")
    assert done.code == 0
    run = done.out.strip()

    wait_for(lambda: twin("logs", run).out == "up\n", seconds=SECONDS, what="it is up")
    assert run in twin("ps").out
    assert "running" in twin("ps", "tank").out
    assert twin("ps", user="bob").out.startswith("There is no run; ")
    assert twin("stop", "tank").out == f"{run} stopped: It was stopped.\n"
    assert twin("logs", "-f", run).out == "up\nbye\n"
    assert run not in twin("ps").out
    assert run in twin("ps", "--all").out


def test_a_twin_s_name_means_the_run_that_goes_on_where_another_one_waits(twin: Twin) -> None:
    goes_on = twin("run", "-d", "tank", "live").out.strip()
    wait_for(lambda: twin("logs", goes_on).out == "up\n", seconds=SECONDS, what="it is up")
    waits = twin("run", "-d", "tank", "live").out.strip()
    wait_for(
        lambda: "is used by the run" in twin("ps").out, seconds=SECONDS, what="the other one waits"
    )
    assert f"twin: {waits} waits: alice/digital_twins/tank is used" in twin("logs", "tank").err
    assert twin("command", "tank", "open_valve", "--set", "position=40").out == "valve 40\n"

    done = twin("stop", "tank")
    assert done.out == f"{goes_on} stopped: It was stopped.\n"
    assert f"twin: its run {waits} (live) has not ended: " in done.err
    assert twin("stop", waits).out.startswith(f"{waits} stopped")
    again = twin("stop", "tank")
    assert again.out.startswith(f"{waits} had ended before: stopped")
    assert again.err == ""


def test_secret_is_given_listed_and_removed(
    twin: Twin, running_runner: RunningRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = running_runner.root / "alice/digital_twins/bridge"
    folder.mkdir()
    (folder / "twin.yaml").write_text(
        "format: 1\nname: bridge\nsecrets: {broker: Password of the broker}\n"
        "files: [{text: '${secrets.broker}', to: key}]\nphases: {execute: cat key}\n"
    )
    refused = twin("run", "bridge")
    assert refused.code == 2
    assert "`twin secret set alice/digital_twins/bridge broker`" in refused.err

    monkeypatch.setattr(sys, "stdin", io.StringIO("swordfish\n"))
    assert twin("secret", "set", "bridge", "broker").code == 0
    listed = twin("secret", "list", "bridge").out
    assert "Password of the broker" in listed
    assert "swordfish" not in listed
    assert twin("run", "bridge").out == "***\n"
    assert twin("secret", "remove", "bridge", "broker").code == 0
    assert twin("secret", "list").out.startswith("You have given none: ")
    assert twin("secret", "list", "tank").out == "The twin asks for none.\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO("abc"))
    assert "4 to 16,384 bytes" in twin("secret", "set", "bridge", "broker").err


def test_run_is_saved_restored_and_forked(twin: Twin, running_runner: RunningRunner) -> None:
    folder = running_runner.root / "alice/digital_twins/counter"
    folder.mkdir()
    (folder / "twin.yaml").write_text(
        "format: 1\nname: counter\nstate: {keep: [level]}\n"
        "phases: {execute: {script: 'echo x >>level; wc -l <level'}}\n"
    )
    twin("run", "counter")
    saved = twin("save", "counter", "--to", "data/saves/counter.zip")
    assert saved.out == "data/saves/counter.zip\n", saved.err
    assert twin("run", "counter").out.strip() == "2"
    assert twin("restore", "data/saves/counter.zip").out.strip() == "2", "of a new copy"
    assert twin("fork", "data/saves/counter.zip", "forked").out == "digital_twins/forked\n"
    assert twin("run", "forked").out.strip() == "2"
    assert "is there already" in twin("fork", "data/saves/counter.zip", "forked").err


def test_run_is_killed(twin: Twin) -> None:
    run = twin("run", "-d", "tank", "live").out.strip()
    wait_for(lambda: twin("logs", run).out == "up\n", seconds=SECONDS, what="it is up")
    assert twin("kill", run).out == f"{run} stopped: It was killed.\n"


def test_what_a_command_leaves_behind_is_shown_as_running_in_background(twin: Twin) -> None:
    run = twin("run", "-d", "tank", "leave").out.strip()
    wait_for(
        lambda: "running in background" in twin("ps", "tank").out, seconds=SECONDS, what="the word"
    )
    assert "Its command has ended" in twin("history", run).out
    assert "`twin stop` ends it" in twin("logs", run).err
    waits = twin("run", "-d", "tank").out.strip()
    wait_for(
        lambda: f"`twin command {run} execute` runs execute in there" in twin("ps").out,
        seconds=SECONDS, what="what to do about it",
    )  # fmt: skip
    twin("kill", waits)
    assert twin("stop", run).out == f"{run} stopped: It was stopped.\n"


def test_log_is_told_with_times_and_as_json(twin: Twin) -> None:
    run = twin("run", "-d", "tank", "create", "execute", "--set", "power=0").out.split()[1]
    twin("logs", "-f", run)
    timed = twin("logs", "--times", run).out.splitlines()[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} power 0", timed)
    lines = [json.loads(line) for line in twin("logs", "--json", run).out.splitlines()]
    assert {(one["process"], one["stream"]) for one in lines} == {("main", "o"), ("main", "e")}
    assert twin("logs", "--process", "other", run).out == ""
    last = twin("logs", "--tail", "2", run)
    assert len(f"{last.out}{last.err}".splitlines()) == 2


def test_log_of_each_try_is_there(twin: Twin) -> None:
    done = twin("run", "tank", "retried")
    assert (done.code, done.out) == (0, "try\ntry\n")
    assert twin("logs", "tank", "--attempt", "1").out == "try\n"


def test_run_of_a_team_is_its_members_and_nobody_else_s(twin: Twin) -> None:
    done = twin("run", "-d", "teams/pumps/digital_twins/tank", "create")
    run = done.out.strip()
    assert run in twin("ps", "-a", user="bob").out
    assert twin("logs", run, user="carol").err == f"twin: There is no run {run}.\n"


def test_follower_goes_on_when_the_runner_is_started_again(
    twin: Twin, running_runner: RunningRunner
) -> None:
    run = twin("run", "-d", "tank", "wait").out.strip()
    wait_for(lambda: twin("logs", run).out == "begun\n", seconds=SECONDS, what="it has begun")
    command = [sys.executable, "-m", "twinhub_api.cli.main", "logs", "-f", run]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "begun\n"
        running_runner.kill()
        running_runner.start()
        assert twin("command", run, "terminate").code == 0
        assert follower.stdout.read() == "terminate | ending\n"
        assert follower.wait(SECONDS) == 0
    assert twin("ps", "--all", "--limit", "1").out.count("succeeded") == 1


def test_runner_that_is_to_end_waits_for_no_follower(
    twin: Twin, running_runner: RunningRunner
) -> None:
    run = twin("run", "-d", "tank", "live").out.strip()
    command = [sys.executable, "-m", "twinhub_api.cli.main", "logs", "-f", run]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "up\n"
        running_runner.stop()
        assert "cut off" not in running_runner.log.read_text()
        running_runner.start()
        assert twin("stop", run).code == 0
        assert follower.stdout.read() == "bye\n"


def test_log_comes_by_a_socket_as_it_is_printed(twin: Twin, running_runner: RunningRunner) -> None:
    run = twin("run", "-d", "tank", "live").out.strip()
    address = f"{running_runner.url.replace('http', 'ws', 1)}/api/runs/{run}/log/socket"
    headers = {"Authorization": "token token-of-alice"}
    with connect(address, additional_headers=headers, proxy=None) as socket:
        heard = [one["text"] for one in json.loads(socket.recv(SECONDS))["lines"]]
        assert heard == ["up"]
        assert twin("stop", run).code == 0
        for message in socket:  # which ends with the socket, where that was closed well
            heard += [one["text"] for one in json.loads(message)["lines"]]
    assert heard[-1] == "bye"


def test_numbers_are_one_line_on_a_terminal_which_goes_when_the_run_has_ended(twin: Twin) -> None:
    twin("ps")  # the environment of alice
    code, said = on_terminal("run", "tank", "--set", "power=0")
    assert code == 0
    assert re.search(r"\[#+\.+\] [0-9]+%  level [1-4]", said)
    assert "@twin" not in said
    left = re.sub(r"[^\n]*\r\x1b\[K", "", said.replace("\r\n", "\n"))
    assert "level" not in left
    assert re.search(r"\npower 0\nwarning\n.*execute succeeded after [0-9.]+ s", left, re.DOTALL)
    assert "@twin progress=0.25 level=1\n" in twin("logs", "tank").out


def test_any_numbers_are_one_line_on_a_small_terminal_and_take_no_time(
    twin: Twin, running_runner: RunningRunner
) -> None:
    folder = running_runner.root / "alice/digital_twins/chatty"
    folder.mkdir()
    (folder / "twin.yaml").write_text(
        "format: 1\nname: chatty\nphases:\n  execute:\n    script: |\n"
        "      for i in $(seq 12000); do echo @twin progress=0.5 wärme温度$i=1; done\n"
    )
    twin("ps")  # the environment of alice
    code, said = on_terminal("run", "chatty", columns=20)
    assert code == 0, said
    feet = {part.partition("\r")[0] for part in said.split("\r\x1b[K")[1:]} - {""}
    feet = {foot for foot in feet if not foot.startswith("twin: ")}
    assert feet == {"[######.....] 50%  "}


def on_terminal(*arguments: str, columns: int = 100) -> tuple[int, str]:
    """Run ``twin`` on a terminal; return its exit code, and all that came to the terminal."""
    own, its = pty.openpty()
    command = [sys.executable, "-m", "twinhub_api.cli.main", *arguments]
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": str(columns)}
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment) as process:
        os.close(its)
        said = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(own, 1 << 16):
                said += part
        os.close(own)
        return process.wait(SECONDS), said.decode()


def test_interrupt_leaves_a_run_going_on(twin: Twin) -> None:
    command = [sys.executable, "-m", "twinhub_api.cli.main", "run", "tank", "live"]
    twin("ps")  # the environment of alice
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(2)
        said = process.stderr.read()
        assert process.wait(SECONDS) == 130
    assert re.search(
        "it goes on: `twin logs -f ([0-9a-z]{20})` follows it, `twin stop \\1` ends it", said
    )
    assert "running" in twin("ps").out
    assert twin("stop", "tank").code == 0


def test_clean_of_a_folder_of_scripts_ends_inside_its_run_what_another_phase_has_left(
    twin: Twin, running_runner: RunningRunner
) -> None:
    write_folders(running_runner.root / "alice", "servers")
    chain = twin("run", "-d", "servers", "execute", "clean").out.split()

    def says_what_it_waits_for() -> bool:
        return "what execute has started goes on" in twin("history", chain[1]).out

    wait_for(says_what_it_waits_for, seconds=SECONDS, what="the next phase says why it waits")
    done = twin("run", "servers", "clean")
    assert (done.code, done.err) == (0, f"twin: clean runs inside the run {chain[0]}\n")
    assert twin("logs", "-f", chain[0]).code == 0
    assert "succeeded" in twin("ps", "--all", "servers").out


def test_clear_tells_what_runs_take_and_removes_old_ones(twin: Twin) -> None:
    assert twin("run", "tank", "make").code == 0
    told = twin("clear")
    assert re.match(
        r"logs and results of \d+ runs: \S+ \w+; working copies of \d+ twins: ", told.out
    )
    dry = twin("clear", "--days", "0", "--dry-run")
    assert re.match(r"logs and results of [1-9]\d* runs and \d+ working copies would be ", dry.out)
    assert twin("clear", "--days", "0").out == dry.out.replace("would be removed", "removed")
    assert twin("clear").out.startswith("logs and results of 0 runs: ")


def test_continue_is_refused_of_a_run_that_does_not_ask(twin: Twin) -> None:
    assert twin("run", "tank", "create").code == 0
    done = twin("continue", "tank")
    assert done.code == 2
    assert "does not ask whether to go on" in done.err


def test_top_shows_what_a_run_uses(twin: Twin) -> None:
    run = twin("run", "tank", "live", "-d").out.strip()
    try:
        shown = wait_for(
            lambda: re.search(rf"{run} .* \d+% +\d+ MiB", twin("top", "--once").out),
            seconds=SECONDS, what="what it uses",
        )  # fmt: skip
        assert shown
    finally:
        twin("stop", run)
