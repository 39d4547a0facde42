"""Runs that mean no good: none hurts a neighbour, and nothing of them stays behind.

`make bench BENCH=runner` says what a neighbour notices of it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_api.runner.logs import parse_record
from twinhub_runner.agents import find_agent
from twinhub_runner.backends.base import INSIDE, OUTSIDE, SandboxState
from twinhub_runner.identifiers import make_run_id
from twinhub_runner.loglines import read_log

from tests.fixtures.engine import MEMORY
from tests.fixtures.sandboxes import ONE, SECONDS, open_bench
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.sandboxes import Bench

GRACE_SECONDS, _MORE_SECONDS = 1.0, 2.0
_LINE_BYTES, _AGENT_BYTES = 100_000_000, 50 << 20
_STUBBORN = "trap '' TERM INT HUP; touch up; while :; do echo x >> beat; sleep 0.05; done"
_DAEMON = f'setsid setsid sh -c "{_STUBBORN}" >/dev/null 2>&1 &'
_HOLD = """\
import fcntl, os, sys, time
fcntl.lockf(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_SH)
open("held", "w").close()
time.sleep(600)
"""
_OPEN_MANY = """\
import os
held = []
try:
    for number in range(10_000):
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    print(error.strerror)
print("held", len(held), flush=True)
open("up", "w").close()
while not os.path.exists("stop"):
    os.stat("up")
"""


@pytest.fixture(name="bench", params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def _bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with open_bench(request.param, tmp_path) as bench:
        yield bench


@pytest.mark.d4(41)
@pytest.mark.parametrize("script", [_STUBBORN, f"{_DAEMON} {_STUBBORN}", _DAEMON])
def test_what_ignores_its_signals_is_gone_soon_with_all_that_it_has_left(
    bench: Bench, script: str
) -> None:
    bench.start(ONE, script, grace=GRACE_SECONDS)
    wait_for((bench.work / "up").exists, seconds=SECONDS, what="it runs")
    assert processes_below(bench.runs), "what is looked for below would be seen"
    begun = time.monotonic()
    bench.backend.stop(ONE)
    bench.wait_for(ONE, SandboxState.ENDED)
    slack = 3.0  # of a machine that does other work
    assert time.monotonic() - begun <= GRACE_SECONDS + _MORE_SECONDS + slack
    check_that_nothing_is_left(bench)


@pytest.mark.d4(41)
@pytest.mark.parametrize("trick", [
    f"rm -f {OUTSIDE}/lock {OUTSIDE}/begun {OUTSIDE}/events",
    f"echo '{{\"status\": 0, \"reason\": \"ended\"}}' > {OUTSIDE}/result.json",
    f"/usr/bin/python3 hold.py {INSIDE}/lock & while [ ! -e held ]; do sleep 0.05; done",
])  # fmt: skip
def test_a_run_cannot_hide_that_it_goes_on(bench: Bench, trick: str) -> None:
    (bench.work / "hold.py").write_text(_HOLD)
    bench.start(ONE, f"{trick}\n{_STUBBORN}", grace=GRACE_SECONDS)
    wait_for((bench.work / "up").exists, seconds=SECONDS, what="it runs")
    assert bench.backend.look(ONE).state is SandboxState.RUNNING
    assert bench.backend.list_names() == {ONE}
    bench.backend.stop(ONE)
    bench.wait_for(ONE, SandboxState.ENDED)
    check_that_nothing_is_left(bench)


@pytest.mark.d4(44)
def test_a_line_of_100_megabytes_takes_no_memory_and_is_kept_in_parts(bench: Bench) -> None:
    script = f"touch up; head -c {_LINE_BYTES} /dev/zero | tr '\\0' x; echo; echo end; sleep 1000"
    bench.start(ONE, script)
    outside = bench.runs / ONE / "out"
    wait_for(lambda: texts(outside)[-1:] == ["end"], seconds=120, what="the end of the line")
    agent = find_agent(outside.parent / "in")
    assert agent is not None
    assert peak_bytes(agent) < _AGENT_BYTES
    kept = sum(file.stat().st_size for file in (outside / "log").iterdir())
    assert kept <= 7 << 20, "head and tail are kept, not all of it"
    bench.backend.kill(ONE)
    check_that_nothing_is_left(bench)


def test_control_characters_are_kept_as_they_are_and_break_no_line(bench: Bench) -> None:
    said = "\\033]0;title\\007\\033[2Jred\\000\\011tab\\rback\\377"
    bench.start(ONE, f"printf '{said}\\n'; printf 'after\\n'")
    bench.wait_for(ONE, SandboxState.ENDED)
    assert texts(bench.runs / ONE / "out") == [
        "\x1b]0;title\x07\x1b[2Jred\x00\ttab\rback\N{REPLACEMENT CHARACTER}", "after",
    ]  # fmt: skip


def test_10000_open_files_hinder_no_neighbour(bench: Bench) -> None:
    (bench.work / "many.py").write_text(_OPEN_MANY)
    bench.start(ONE, "exec /usr/bin/python3 many.py")
    wait_for((bench.work / "up").exists, seconds=SECONDS, what="all are open")
    neighbour = f"{make_run_id()}-1"
    bench.start(neighbour, "cat /etc/passwd >/dev/null; exit 4")
    assert bench.wait_for(neighbour, SandboxState.ENDED).status == 4
    (bench.work / "stop").touch()
    assert bench.wait_for(ONE, SandboxState.ENDED).status == 0
    bench.backend.remove(neighbour)
    check_that_nothing_is_left(bench)


def test_what_takes_too_much_memory_is_killed_alone_and_told_with_the_figure(bench: Bench) -> None:
    neighbour = f"{make_run_id()}-1"
    bench.start(neighbour, "touch ready; until [ -e stop ]; do sleep 0.05; done; exit 4")
    hog = f"held = b'x' * {3 * MEMORY}; import time; time.sleep(60)"
    bench.start(ONE, f'exec /usr/bin/python3 -c "{hog}"')
    seen = bench.wait_for(ONE, SandboxState.ENDED)
    assert (seen.status, seen.was_out_of_memory, seen.memory_bytes) == (137, True, MEMORY)
    (bench.work / "stop").touch()
    assert bench.wait_for(neighbour, SandboxState.ENDED).status == 4
    bench.backend.remove(neighbour)
    check_that_nothing_is_left(bench)


@pytest.mark.d4(40)
def test_nothing_is_left_of_runs_that_are_ended_at_any_moment(bench: Bench) -> None:
    for number in range(12):
        name = f"{make_run_id()}-1"
        bench.start(name, f"{_DAEMON} sleep 0.0{number}; exit 3")
        (bench.backend.stop if number % 2 else bench.backend.kill)(name)
        bench.backend.remove(name)
    assert bench.backend.list_names() == frozenset()
    assert processes_below(bench.runs) == []


def check_that_nothing_is_left(bench: Bench) -> None:
    """Remove the sandbox; find no container and no process of it."""
    bench.backend.remove(ONE)
    assert bench.backend.list_names() == frozenset()
    assert processes_below(bench.runs) == []


def processes_below(folder: Path) -> list[str]:
    """The processes in mount namespaces of their own that have something below a folder mounted."""
    own = Path("/proc/self/ns/mnt").readlink()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = (process / "ns/mnt").readlink() == own
            if not is_ours and f"{folder}/" in (process / "mountinfo").read_text():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue  # it has ended meanwhile
    return found


def texts(outside: Path) -> list[str]:
    """The lines of a log; of a long one its last parts."""
    lines, start = [], 0
    while (piece := read_log(outside / "log", start)).records:
        start = piece.end
        lines += piece.records.decode("utf-8", "replace").split("\n")
    return [line.text for one in lines if (line := parse_record(one)) and not line.goes_on]


def peak_bytes(process: int) -> int:
    """The most memory that a process has had."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
