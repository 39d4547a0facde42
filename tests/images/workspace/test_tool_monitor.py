"""The resource monitor in a container: its figures are the container's, and none the host's."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from tests.images.starting import StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = [pytest.mark.docker, pytest.mark.once]

_MEMORY = 512 * 2**20
_HOG = "x = bytearray(2 * 2**30); print(len(x))"


@pytest.fixture
def small(start: StartWorkspace) -> Workspace:
    """A workspace of half a core and half a gibibyte."""
    return start(mem_limit=_MEMORY, memswap_limit=_MEMORY, nano_cpus=500_000_000)


def _figures(workspace: Workspace) -> Any:  # noqa: ANN401 - JSON
    with workspace.client() as client:
        answer = client.get("monitor/figures", timeout=60)
    assert answer.status_code == HTTPStatus.OK, answer.text
    return answer.json()


def test_figures_are_those_of_the_containers_control_group(small: Workspace) -> None:
    figures = _figures(small)
    stats = small.container.stats(stream=False)
    assert isinstance(stats, dict)
    assert figures["memory"]["limit"] == _MEMORY == stats["memory_stats"]["limit"]
    assert figures["cpu"]["limit"] == 0.5
    used, docker_says = figures["memory"]["used"], stats["memory_stats"]["usage"]
    assert abs(used - docker_says) < 0.4 * docker_says
    assert figures["memory"]["peak"] is None or figures["memory"]["peak"] >= used * 0.9
    assert figures["cpu"]["seconds"] <= stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9


def test_processes_are_the_containers_alone_and_its_first_ones_cannot_be_ended(
    small: Workspace,
) -> None:
    processes = {one["pid"]: one for one in _figures(small)["processes"]}
    assert not any("pytest" in one["command"] for one in processes.values())
    assert len(processes) < 10
    assert processes[1]["name"] == "tini"
    assert not processes[1]["can_end"]
    with small.client() as client:
        wish = {"pid": 1, "started": processes[1]["started"]}
        mark = {"X-TwinHub-Monitor": "1"}
        assert client.post("monitor/end", json=wish).status_code == HTTPStatus.FORBIDDEN
        answer = client.post("monitor/end", json=wish, headers=mark)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "stands on this process" in answer.json()["message"]


def test_process_that_was_ended_for_its_memory_is_counted(small: Workspace) -> None:
    assert _figures(small)["memory"]["kills"] == 0
    assert small.attempt("/usr/bin/python3", "-c", _HOG).status != 0
    wait_for(
        lambda: _figures(small)["memory"]["kills"] == 1, seconds=20, what="the kill is counted"
    )
