"""The home: prepared once, never overwritten, and never a reason not to start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.images.workspace.running import SERVER_PYTHON
from tests.images.workspace.wheels import make_wheel

if TYPE_CHECKING:
    from tests.images.workspace.conftest import MakeVolume, StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = [pytest.mark.docker, pytest.mark.once]

HOME = "/home/twin"
STATE = f"{HOME}/.local/share/twinhub"
INSTALL = ("pip", "install", "--no-index", "--quiet")
FILL_FIRST = ["sh", "-c", "echo x > ~/fill; exec /opt/twinhub/bin/start-workspace"]
OWNER = "uid=1000,gid=1000,mode=0700"


def test_fresh_volume_belongs_to_the_user(make_volume: MakeVolume, start: StartWorkspace) -> None:
    workspace = start(volumes={make_volume(): {"bind": HOME, "mode": "rw"}})
    uid = workspace.run("id", "-u")
    assert workspace.run("stat", "-c", "%u", HOME, "/workspace", "/workspace/common") == uid * 3


def test_empty_home_gets_the_defaults(start: StartWorkspace) -> None:
    workspace = start(tmpfs={HOME: OWNER})
    assert ".bashrc" in workspace.run("ls", "-A", HOME)


def test_changed_and_removed_defaults_stay_that_way(
    make_volume: MakeVolume, start: StartWorkspace
) -> None:
    volumes = {make_volume(): {"bind": HOME, "mode": "rw"}}
    first = start(volumes=volumes)
    first.run("sh", "-c", "echo mine > ~/.bashrc && rm ~/.profile")
    first.container.remove(force=True)
    second = start(volumes=volumes)
    assert second.run("cat", f"{HOME}/.bashrc") == "mine\n"
    assert ".profile" not in second.run("ls", "-A", HOME)


def test_home_of_an_image_without_records_still_starts_with_what_it_has(
    make_volume: MakeVolume, start: StartWorkspace
) -> None:
    volumes = {make_volume(): {"bind": HOME, "mode": "rw"}}
    first = start(volumes=volumes)
    first.run(*INSTALL, first.put(*make_wheel("probe", "1.0", "")))
    first.run("sh", "-c", f"cd {STATE}; rm edition-* defaults .lock; echo earlier > edition")
    first.run("sh", "-c", "echo mine > ~/.bashrc; rm ~/.profile")
    first.run("sh", "-c", 'echo broken > "$TWINHUB_ENVIRONMENT/pyvenv.cfg"')
    first.container.remove(force=True)
    second = start(volumes=volumes)
    assert second.run("cat", f"{HOME}/.bashrc") == "mine\n"
    assert ".profile" not in second.run("ls", "-A", HOME).split()
    assert ".bashrc.twinhub-new" in second.container.logs().decode()
    assert second.execute("import numpy, probe; print('works')") == "works\n"


def test_unchanged_default_of_an_earlier_image_is_replaced(
    make_volume: MakeVolume, start: StartWorkspace
) -> None:
    volumes = {make_volume(): {"bind": HOME, "mode": "rw"}}
    first = start(volumes=volumes)
    present = first.run("cat", f"{HOME}/.bashrc")
    first.run(
        "sh",
        "-c",
        f"cd {STATE}; rm edition-*; echo earlier > ~/.bashrc; rm ~/.profile\n"
        'digest=$(sha256sum < ~/.bashrc); echo "${digest%  -}  skel/.bashrc" > defaults\n'
        'echo "0  skel/.profile" >> defaults',
    )
    first.container.remove(force=True)
    second = start(volumes=volumes)
    assert second.run("cat", f"{HOME}/.bashrc") == present
    assert ".profile" not in second.run("ls", "-A", HOME).split()


def test_starts_at_the_same_time_leave_one_whole_home(
    make_volume: MakeVolume, start: StartWorkspace
) -> None:
    workspace = start(volumes={make_volume(): {"bind": HOME, "mode": "rw"}})
    prepare = f"{SERVER_PYTHON} -I -S /opt/twinhub/programs/run.py prepare"  # as a start does it
    begin = f"{prepare} 2>> /tmp/told || echo failed >> /tmp/told & "
    mark = "export TWINHUB_MARK=edition-$(cat /opt/twinhub/edition)"
    rounds = f"for i in 1 2 3; do rm -f edition-*; {begin * 6} wait; done"
    workspace.run("bash", "-c", f"{mark}; cd {STATE}; {rounds}")
    assert workspace.run("cat", "/tmp/told") == ""  # noqa: S108 - in the container
    names = workspace.run("sh", "-c", 'ls -A ~/.local/share/twinhub "$TWINHUB_ENVIRONMENT"')
    assert ".new" not in names
    assert names.count("edition-") == 1
    assert workspace.execute("import sys; print(sys.prefix)").startswith(HOME)


@pytest.mark.parametrize(
    "trap",
    [
        "mkfifo {}", "ln -s /dev/zero {}", "ln -s ~/victim {}", "mkdir -p {}/full",
        "truncate -s 50G {}",
    ],
)  # fmt: skip
@pytest.mark.timeout(120)
def test_nothing_in_the_home_hangs_a_start_or_leads_it_elsewhere(
    workspace: Workspace, trap: str
) -> None:
    """Every file that a start reads or writes, and then the folder that holds most of them."""
    names = (
        "edition", "defaults", "$TWINHUB_MARK", "environments", "../../../.bashrc",
        "$TWINHUB_ENVIRONMENT/pyvenv.cfg", "$TWINHUB_ENVIRONMENT/bin/pip",
        "$TWINHUB_ENVIRONMENT/bin/python", "$TWINHUB_ENVIRONMENT/.new", ".lock",
    )  # fmt: skip
    begin = "timeout 60 start-workspace --version > /dev/null || echo failed"
    steps = [
        *(f'rm -rf "{name}"; {trap.format(_quoted(name))}' for name in names),
        'if [ -f "$TWINHUB_MARK" ]; then rm "$TWINHUB_MARK"; fi',
        begin,
        f'rm -r "$TWINHUB_ENVIRONMENT"; {trap.format(_quoted("$TWINHUB_ENVIRONMENT"))}',
        begin,
    ]
    program = (
        "exec 2>&1; export HOME=$(mktemp -d) TWINHUB_MARK=edition-$(cat /opt/twinhub/edition)\n"
        "export TWINHUB_ENVIRONMENT=$HOME/.local/share/twinhub/python-3.11; echo mine > ~/victim\n"
        "timeout 60 start-workspace --version > /dev/null; cd ~/.local/share/twinhub\n"
        + "\n".join(steps)
        + '\n"$TWINHUB_ENVIRONMENT/bin/python" -c "import numpy, sys; print(sys.prefix)"'
        + "\ncat ~/victim; ls /dev/zero"
    )
    output = workspace.run("bash", "-c", program)
    assert "failed" not in output
    assert "Traceback" not in output
    assert "cannot be written" not in output
    assert output.endswith("/twinhub/python-3.11\nmine\n/dev/zero\n")


def _quoted(name: str) -> str:
    return f'"{name}"'


@pytest.mark.d4(54)
@pytest.mark.parametrize(
    "home",
    [
        pytest.param({"tmpfs": {HOME: f"size=4k,{OWNER}"}, "command": FILL_FIRST}, id="full"),
        pytest.param({"tmpfs": {HOME: f"ro,{OWNER}"}}, id="read-only"),
        pytest.param({"tmpfs": {HOME: "uid=0,gid=0,mode=0755"}}, id="of another user"),
        pytest.param({"read_only": True, "tmpfs": {"/tmp": ""}}, id="read-only with all else"),  # noqa: S108
    ],
)
def test_workspace_and_kernel_start_whatever_is_wrong_with_the_home(
    start: StartWorkspace, home: dict[str, Any]
) -> None:
    workspace = start(**home)
    assert workspace.execute("import numpy, sys; print(sys.prefix)") == "/opt/twinhub/science\n"
    log = workspace.container.logs().decode()
    assert "/home/twin cannot be written" in log
    assert "Traceback" not in log


def test_full_home_that_was_prepared_before_keeps_its_packages(start: StartWorkspace) -> None:
    workspace = start(tmpfs={HOME: f"size=1m,{OWNER}"})
    fill = "cat /dev/zero > ~/fill; [ -s ~/fill ]"
    workspace.run("sh", "-c", fill)
    assert workspace.run("/opt/twinhub/bin/start-workspace", "--version")
    assert workspace.execute("import sys; print(sys.prefix)").startswith(HOME)
