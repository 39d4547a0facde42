"""What a workspace of the process mode has in place, and what of the host it does not see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from zipfile import ZipFile

import psutil
import pytest
from twinhub_hub.sandbox.processes import find_sandboxes

from tests.integration.process_mode.conftest import USER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.hub_client import HubClient
    from tests.fixtures.installation import TestInstallation
    from tests.integration.process_mode.shell import Shell

pytestmark = pytest.mark.slow


def _processes(there: TestInstallation) -> list[psutil.Process]:
    """Every process of the installation's sandboxes."""
    roots = [psutil.Process(found.process.pid) for found in find_sandboxes(there.home / "homes")]
    return [process for root in roots for process in (root, *root.children(recursive=True))]


async def test_a_file_lands_in_the_users_folder_with_the_installations_uid(
    shell: Shell, process_installation: TestInstallation
) -> None:
    assert await shell.output("pwd; echo written > data/result.txt") == "/workspace"
    result = process_installation.folder(USER) / "data" / "result.txt"
    assert result.read_text() == "written\n"
    assert str(result.stat().st_uid) == process_installation.setting("uid")
    assert str(result.stat().st_gid) == process_installation.setting("uid")


@pytest.mark.d4(24)
async def test_common_assets_are_there_and_read_only(shell: Shell) -> None:
    assert "heated-tank" in await shell.output("ls /workspace/common/digital_twins")
    done = await shell.run("touch common/x || rm -r common/data || mv common other")
    assert done.status != 0
    assert "Read-only file system" in done.errors
    assert "busy" in done.errors


@pytest.mark.d4(50)
async def test_nothing_else_of_the_host_can_be_seen(
    shell: Shell, process_installation: TestInstallation
) -> None:
    home = process_installation.home
    other = process_installation.folder("bob")
    other.mkdir(exist_ok=True)
    (other / "only-bobs.txt").write_text("private")
    hidden = [home, other, "/root", "/var/run/docker.sock", "/run/docker.sock", "/etc/shadow"]
    for path in hidden:
        assert (await shell.run(f"test -e {path}")).status != 0, path
    found = await shell.output(
        "find / -xdev \\( -name only-bobs.txt -o -name cookie_secret -o -name jupyterhub.sqlite "
        "-o -name docker.sock \\) 2>/dev/null; find /home /workspace -name only-bobs.txt; true"
    )
    assert found == ""
    assert await shell.output("ls /home; ls /run") == "twin"


async def test_processes_of_the_host_cannot_be_seen(shell: Shell) -> None:
    shown = await shell.output("ps -eo comm=")
    assert set(shown.split()) <= {"bwrap", "python", "bash", "ps"}


async def test_a_workspace_has_no_privileges_and_no_way_to_them(
    shell: Shell, process_installation: TestInstallation
) -> None:
    text = await shell.output("cat /proc/self/status; id -u; id -G; ulimit -c")
    status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    uid = process_installation.setting("uid")
    assert text.splitlines()[-3:] == [uid, uid, "0"]
    assert status["NoNewPrivs"] == "1"
    assert {status[key] for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}


async def test_the_programs_cannot_be_changed(shell: Shell) -> None:
    done = await shell.run("for at in / /etc /opt/twinhub/server /usr; do touch $at/x; done")
    assert done.errors.count("Read-only file system") == 4


async def test_the_environment_is_the_images_and_nothing_of_the_hubs(shell: Shell) -> None:
    names = set((await shell.output("env -0 | cut -z -d= -f1 | tr '\\0' ' '")).split())
    assert {"PATH", "TWINHUB_ENVIRONMENT", "JUPYTERHUB_API_TOKEN"} <= names
    assert not names & {"TWINHUB_HOME", "TWINHUB_PORT", "TWINHUB_DIGEST", "VIRTUAL_ENV"}


@pytest.mark.d4(7)
async def test_no_argument_and_no_log_shows_a_token(
    shell: Shell, process_installation: TestInstallation
) -> None:
    token = await shell.output("echo $JUPYTERHUB_API_TOKEN")
    assert len(token) >= 32
    arguments = [word for process in psutil.process_iter() for word in _arguments(process)]
    assert not [word for word in arguments if token in word]
    for log in (process_installation.home / "logs").glob("*.log*"):
        assert token not in log.read_text("utf-8", "replace"), log


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


async def test_everything_listens_on_loopback_only(
    shell: Shell, process_installation: TestInstallation
) -> None:
    await shell.output("true")
    supervised = [psutil.Process(pid) for pid in process_installation.pids().values()]
    of_sandbox = {process.pid for process in _processes(process_installation)}
    listening = {
        (connection.pid, str(connection.laddr).split("'")[1])
        for connection in psutil.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    ours = of_sandbox | {process.pid for process in supervised}
    assert {address for pid, address in listening if pid in ours} == {"127.0.0.1"}
    assert of_sandbox & {pid for pid, _ in listening}, "the workspace itself listens"


async def test_an_installed_package_survives_a_restart(
    client: HubClient, shell: Shell, process_installation: TestInstallation
) -> None:
    wheel = _make_wheel(process_installation.folder(USER))
    await shell.output(f"pip install --no-index --force-reinstall {wheel}")
    client.stop()
    client.start()
    program = "import kept, numpy; print(kept.__file__, numpy.__file__)"
    ours, numpy = (await shell.output(f'python -c "{program}"')).split()
    assert ours.startswith("/home/twin/.local/share/twinhub/")
    assert numpy.startswith("/opt/twinhub/science/")


def _make_wheel(folder: Path) -> str:
    name = "kept-1.0-py3-none-any.whl"
    meta = "Metadata-Version: 2.1\nName: kept\nVersion: 1.0\n"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with ZipFile(folder / name, "w") as file:
        file.writestr("kept.py", "")
        file.writestr("kept-1.0.dist-info/METADATA", meta)
        file.writestr("kept-1.0.dist-info/WHEEL", wheel)
        file.writestr("kept-1.0.dist-info/RECORD", "")
    (folder / name).chmod(0o644)
    return name


async def test_the_notebook_kernel_of_the_image_is_the_default(client: HubClient) -> None:
    client.get(f"{client.workspace}/lab")
    specs = json.loads(client.get(f"{client.workspace}/api/kernelspecs").text)
    assert specs["default"] == "python3"
    assert specs["kernelspecs"]["python3"]["spec"]["display_name"] == "Python 3 (TwinHub)"


async def test_jobs_and_lasting_environments_work_without_an_engine(shell: Shell) -> None:
    await shell.output("echo 'import numpy, os; print(os.environ[\"OMP_NUM_THREADS\"])' > job.py")
    assert int(await shell.output("twinhub-exec job.py")) >= 1
    await shell.output("twinhub-env create mine --with-science")
    assert "mine" in await shell.output("twinhub-env list; ls ~/.local/share/jupyter/kernels")
    assert "tutorials" in await shell.output("ls /workspace")
    await shell.output("twinhub-env remove mine; twinhub-reset --yes --dotfiles")
