"""The home: prepared once, never overwritten, and never a reason not to start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.images.workspace.conftest import MakeVolume, StartWorkspace

pytestmark = [pytest.mark.docker, pytest.mark.once]

HOME = "/home/twin"
EDITION = f"{HOME}/.local/share/twinhub/edition"
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


def test_next_edition_adds_what_is_missing_and_keeps_the_rest(
    make_volume: MakeVolume, start: StartWorkspace
) -> None:
    volumes = {make_volume(): {"bind": HOME, "mode": "rw"}}
    first = start(volumes=volumes)
    first.run("sh", "-c", f"echo earlier > {EDITION}; echo mine > ~/.bashrc; rm ~/.profile")
    first.run("sh", "-c", 'echo broken > "$TWINHUB_ENVIRONMENT/pyvenv.cfg"')
    first.container.remove(force=True)
    second = start(volumes=volumes)
    assert second.run("cat", f"{HOME}/.bashrc") == "mine\n"
    assert ".profile" in second.run("ls", "-A", HOME)
    assert second.execute("import numpy; print('works')") == "works\n"


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
