"""The monitor's figures: of this container's control group, in both of its versions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from twinhub_lab.monitor.figures import Cpu, Group, Memory
from twinhub_lab.monitor.look import Looker, disks, end_process

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECOND = {
    "cgroup.controllers": "cpu memory",
    "memory.current": "3000",
    "memory.stat": "anon 1500\ninactive_file 1000\n",
    "memory.max": "8000",
    "memory.peak": "5000",
    "memory.events": "low 0\noom 3\noom_kill 2\n",
    "cpu.stat": "usage_usec 2500000\nthrottled_usec 500000\n",
    "cpu.max": "150000 100000",
}
_FIRST = {
    "memory/memory.usage_in_bytes": "3000",
    "memory/memory.stat": "cache 1500\ntotal_inactive_file 1000\n",
    "memory/memory.limit_in_bytes": "8000",
    "memory/memory.max_usage_in_bytes": "5000",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    "cpu/cpu.cfs_quota_us": "150000",
    "cpu/cpu.cfs_period_us": "100000",
    "cpu/cpu.stat": "nr_periods 9\nthrottled_time 500000000\n",
    "cpuacct/cpuacct.usage": "2500000000",
}


def _lay(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize("files", [_FIRST, _SECOND], ids=["version 1", "version 2"])
def test_both_versions_say_the_same(tmp_path: Path, files: dict[str, str]) -> None:
    group = Group(_lay(tmp_path, files), {})
    assert group.memory() == Memory(used=2000, limit=8000, peak=5000, kills=2)
    assert group.cpu() == Cpu(seconds=2.5, limit=1.5, throttled_seconds=0.5)


@pytest.mark.parametrize(
    "unlimited",
    [
        _SECOND | {"memory.max": "max", "cpu.max": "max 100000"},
        _FIRST | {"memory/memory.limit_in_bytes": str(2**63 - 4096), "cpu/cpu.cfs_quota_us": "-1"},
    ],
    ids=["version 2", "version 1"],
)
def test_without_a_limit_the_hubs_word_holds(tmp_path: Path, unlimited: dict[str, str]) -> None:
    root = _lay(tmp_path, unlimited)
    assert (Group(root, {}).memory().limit, Group(root, {}).cpu().limit) == (None, None)
    said = Group(root, {"MEM_LIMIT": "4096", "CPU_LIMIT": "2.0"})
    assert (said.memory().limit, said.cpu().limit) == (4096, 2.0)


def test_what_the_kernel_does_not_say_is_unknown_and_never_the_hosts(tmp_path: Path) -> None:
    for files in ({}, {"cgroup.controllers": ""}):
        group = Group(_lay(tmp_path, files), {})
        assert group.memory() == Memory(used=None, limit=None, peak=None, kills=None)
        assert group.cpu() == Cpu(seconds=None, limit=None, throttled_seconds=None)


def test_look_has_processes_and_disks(tmp_path: Path) -> None:
    looker = Looker(Group(_lay(tmp_path, _SECOND), {}), [tmp_path])
    looker.look()
    look = json.loads(json.dumps(looker.look()))
    assert look["cpu"]["cores"] == 0
    assert look["memory"]["used"] == 2000
    assert look["disks"][0]["total"] >= look["disks"][0]["free"]
    assert os.getpid() in [process["pid"] for process in look["processes"]]


def test_disk_is_counted_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    found = disks([tmp_path, tmp_path / "a", tmp_path / "missing"])
    assert [one["is_shared"] for one in found] == [False, True]


def test_own_process_is_ended_and_the_workspaces_are_not() -> None:
    with subprocess.Popen(["sleep", "60"]) as sleep:
        started = psutil.Process(sleep.pid).create_time()
        assert not end_process(sleep.pid, started + 5)
        assert end_process(sleep.pid, started)
        sleep.wait(timeout=10)
    assert not end_process(sleep.pid, started)
    for pid in (1, os.getpid(), os.getppid()):
        with pytest.raises(PermissionError):
            end_process(pid, psutil.Process(pid).create_time())


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[httpx.Client]:
    """The monitor, as it is started in a workspace."""
    socket = tmp_path / "socket"
    command = [sys.executable, "extensions/lab/twinhub_lab/monitor", str(socket)]
    with subprocess.Popen(command) as run:
        wait_for(socket.is_socket, seconds=20, what="the monitor listens")
        transport = httpx.HTTPTransport(uds=str(socket))
        with httpx.Client(transport=transport, base_url="http://monitor") as client:
            yield client
        run.terminate()


def test_page_asks_nobody_else(monitor: httpx.Client) -> None:
    page = monitor.get("/")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http" not in page.text + monitor.get("/page.js").text + monitor.get("/page.css").text
    assert monitor.get("/../server.py").status_code == 404
    assert monitor.get("/figures").json()["interval_seconds"] == 2


def test_processes_are_ended_by_the_page_only(monitor: httpx.Client) -> None:
    with subprocess.Popen(["sleep", "60"]) as sleep:
        body = {"pid": sleep.pid, "started": psutil.Process(sleep.pid).create_time()}
        assert monitor.post("/end", json=body).status_code == 403
        mark = {"X-TwinHub-Monitor": "1"}
        assert monitor.post("/end", json={"pid": "x"}, headers=mark).status_code == 400
        assert monitor.post("/end", json=body | {"pid": 1}, headers=mark).status_code == 404
        assert monitor.post("/end", json=body, headers=mark).status_code == 204
        sleep.wait(timeout=10)
