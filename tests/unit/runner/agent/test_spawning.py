"""Processes that the agent starts, whatever those that run already do to them."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from twinhub_agent.usage import LOAD_SECONDS

from tests.fixtures.waiting import wait_for
from tests.unit.runner.agent.sandboxes import END_SECONDS, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes

_STOP_ALL = """\
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
while True:
    try:
        os.kill(-1, signal.SIGSTOP)
    except ProcessLookupError:
        pass
"""


def test_a_twin_that_stops_all_that_is_started_does_not_hold_its_agent_up(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    stopper = {"command": ["/usr/bin/python3", "-c", _STOP_ALL], "stop": {"grace": 1}}
    sandbox.start({"main": stopper})
    sandbox.wait_for_line("up")
    for number in range(5):  # most are stopped before they are their program
        sandbox.ask(f"command-{number}", ["true"])
    asked, load = time.time(), tmp_path / "out/load.json"
    wait_for(
        lambda: load.exists() and load.stat().st_mtime > asked + 2 * LOAD_SECONDS,
        seconds=END_SECONDS, what="the agent looks on",
    )  # fmt: skip
    sandbox.tell(signal.SIGTERM)
    assert sandbox.wait() == (143, "stopped")
