"""Environments are whole or not there, follow the image's files, and stay while they are in use."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.apply.context import Context
from twinhub_hub.installation import Installation, Running, share
from twinhub_hub.operate.environments import ensure_environments
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.operate.steps import Steps
from twinhub_hub.sandbox.command import Sandbox, sandbox_command
from twinhub_hub.sandbox.edition import current_edition, environment_of
from twinhub_hub.sandbox.processes import find_sandboxes, stop_sandbox
from twinhub_hub.settings.models import Settings

from tests.fixtures.waiting import wait_for
from tests.integration.process_mode.conftest import link_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.installation import TestInstallation

pytestmark = pytest.mark.slow

_SECONDS = 60
_QUIET = Steps(quiet=True)
_MAKE = """
import os, pathlib
from twinhub_hub.apply.context import Context
from twinhub_hub.installation import Installation, Running
from twinhub_hub.operate.environments import ensure_environments
from twinhub_hub.operate.steps import Steps
from twinhub_hub.settings.models import Settings
home, share = map(pathlib.Path, (os.environ["TWINHUB_HOME"], os.environ["SHARE"]))
running = Running("process", 1, 2, 3, 4, None, "t", "t")
context = Context(Settings(), Installation(home), running, home / "assets", share)
ensure_environments(context, Steps())
"""


@pytest.fixture
def context(process_installation: TestInstallation) -> Iterator[Context]:
    """An installation that has the packages, and a copy of the image's files to change."""
    home = Path(tempfile.mkdtemp(prefix="tp-"))
    link_packages(process_installation.home / "environments", home / "environments")
    for name in ("images/workspace", "extensions/lab", "services", "requirements"):
        shutil.copytree(share() / name, home / "share" / name)
    running = Running("process", 1, 2, 3, 4, None, "t", "t")
    yield Context(Settings(), Installation(home), running, home / "assets", home / "share")
    shutil.rmtree(home)


def _change_start(context: Context) -> None:
    start = context.share / "images" / "workspace" / "bin" / "start-workspace"
    start.write_text(start.read_text() + "# changed\n")


def _editions(context: Context) -> set[str]:
    return {path.name for path in context.installation.environments.glob("edition-*")}


def test_an_edition_is_laid_out_as_the_image_and_left_alone_afterwards(context: Context) -> None:
    ensure_environments(context, _QUIET)
    edition = current_edition(context.installation.environments)
    image = context.share / "images" / "workspace"
    places = {
        "bin/start-workspace": "opt/bin/start-workspace",
        "config/jupyter_server_config.py": "opt/server/etc/jupyter/jupyter_server_config.py",
        "config/profile.sh": "etc/profile.d/twinhub.sh",
        "config/gitconfig": "etc/gitconfig",
        "environment/bin/pip": "opt/environment/bin/pip",
        "bin/twin": "opt/bin/twin",
    }
    for source, target in places.items():
        assert (edition / target).read_bytes() == (image / source).read_bytes()
    assert (edition / "opt" / "edition").read_text().strip()
    assert list((edition / "opt" / "members").glob("twinhub_api-*.dist-info/entry_points.txt"))
    packages = edition / "opt" / "server" / "lib"
    assert list(packages.glob("python3.*/site-packages/jupyterlab"))
    assert not list(packages.glob("python3.*/site-packages/rfc3987_syntax"))
    assert (packages / "../bin/python").resolve().is_relative_to("/usr")
    assert f"twin:x:{context.settings.uid}:" in (edition / "etc" / "passwd").read_text()
    before = edition.stat().st_mtime_ns
    ensure_environments(context, _QUIET)
    assert current_edition(context.installation.environments) == edition
    assert edition.stat().st_mtime_ns == before


def test_a_changed_file_makes_another_edition_while_a_workspace_keeps_its_own(
    context: Context,
) -> None:
    ensure_environments(context, _QUIET)
    old = current_edition(context.installation.environments)
    with _workspace(context) as process:
        _change_start(context)
        ensure_environments(context, _QUIET)
        assert current_edition(context.installation.environments) != old
        assert old.is_dir()
        (found,) = find_sandboxes(context.installation.homes)
        assert found.edition == old
        stop_sandbox(found.process, grace_seconds=0)
        process.wait(_SECONDS)
    ensure_environments(context, _QUIET)
    assert not old.exists()
    assert len(_editions(context)) == 1


def _workspace(context: Context) -> subprocess.Popen[bytes]:
    home = context.installation.homes / "alice"
    for folder in (home, context.assets / "alice" / "common", context.assets / "common"):
        folder.mkdir(parents=True)
    edition = current_edition(context.installation.environments)
    sandbox = Sandbox(
        edition=edition,
        home=home,
        private=context.assets / "alice",
        common=context.assets / "common",
        uid=os.geteuid(),
        shared_memory=2**20,
    )
    command = sandbox_command(sandbox, ["sleep", "600"], operator_uid=os.geteuid())
    process = subprocess.Popen(command, env=environment_of(edition))
    wait_for(
        lambda: find_sandboxes(context.installation.homes), seconds=_SECONDS, what="the sandbox"
    )
    return process


@pytest.mark.parametrize("what", ["packages", "edition"])
def test_a_kill_half_way_leaves_nothing_that_counts_and_the_next_time_cleans_up(
    context: Context, what: str
) -> None:
    root = context.installation.environments
    if what == "packages":
        shutil.rmtree(next(root.glob("packages-science-*")))
    home = context.installation.home
    environment = os.environ | {"TWINHUB_HOME": str(home), "SHARE": str(context.share)}
    with subprocess.Popen([sys.executable, "-c", _MAKE], env=environment) as making:
        wait_for(lambda: list(root.glob(".new-*/*")), seconds=_SECONDS, what="something half-made")
        making.send_signal(signal.SIGKILL)
    assert not (root / "current").exists()
    if what == "packages":  # the rest without the network, as if it had been there
        assert not list(root.glob("packages-science-*"))
        return
    assert _editions(context) == set()
    ensure_environments(context, _QUIET)
    assert not list(root.glob(".new-*"))
    assert len(_editions(context)) == 1


def test_a_step_that_fails_shows_its_last_lines_and_leaves_no_edition(context: Context) -> None:
    finish = context.share / "images" / "workspace" / "finish"
    finish.write_text("#!/bin/sh\necho this is what went wrong >&2\nexit 3\n")
    with pytest.raises(OperateError, match="this is what went wrong"):
        ensure_environments(context, _QUIET)
    assert _editions(context) == set()
    assert not (context.installation.environments / "current").exists()
