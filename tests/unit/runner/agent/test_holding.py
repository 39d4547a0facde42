"""Whatever a twin lays in the way of its agent, it is seen that the agent lives."""

from __future__ import annotations

import errno
import signal
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_runner.agents import find_agent

from tests.fixtures.waiting import wait_for
from tests.unit.runner.agent.sandboxes import END_SECONDS, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes

_ON = {"main": {"command": ["sh", "-c", "echo up; exec sleep 987"]}}
_TRACE = """\
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print("traced" if libc.ptrace(16, 1, 0, 0) == 0 else ctypes.get_errno(), flush=True)
try:
    open("/proc/1/mem", "r+b")
except OSError as error:
    print(error.errno, flush=True)
"""


@pytest.fixture(name="sandbox")
def _sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


@pytest.mark.parametrize("trick", ["ln -s ../in/lock ../out/hidden", "mkfifo ../out/hidden"])
def test_links_and_pipes_hide_no_agent_and_hold_it_up_nowhere(sandbox: Sandbox, trick: str) -> None:
    other = {"command": ["sh", "-c", f"{trick}; exit 3"], "essential": False}
    sandbox.start({**_ON, "other": other})
    sandbox.wait_for_event("exited")
    wait_for(lambda: len(sandbox.texts("twin")) == 1, seconds=END_SECONDS, what="it is told")
    assert find_agent(sandbox.folder / "in") is not None
    sandbox.tell(signal.SIGTERM)
    assert sandbox.wait() == (143, "stopped")


def test_an_input_that_is_a_link_to_the_lock_hides_no_agent(sandbox: Sandbox) -> None:
    work = sandbox.folder / "work"
    work.mkdir()
    (work / "src").symlink_to("../in/lock")
    process: dict[str, Any] = {
        "command": ["touch", "made"], "folder": str(work), "after": [], "variables": {},
        "ready": {}, "restart": "never", "essential": True,
        "stop": {"signal": "SIGTERM", "command": None, "grace": 5},
    }  # fmt: skip
    step = {
        "name": "make", "inputs": ["src"], "outputs": ["made"], "time_limit": None,
        "process": process, "twin": str(work),
    }  # fmt: skip
    sandbox.start(_ON, build=[step])
    sandbox.wait_for_line("up")
    assert find_agent(sandbox.folder / "in") is not None
    sandbox.tell(signal.SIGTERM)
    assert sandbox.wait() == (143, "stopped")


def test_a_template_that_is_a_link_to_the_lock_is_refused(sandbox: Sandbox) -> None:
    work = sandbox.folder / "work"
    work.mkdir()
    (work / "template").symlink_to("../in/lock")
    made = {"to": "made", "text": None, "render": "template", "executable": False}
    files = {"folder": str(work), "made": [made], "values": {}}
    assert sandbox.run(_ON, files=files) == (125, "not-started")
    assert any("Permission denied" in line for line in sandbox.texts("twin"))


def test_nobody_in_a_sandbox_traces_its_agent_or_writes_its_memory(sandbox: Sandbox) -> None:
    sandbox.options, sandbox.words = ("--cap-drop", "ALL"), ("core=0",)  # as when it is not root's
    assert sandbox.run({"main": {"command": ["/usr/bin/python3", "-c", _TRACE]}}) == (0, "ended")
    assert sandbox.texts() == [str(errno.EPERM), str(errno.EACCES)]
