"""What every back end has to do, whatever it makes its sandboxes of."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twinhub_runner.backends.base import SandboxState, Seen
from twinhub_runner.identifiers import make_run_id
from twinhub_runner.places import Place
from twinhub_runner.secrets.delivering import tell

from tests.fixtures.sandboxes import ONE, SECONDS, open_bench
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.sandboxes import Bench


@pytest.fixture(
    name="bench",
    params=[
        "process",
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("broker", marks=pytest.mark.docker),
    ],
)
def _bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with open_bench(request.param, tmp_path) as bench:
        yield bench


def test_what_nobody_started_is_absent_and_may_be_ended(bench: Bench) -> None:
    assert bench.backend.look(f"{make_run_id()}-1").state is SandboxState.ABSENT
    bench.backend.stop(f"{make_run_id()}-1")
    bench.backend.kill(f"{make_run_id()}-1")
    bench.backend.remove(f"{make_run_id()}-1")
    assert bench.backend.list_names() == frozenset()


def test_status_of_what_has_ended_is_told(bench: Bench) -> None:
    bench.start(ONE, "echo hello > made; exit 3")
    assert bench.wait_for(ONE, SandboxState.ENDED) == Seen(SandboxState.ENDED, 3, "ended")
    assert (bench.work / "made").read_text() == "hello\n"


@pytest.mark.d4(44)
@pytest.mark.d4(68)
def test_secrets_come_through_a_pipe_and_lie_in_memory_alone(bench: Bench) -> None:
    made = {"to": "key", "text": "${secrets.key}\n", "render": None, "executable": False}
    spec = bench.make(
        ONE, "cat key; df --output=fstype $(readlink key) | tail -1; env >made",
        secrets={"secrets.key": "key"},
        files={"folder": "/workspace", "made": [made], "values": {}},
    )  # fmt: skip
    bench.backend.start(spec)
    place = Place(spec.inside.parent)
    assert not (place.outside / "supplied.json").exists(), "it waits"
    wait_for(lambda: tell(place, {"secrets.key": "swordfish"}), seconds=SECONDS, what="it listens")
    assert bench.wait_for(ONE, SandboxState.ENDED) == Seen(SandboxState.ENDED, 0, "ended")

    log = b"".join(one.read_bytes() for one in (place.outside / "log").iterdir())
    assert [line.split(b"\t")[3] for line in log.splitlines()] == [b"***", b"tmpfs"]
    for file in (one for one in bench.runs.parent.rglob("*") if one.is_file()):
        assert b"swordfish" not in file.read_bytes(), file
    assert not os.path.lexists(bench.work / "key")
    assert not os.path.lexists(place.inside / "secrets")


def test_what_was_started_is_not_started_again(bench: Bench) -> None:
    spec = bench.start(ONE, "echo x >> made; until [ -e stop ]; do sleep 0.05; done")
    wait_for((bench.work / "made").exists, seconds=SECONDS, what="it runs")
    bench.backend.start(spec)
    assert bench.backend.look(ONE).state is SandboxState.RUNNING
    (bench.work / "stop").touch()
    bench.wait_for(ONE, SandboxState.ENDED)
    bench.backend.start(spec)

    assert bench.backend.look(ONE) == Seen(SandboxState.ENDED, 0, "ended")
    assert (bench.work / "made").read_text() == "x\n"


def test_what_is_paused_is_held_where_it_is_and_goes_on(bench: Bench) -> None:
    spec = bench.start(ONE, "while [ ! -e stop ]; do echo x >> made; sleep 0.02; done")
    place, made = Place(spec.inside.parent), bench.work / "made"
    wait_for(made.exists, seconds=SECONDS, what="it runs")
    place.hold(is_held=True)
    events = place.outside / "events"
    wait_for(lambda: '"paused"' in events.read_text(), seconds=SECONDS, what="it is paused")
    held = made.stat().st_size
    assert bench.backend.look(ONE).state is SandboxState.RUNNING
    assert made.stat().st_size == held
    place.hold(is_held=False)
    wait_for(lambda: made.stat().st_size > held, seconds=SECONDS, what="it goes on")
    (bench.work / "stop").touch()
    assert bench.wait_for(ONE, SandboxState.ENDED) == Seen(SandboxState.ENDED, 0, "ended")


def test_stop_lets_the_phase_end_as_it_wishes(bench: Bench) -> None:
    script = "trap 'echo bye > made; exit 0' TERM; touch up; while :; do sleep 0.05; done"
    bench.start(ONE, script)
    wait_for((bench.work / "up").exists, seconds=SECONDS, what="it runs")
    bench.backend.stop(ONE)

    assert bench.wait_for(ONE, SandboxState.ENDED) == Seen(SandboxState.ENDED, 143, "stopped")
    assert (bench.work / "made").exists()


def test_what_was_killed_has_vanished_with_all_in_it(bench: Bench) -> None:
    bench.start(ONE, "setsid sh -c 'trap \"\" TERM; while :; do date +%N > beat; done' & wait")
    wait_for((bench.work / "beat").exists, seconds=SECONDS, what="it runs")
    bench.backend.kill(ONE)

    assert bench.wait_for(ONE, SandboxState.VANISHED).status is None
    bench.backend.remove(ONE)
    beat = (bench.work / "beat").stat().st_mtime_ns
    assert (bench.work / "beat").stat().st_mtime_ns == beat
    assert bench.backend.list_names() == frozenset()


def test_sandbox_outlives_who_started_it_and_is_found_again(bench: Bench) -> None:
    spec = bench.make(ONE, "touch up; until [ -e stop ]; do sleep 0.05; done; exit 9")
    child = os.fork()
    if child == 0:
        try:
            bench.backend.start(spec)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    assert bench.backend.list_names() == {ONE}
    assert bench.another_backend().look(ONE).state is SandboxState.RUNNING
    (bench.work / "stop").touch()
    assert bench.wait_for(ONE, SandboxState.ENDED).status == 9


def test_result_that_is_no_result_is_not_believed(bench: Bench) -> None:
    outsides = []
    for bad in ("", "[]", "{}", '{"status":"x","reason":1}', "[" * 60_000):
        name = f"{make_run_id()}-1"
        outsides.append(bench.runs / name / "out")
        outsides[-1].mkdir(parents=True)
        (outsides[-1] / "begun").touch()
        (outsides[-1] / "result.json").write_text(bad)
        assert bench.backend.look(name).state is SandboxState.VANISHED
    (outsides[0] / "result.json").unlink()
    (outsides[0] / "result.json").symlink_to("/etc/hostname")
    assert bench.backend.look(outsides[0].parent.name).state is SandboxState.VANISHED


@pytest.mark.parametrize("egress", ["none", "listed"])
def test_what_may_reach_nothing_outside_has_no_way_there(bench: Bench, egress: str) -> None:
    spec = bench.make(ONE, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' >made")
    bench.backend.start(replace(spec, egress=egress))
    bench.wait_for(ONE, SandboxState.ENDED)
    assert (bench.work / "made").read_text() == "lo\n"
