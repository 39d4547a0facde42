"""What is Docker's own among the back ends: limits, and what an engine refuses."""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import docker
import pytest
from twinhub_runner.backends.base import (
    BackendError,
    ImpossibleError,
    Limits,
    Mount,
    SandboxState,
    Seen,
)
from twinhub_runner.backends.docker import DockerBackend
from twinhub_runner.identifiers import make_run_id

from tests.fixtures.engine import ENGINE, IMAGE, MEMORY, UID
from tests.fixtures.sandboxes import ONE, SECONDS, open_bench
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.sandboxes import Bench

pytestmark = pytest.mark.docker

HOG = "python3 -c 'x = bytearray(2 << 30); print(len(x))'"


@pytest.fixture(name="bench", params=["docker", "broker"])
def _bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with open_bench(request.param, tmp_path) as bench:
        yield bench


@pytest.fixture(name="empty_image")
def _empty_image() -> Iterator[str]:
    """An image with nothing in it."""
    archive, tag = io.BytesIO(), f"twinhub-test/empty-{uuid4().hex[:8]}:1"
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"))
    client = docker.from_env()
    client.api.import_image_from_data(archive.getvalue(), *tag.split(":"))
    yield tag
    client.images.remove(tag)
    client.close()


def test_want_of_memory_is_told_with_the_figure(bench: Bench) -> None:
    bench.start(ONE, HOG)
    seen = bench.wait_for(ONE, SandboxState.ENDED)
    assert (seen.status, seen.was_out_of_memory, seen.memory_bytes) == (137, True, MEMORY)


def test_image_of_a_sandbox_is_told_by_its_digest(bench: Bench) -> None:
    bench.start(ONE, "true")
    assert re.fullmatch("sha256:[0-9a-f]{64}", bench.wait_for(ONE, SandboxState.ENDED).image)


@pytest.mark.d4(48)
def test_sandbox_has_no_more_rights_than_a_workspace(bench: Bench) -> None:
    script = (
        "grep -E '^(Cap|NoNewPrivs|Uid)' /proc/self/status > status; ls -d /run/twinhub/*/* > seen"
    )
    bench.start(ONE, script)
    bench.wait_for(ONE, SandboxState.ENDED)
    lines = dict(line.split(":", 1) for line in (bench.work / "status").read_text().splitlines())
    found = {key: value.split() for key, value in lines.items()}
    assert {key: one for key, one in found.items() if key.startswith("Cap")} == {
        key: ["0" * 16] for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    }
    assert (found["NoNewPrivs"], found["Uid"]) == (["1"], [str(UID)] * 4)


def test_network_has_no_way_out_where_it_is_none(bench: Bench) -> None:
    bench.start(ONE, "ls /sys/class/net > nets")
    bench.wait_for(ONE, SandboxState.ENDED)
    assert (bench.work / "nets").read_text().split() == ["lo"]


def test_fork_bomb_stays_within_its_limit_and_ends_with_its_sandbox(bench: Bench) -> None:
    bomb = "bomb() { bomb | bomb & }; touch up; bomb; while :; do sleep 1; done"
    bench.backend.start(replace(bench.make(ONE, bomb), limits=Limits(processes=64)))
    wait_for((bench.work / "up").exists, seconds=SECONDS, what="it runs")
    other = f"{make_run_id()}-1"
    bench.start(other, "exit 4")
    assert bench.wait_for(other, SandboxState.ENDED).status == 4
    bench.backend.kill(ONE)
    bench.wait_for(ONE, SandboxState.VANISHED)
    for name in (ONE, other):
        bench.backend.remove(name)
    assert bench.backend.list_names() == frozenset()


def test_image_that_is_not_there_is_named(bench: Bench) -> None:
    spec = replace(bench.make(ONE, "true"), image="twinhub/no-such:1")
    with pytest.raises(ImpossibleError, match="twinhub/no-such:1"):
        bench.backend.start(spec)
    assert bench.backend.look(ONE).state is SandboxState.ABSENT


def test_what_is_to_be_mounted_and_is_gone_is_named_and_not_made(bench: Bench) -> None:
    spec = bench.make(ONE, "true")
    gone = bench.runs.parent / "common"
    spec = replace(spec, mounts=(*spec.mounts, Mount(gone, "/workspace/common")))
    with pytest.raises(ImpossibleError, match="/workspace/common is not there any more"):
        bench.backend.start(spec)
    assert not gone.exists()


def test_sandbox_whose_agent_cannot_begin_has_ended_and_is_not_lost(bench: Bench) -> None:
    spec = bench.make(ONE, "true")
    (spec.inside / "plan.json").write_text("no plan")
    bench.backend.start(spec)
    assert bench.wait_for(ONE, SandboxState.ENDED) == Seen(SandboxState.ENDED, 125, "not-begun")


def test_image_without_what_runs_need_is_refused_and_leaves_nothing(
    tmp_path: Path, empty_image: str
) -> None:
    with open_bench("docker", tmp_path) as bench:
        spec = replace(bench.make(ONE, "true"), image=empty_image)
        with pytest.raises(ImpossibleError, match="/usr/bin/python3"):
            bench.backend.start(spec)
        assert bench.backend.list_names() == frozenset()


def test_network_that_is_not_there_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with open_bench("docker", tmp_path) as bench:
        backend = DockerBackend(
            ENGINE, bench.runs, f"twinhub-{uuid4().hex[:8]}", IMAGE, UID, "no-such-network"
        )
        with pytest.raises(ImpossibleError, match="no-such-network"):
            backend.start(bench.make(ONE, "true"))
        assert backend.list_names() == frozenset()
        backend.close()


def test_engine_that_does_not_answer_is_asked_again_later(tmp_path: Path) -> None:
    backend = DockerBackend(f"unix://{tmp_path}/none", tmp_path, "twinhub", IMAGE, UID, "none")
    for ask in (backend.look, backend.stop, backend.kill, backend.remove):
        with pytest.raises(BackendError, match="Docker does not answer"):
            ask(ONE)
    backend.close()
