"""A sandbox that nobody limits is held to its memory by its first process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.runner.agent.sandboxes import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes

MOST = 96 << 20
_HOLD = "import time\nheld = b'x' * ({0} << 20)\n"
_FORK = _HOLD + "import os\nfor _ in range(4):\n    os.fork()\ntime.sleep(1)\nprint('done')\n"


@pytest.fixture(name="sandbox")
def _sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path, words=(f"memory={MOST}",))


def python(script: str) -> dict[str, Any]:
    """A process that is a script of Python."""
    return {"command": ["/usr/bin/python3", "-I", "-c", script]}


def test_what_needs_more_is_killed_and_it_is_told_with_the_figure(sandbox: Sandbox) -> None:
    ended = sandbox.run({"main": python(_HOLD.format(300) + "time.sleep(60)")})
    assert ended == (137, "ended")
    assert json.loads((sandbox.folder / "out/out-of-memory.json").read_text()) == {"most": MOST}
    assert any("96 MiB of memory" in line and "python3" in line for line in sandbox.texts("twin"))


def test_all_processes_count_together_and_the_largest_is_killed(sandbox: Sandbox) -> None:
    small = python(_HOLD.format(20) + "time.sleep(4)\nprint('small')")
    large = python("import time\ntime.sleep(1)\n" + _HOLD.format(90) + "time.sleep(60)")
    ended = sandbox.run({"small": small, "large": {**large, "essential": False}})
    assert ended == (0, "ended")
    assert sandbox.texts("small") == ["small"]
    assert (sandbox.folder / "out/out-of-memory.json").exists()


def test_memory_that_forked_processes_share_counts_once(sandbox: Sandbox) -> None:
    ended = sandbox.run({"main": python(_FORK.format(40))})  # in 16 processes
    assert ended == (0, "ended"), sandbox.texts("twin")
    assert not (sandbox.folder / "out/out-of-memory.json").exists()


def test_memory_of_a_process_that_starts_another_one_counts_once(sandbox: Sandbox) -> None:
    script = (
        "import os, time\nos.mkfifo('door')\nheld = b'x' * (60 << 20)\nprint('up', flush=True)\n"
        "how = [(os.POSIX_SPAWN_OPEN, 0, 'door', os.O_RDONLY, 0)]\n"  # waits before it is true
        "os.posix_spawn('/bin/true', ['true'], {}, file_actions=how)\n"
    )
    door = {"command": ["sh", "-c", "sleep 2; echo > door"], "essential": False}
    ended = sandbox.run({"main": python(script), "door": door})
    assert ended == (0, "ended"), sandbox.texts("twin")
    assert not (sandbox.folder / "out/out-of-memory.json").exists()


def test_memory_that_is_shared_by_no_file_counts(sandbox: Sandbox) -> None:
    script = "import mmap, time\nheld = mmap.mmap(-1, 200 << 20)\nheld.write(b'x' * (200 << 20))\n"
    assert sandbox.run({"main": python(script + "time.sleep(60)")}) == (137, "ended")


def test_a_mapped_file_in_memory_counts_once(sandbox: Sandbox) -> None:
    sandbox.options = ("--tmpfs", "/dev/shm")  # noqa: S108 - the sandbox's own
    script = (
        "import mmap, time\nfile = open('/dev/shm/held', 'w+b')\n"
        "for _ in range(60):\n    file.write(b'x' * (1 << 20))\n"
        "file.flush()\nheld = mmap.mmap(file.fileno(), 0)\nlen(bytes(held[::4096]))\n"
    )
    assert sandbox.run({"main": python(script + "time.sleep(1)")}) == (0, "ended")


def test_files_in_memory_count(sandbox: Sandbox) -> None:
    sandbox.options = ("--tmpfs", "/dev/shm")  # noqa: S108 - the sandbox's own
    script = "head -c 100M /dev/zero > /dev/shm/held; sleep 60"
    assert sandbox.run_script(script) == (137, "ended")
    assert any("sh is killed" in line or "sleep" in line for line in sandbox.texts("twin"))


_ASIDE = """\
import ctypes, threading
def hold():
    held = b"x" * (300 << 20)
    threading.Event().wait()
threading.Thread(target=hold).start()
ctypes.CDLL(None).pthread_exit(None)
"""
_UNSEEN = (
    "import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n" + _HOLD.format(300) + "time.sleep(60)"
)
_TABLES = """\
import ctypes, mmap, time
held = mmap.mmap(-1, 1 << 37, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ)
held.madvise(15)  # no huge pages
for at in range(0, 1 << 37, 2 << 20):
    held[at]
time.sleep(60)
"""


@pytest.mark.parametrize("script", [_ASIDE, _UNSEEN, _TABLES])
def test_memory_cannot_be_hidden(sandbox: Sandbox, script: str) -> None:
    """By ending the first thread, by letting nobody look, in page tables."""
    sandbox.options = ("--cap-drop", "ALL")  # as when it is not root's
    assert sandbox.run({"main": python(script)}) == (137, "ended")


def test_as_many_are_killed_at_once_as_have_too_much(sandbox: Sandbox) -> None:
    script = (
        "import os, time\nfor _ in range(19):\n    if not os.fork():\n        break\n"
        "held = b'x' * (20 << 20)\ntime.sleep(3)\nprint('left')\n"
    )
    sandbox.run({"first": python("import time\ntime.sleep(4)"), "main": python(script)})
    assert len(sandbox.texts("main")) <= 4, "the others have no room"


def test_the_name_of_what_is_killed_is_one_line(sandbox: Sandbox) -> None:
    name = "import ctypes\nctypes.CDLL(None).prctl(15, b'a\\nrun is well', 0, 0, 0)\n"
    sandbox.run({"main": python(name + _HOLD.format(300) + "time.sleep(60)")})
    assert any("a?run is well is killed" in line for line in sandbox.texts("twin"))
