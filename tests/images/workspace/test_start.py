"""A start: threads, refused switches, tutorials, idle kernels, and the user's own hook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from tests.images.workspace.conftest import MakeVolume, StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = [pytest.mark.docker, pytest.mark.once]

HOME = "/home/twin"
HOOK = f"{HOME}/.config/twinhub/on-start.sh"
LOG = f"{HOME}/.local/state/twinhub/on-start.log"
START = "exec /opt/twinhub/bin/start-workspace"


def with_hook(script: str, *, before: str = "") -> list[str]:
    """Return a container's command that lays a start hook first."""
    lay = f'mkdir -p {HOME}/.config/twinhub && printf %s "$0" > {HOOK}'
    return ["sh", "-c", f"{before}{lay}; {START}", script]


def _log(workspace: Workspace, *, until: str) -> str:
    wait_for(
        lambda: until in workspace.attempt("tail", "-n", "3", LOG).output,
        seconds=60,
        what=f"the start hook's log says {until!r}",
    )
    return workspace.run("head", "-c", "3000", LOG)


def test_kernels_terminals_and_jobs_have_the_threads_of_the_quota(start: StartWorkspace) -> None:
    workspace = start(nano_cpus=1_500_000_000)
    code = "import os; print(os.environ['OPENBLAS_NUM_THREADS'])"
    assert workspace.execute(code) == "2\n"
    assert workspace.run("bash", "-lc", "echo $OMP_NUM_THREADS") == "2\n"
    workspace.run("sh", "-c", f'echo "{code}" > threads.py')
    assert workspace.run("twinhub-exec", "threads.py") == "2\n"


def test_threads_that_somebody_has_set_stay(start: StartWorkspace) -> None:
    workspace = start(environment={"MAX_NUM_THREADS": "3", "MKL_NUM_THREADS": "7"})
    names = "OMP_NUM_THREADS", "MKL_NUM_THREADS"
    code = f"import os; print(*map(os.environ.get, {names}))"
    assert workspace.execute(code) == "3 7\n"


def test_refused_switches_are_told_and_the_workspace_starts(start: StartWorkspace) -> None:
    workspace = start(environment={"VNC_PW": "s3cret", "WORKSPACE_SSL_ENABLED": "true"})
    log = workspace.container.logs().decode()
    assert "VNC_PW is not used" in log
    assert "site.tls" in log
    assert "s3cret" not in log
    assert workspace.execute("import os; print(os.environ.get('VNC_PW'))") == "None\n"


@pytest.mark.parametrize(("setting", "timeout"), [("true", 172800), ("90", 90), ("false", 0)])
def test_idle_kernels_end_after_the_time_that_is_set(
    workspace: Workspace, setting: str, timeout: int
) -> None:
    manager = _kernel_manager(workspace, setting)[0]
    assert manager.get("cull_idle_timeout", 0) == timeout
    assert manager.get("cull_busy", False) is False


def test_a_time_for_idle_kernels_that_is_none_is_told(workspace: Workspace) -> None:
    manager, told = _kernel_manager(workspace, "soon")
    assert manager == {}
    assert "SHUTDOWN_INACTIVE_KERNELS" in told


def _kernel_manager(workspace: Workspace, setting: str) -> tuple[dict[str, object], str]:
    code = (
        "import json; from traitlets.config import PyFileConfigLoader as Loader\n"
        "found = Loader('jupyter_server_config.py', '/opt/twinhub/server/etc/jupyter')\n"
        "print(); print(json.dumps(found.load_config().get('MappingKernelManager', {})))"
    )
    python = "/opt/twinhub/server/bin/python"
    output = workspace.run("env", f"SHUTDOWN_INACTIVE_KERNELS={setting}", python, "-Ic", code)
    told, _, found = output.strip().rpartition("\n")
    return json.loads(found), told


def test_an_idle_kernel_ends_although_a_page_shows_it_and_a_busy_one_goes_on(
    start: StartWorkspace,
) -> None:
    workspace = start(environment={"SHUTDOWN_INACTIVE_KERNELS": "2"})
    code = "import time; time.sleep(8); print('still here')"
    assert workspace.execute(code) == "still here\n"
    with workspace.client() as client:
        client.post("api/kernels", json={}).raise_for_status()
        wait_for(lambda: client.get("api/kernels").json() == [], seconds=60, what="it ends")


def test_tutorials_are_laid_once(make_volume: MakeVolume, start: StartWorkspace) -> None:
    volumes = {
        make_volume(): {"bind": HOME, "mode": "rw"},
        make_volume(): {"bind": "/workspace", "mode": "rw"},
    }
    first = start(volumes=volumes)
    assert len(first.run("ls", "/workspace/tutorials").split()) == 2
    first.run("sh", "-c", "rm /workspace/tutorials/1-*; rm ~/.local/share/twinhub/edition-*")
    first.container.remove(force=True)
    second = start(volumes=volumes)
    assert second.run("ls", "/workspace/tutorials").startswith("2-")


def test_tutorials_can_be_left_out(start: StartWorkspace) -> None:
    workspace = start(environment={"INCLUDE_TUTORIALS": "false"})
    assert "tutorials" not in workspace.run("ls", "/workspace")


@pytest.mark.parametrize("name", ["1-a-first-hour", "2-environments-that-last"])
def test_tutorial_runs_from_top_to_bottom(workspace: Workspace, name: str) -> None:
    result = workspace.attempt("twinhub-exec", f"/workspace/tutorials/{name}.ipynb")
    assert result.status == 0, result.output
    assert "rror" not in result.output.replace("largest error", "")


def test_without_a_hook_nothing_is_there(workspace: Workspace) -> None:
    assert workspace.attempt("ls", f"{HOME}/.local/state").status != 0


def test_hook_runs_with_its_output_and_exit_code_in_the_log(start: StartWorkspace) -> None:
    workspace = start(command=with_hook("echo to stdout; echo to stderr >&2; pwd; exit 3"))
    log = _log(workspace, until="exit code 3")
    assert "to stdout\nto stderr\n/home/twin\n" in log
    assert "exit code 3" in workspace.container.logs().decode()


def test_hook_that_hangs_delays_nothing_and_ends_with_its_children(start: StartWorkspace) -> None:
    script = "trap '' TERM\nsetsid sh -c 'trap \"\" TERM; sleep 4321' & sleep 4322"
    workspace = start(command=with_hook(script), environment={"TWINHUB_HOOK_SECONDS": "3"})
    assert "was stopped after 3 seconds" in _log(workspace, until="was stopped")
    assert workspace.attempt("pgrep", "-xf", "sleep 432[12]").output == ""


def test_what_a_hook_leaves_running_stays(start: StartWorkspace) -> None:
    workspace = start(command=with_hook("sleep 4323 & echo begun"))
    assert "begun" in _log(workspace, until="exit code 0")
    assert workspace.run("pgrep", "-xf", "sleep 4323")


def test_log_of_a_hook_is_bounded(start: StartWorkspace) -> None:
    workspace = start(command=with_hook("head -c 5000000 /dev/zero | tr '\\0' x; exit 4"))
    _log(workspace, until="exit code 4")
    assert int(workspace.run("stat", "-c", "%s", LOG)) < 1_001_000
    assert "it is full" in workspace.run("tail", "-n", "2", LOG)


@pytest.mark.parametrize(
    ("trap", "told"),
    [
        pytest.param(f"mkfifo {HOOK}", "is not a file", id="hook a FIFO"),
        pytest.param(f"mkdir {HOOK}", "is not a file", id="hook a folder"),
        pytest.param(f"ln -s /dev/zero {HOOK}", "is not a file", id="hook a device"),
        pytest.param(f"echo echo ran > {HOOK}; mkfifo {LOG}", "", id="log a FIFO"),
        pytest.param(f"echo echo ran > {HOOK}; ln -s ~/victim {LOG}", "", id="log a link"),
    ],
)
def test_nothing_in_place_of_hook_or_log_hangs_or_is_written_to(
    start: StartWorkspace, trap: str, told: str
) -> None:
    folders = f"mkdir -p {HOME}/.config/twinhub {HOME}/.local/state/twinhub; echo mine > ~/victim; "
    workspace = start(command=["sh", "-c", f"{folders}{trap}; {START}"])
    log = _log(workspace, until=told or "exit code 0")
    assert told or "ran" in log
    assert workspace.run("cat", f"{HOME}/victim") == "mine\n"


def test_hook_that_cannot_be_logged_is_told_in_the_workspaces_log(start: StartWorkspace) -> None:
    fill = f"echo 'echo ran; exit 5' > {HOOK}; cat /dev/zero > ~/fill 2> /dev/null"
    command = f"mkdir -p {HOME}/.config/twinhub; {fill}; {START}"
    workspace = start(
        command=["sh", "-c", command], tmpfs={HOME: "size=64k,uid=1000,gid=1000,mode=0700"}
    )
    wait_for(
        lambda: b"exit code 5" in workspace.container.logs(), seconds=60, what="the log says it"
    )
