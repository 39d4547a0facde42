"""The sandbox alone, under real bubblewrap, for an operator who is root and for one who is not."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.sandbox.command import Sandbox, sandbox_command
from twinhub_hub.sandbox.processes import (
    SandboxProcess,
    find_sandboxes,
    identify,
    is_alive,
    is_serving,
    stop_sandbox,
)

from tests.fixtures.requirements import missing
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("sandboxes_work")

_UID = 54321
_OTHER = 54322
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/home/twin"}
_SECONDS = 20


@pytest.fixture
def folders() -> Iterator[Path]:
    """The folders that a sandbox shows, where an operator who is not root reaches them too."""
    root = Path(tempfile.mkdtemp(prefix="tp-"))
    root.chmod(0o755)
    for name in ("edition/opt/bin", "edition/etc", "homes/alice", "alice/common", "common"):
        (root / name).mkdir(parents=True)
    (root / "edition/etc/passwd").write_text(f"twin:x:{_UID}:{_UID}::/home/twin:/bin/bash\n")
    (root / "common/shared.txt").write_text("for everybody")
    yield root
    shutil.rmtree(root)


def _sandbox(root: Path) -> Sandbox:
    return Sandbox(
        edition=root / "edition",
        home=root / "homes" / "alice",
        private=root / "alice",
        common=root / "common",
        uid=_UID,
        shared_memory=2**20,
    )


@pytest.fixture(params=["root", "user"])
def prefix(request: pytest.FixtureRequest, folders: Path) -> list[str]:
    """What comes before the command of an operator: nothing for root, else another uid."""
    if os.geteuid() != 0:
        missing("not root", "run this test as root")
    owner = _UID if request.param == "root" else _OTHER
    for name in ("homes/alice", "alice", "alice/common"):
        os.chown(folders / name, owner, owner)
        (folders / name).chmod(0o700)
    if request.param == "root":
        return []
    return ["setpriv", f"--reuid={_OTHER}", f"--regid={_OTHER}", "--clear-groups", "--"]


def _run(root: Path, prefix: list[str], script: str) -> subprocess.CompletedProcess[str]:
    operator = _OTHER if prefix else 0
    command = sandbox_command(_sandbox(root), ["sh", "-c", script], operator_uid=operator)
    return subprocess.run(
        [*prefix, *command], env=_ENVIRONMENT, text=True, capture_output=True, check=False
    )


def test_both_kinds_of_operator_get_the_same_user_without_privileges(
    folders: Path, prefix: list[str]
) -> None:
    done = _run(folders, prefix, "id -un; id -u; id -G; pwd; hostname; cat /proc/self/status")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:5] == ["twin", str(_UID), str(_UID), "/workspace", "workspace"]
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert {status[key] for key in ("CapPrm", "CapEff", "CapBnd", "CapInh")} == {"0" * 16}


def test_files_belong_to_the_uid_of_the_installation_or_to_the_operator(
    folders: Path, prefix: list[str]
) -> None:
    done = _run(folders, prefix, "touch made ~/made /tmp/made /dev/shm/made; cat common/shared.txt")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "for everybody"
    owner = _OTHER if prefix else _UID
    assert (folders / "alice/made").stat().st_uid == owner
    assert (folders / "homes/alice/made").stat().st_uid == owner


def test_only_the_folders_of_the_user_can_be_written(folders: Path, prefix: list[str]) -> None:
    script = "for at in / /etc /usr /opt/twinhub /workspace/common; do touch $at/x; done"
    done = _run(folders, prefix, script)
    assert done.stderr.count("Read-only file system") == 5, done.stderr


def test_shared_memory_is_limited(folders: Path, prefix: list[str]) -> None:
    done = _run(folders, prefix, "head -c 4M /dev/zero > /dev/shm/full")
    assert "No space left" in done.stderr


@pytest.fixture
def running(folders: Path) -> Iterator[SandboxProcess]:
    """A sandbox that ends neither by itself nor when it is asked."""
    os.chown(folders / "alice", _UID, _UID)
    script = "trap : TERM; echo started; while :; do sleep 1000; done"
    command = sandbox_command(_sandbox(folders), ["sh", "-c", script], operator_uid=os.geteuid())
    with subprocess.Popen(command, env=_ENVIRONMENT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (found,) = find_sandboxes(folders / "homes")
        assert found.label == "alice"
        assert found.edition == folders / "edition"
        yield found.process
        stop_sandbox(found.process, grace_seconds=0)


def test_a_sandbox_is_found_though_its_first_parent_was_killed(
    folders: Path, running: SandboxProcess
) -> None:
    parent = int(
        next(
            line.split()[1]
            for line in Path(f"/proc/{running.pid}/status").read_text().splitlines()
            if line.startswith("PPid:")
        )
    )
    os.kill(parent, signal.SIGKILL)
    assert [found.process for found in find_sandboxes(folders / "homes")] == [running]
    assert is_alive(running)
    assert find_sandboxes(folders / "elsewhere") == []


def test_a_sandbox_that_does_not_listen_is_killed_with_all_that_is_in_it(
    folders: Path, running: SandboxProcess
) -> None:
    assert stop_sandbox(running, grace_seconds=0.2)
    wait_for(lambda: not is_alive(running), seconds=_SECONDS, what="the end of the sandbox")
    assert find_sandboxes(folders / "homes") == []
    assert stop_sandbox(running, grace_seconds=0.2), "what has ended is stopped"


def test_a_sandbox_whose_server_has_ended_serves_no_longer_though_the_rest_lives(
    folders: Path,
) -> None:
    script = "setsid sleep 900 & echo started"
    command = sandbox_command(_sandbox(folders), ["sh", "-c", script], operator_uid=os.geteuid())
    subprocess.run(command, env=_ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)
    (found,) = find_sandboxes(folders / "homes")
    assert is_alive(found.process)
    assert not is_serving(found.process)
    assert stop_sandbox(found.process, grace_seconds=5)
    assert find_sandboxes(folders / "homes") == []


def test_another_process_with_the_same_pid_is_neither_believed_nor_harmed() -> None:
    with subprocess.Popen(["sleep", "600"]) as innocent:
        actual = identify(innocent.pid)
        assert actual is not None
        earlier = SandboxProcess(actual.pid, actual.started - 1, actual.boot)
        assert is_alive(actual)
        assert not is_alive(earlier)
        assert stop_sandbox(earlier, grace_seconds=0)
        assert innocent.poll() is None
        innocent.kill()


def test_a_process_that_died_without_being_reaped_is_not_alive() -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        kept = identify(process.pid)
        assert kept is not None
        process.kill()
        wait_for(lambda: not is_alive(kept), seconds=_SECONDS, what="its death")
