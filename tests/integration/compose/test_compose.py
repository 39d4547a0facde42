"""The file of `twinhub render compose`, run by a Docker Compose: a start, a crash, an end."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.operate.ports import find_free
from twinhub_hub.operate.prepare import first_settings

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import (
    FIRST_PORT,
    TestInstallation,
    engine,
    list_left,
    require_engine,
)
from tests.fixtures.requirements import missing, need_root
from tests.fixtures.waiting import wait_for
from tests.unit.library.graphql.asking import READ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_ROOT = Path(__file__).parents[3]
_BUILD_SECONDS = 900
_START_SECONDS = 120
_CAPABILITIES = {
    "CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_ADMIN", "NET_BIND_SERVICE", "SETGID", "SETUID",
}  # fmt: skip


@dataclass(frozen=True)
class Compose:
    """A project of Docker Compose, and the installation that it runs."""

    there: TestInstallation
    file: Path

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `docker-compose` on the file and return what it said."""
        project = f"--project-name={self.there.prefix}-compose"
        return subprocess.run(
            ["docker-compose", project, f"--file={self.file}", *arguments],
            text=True, capture_output=True, timeout=_START_SECONDS, check=False,
        )  # fmt: skip

    def twinhub(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `twinhub` in the container."""
        return self("exec", "-T", "hub", "twinhub", *arguments)

    def inspect(self) -> Mapping[str, dict[str, object]]:
        """Return what Docker says of the container."""
        number = self("ps", "-q", "hub").stdout.strip()
        found: Mapping[str, dict[str, object]] = engine().api.inspect_container(number)
        return found

    def is_running(self) -> bool:
        """Whether the hub answers, as the command in the container says."""
        done = self.twinhub("status", "--json")
        return done.returncode == 0 and bool(json.loads(done.stdout)["running"])

    def wait(self) -> None:
        """Return when it runs."""
        wait_for(self.is_running, seconds=_START_SECONDS, what="TwinHub in a container")


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    """TwinHub in a container that was started by the file; purged at the end."""
    require_engine()
    need_root("the folder of a TwinHub in a container is root's")
    if shutil.which("docker-compose") is None:
        missing("no docker-compose", "sudo apt-get install docker-compose")
    build = [sys.executable, str(_ROOT / "images" / "build.py"), "hub", "workspace", "--quiet"]
    subprocess.run(build, check=True, timeout=_BUILD_SECONDS)
    home = Path(tempfile.mkdtemp(prefix="th-compose-"))
    home.chmod(0o755)  # as `mkdir` makes it; see docs/howto/compose.md
    there = TestInstallation(home, find_free(FIRST_PORT + 500))
    there.settings_file.write_text(f"{first_settings(home)}site: {{port: {there.port}}}\n")
    file = home / "compose.yaml"
    file.write_text(there.run("render", "compose").stdout)
    project = Compose(there, file)
    try:
        started = project("up", "--detach")
        assert started.returncode == 0, started.stderr
        project.wait()
        yield project
    finally:
        said = project("logs", "--no-color").stdout
        project("down", "--timeout=60")
        prefix = there.prefix
        purged = there.run("purge", input="purge\n")
        for folder in (home, Path(f"{home}-backups")):
            shutil.rmtree(folder, ignore_errors=True)
        assert purged.returncode == 0, purged.stdout + purged.stderr + said
        assert not list_left(home, prefix)


def test_a_person_signs_in_and_gets_a_workspace(compose: Compose) -> None:
    with HubClient(compose.there, "alice") as alice:
        alice.start()
        assert alice.lab_answers()


def test_a_file_of_the_workspace_is_read_and_found_by_the_library(compose: Compose) -> None:
    site = compose.there.address
    with HubClient(compose.there, "alice") as alice:
        alice.start()
        wait_for(
            lambda: alice.get(f"{site}/services/library/health").is_success,
            seconds=_START_SECONDS, what="a library that is ready",
        )  # fmt: skip
        workspace = compose.there.container("alice")
        write = "mkdir -p models/valve && printf '# Valve zyxwv' > models/valve/README.md"
        done = workspace.exec_run(["sh", "-c", write], workdir="/workspace")
        assert done.exit_code == 0, done.output
        asked = {"query": READ, "variables": {"path": "alice/models/valve/README.md"}}
        sent = {**alice.bearer(), "Content-Type": "application/json"}
        answer = alice.post(f"{site}/lib", content=json.dumps(asked).encode(), headers=sent)
        assert answer.json()["data"]["readFile"], answer.text
        assert "# Valve zyxwv" in answer.text

        def is_found() -> bool:
            done = workspace.exec_run(["twin", "assets", "search", "zyxwv"])
            assert done.exit_code == 0, done.output
            return b"models/valve" in done.output

        wait_for(is_found, seconds=30, what="the asset in the search")


def test_the_walls_stand(compose: Compose) -> None:
    walls = json.loads(compose.twinhub("check", "--json").stdout)["walls"]
    assert walls["in_place"], walls


def test_the_container_has_the_rights_that_it_needs_and_no_more(compose: Compose) -> None:
    found = compose.inspect()
    host = found["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    added = host["CapAdd"]
    assert isinstance(added, list)
    assert {str(name).removeprefix("CAP_") for name in added} == _CAPABILITIES
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    mounts = found["Mounts"]
    assert isinstance(mounts, list)
    home = str(compose.there.home)
    sources = {mount["Source"] for mount in mounts}
    assert sources == {"/var/run/docker.sock", home, f"{home}-backups"}
    secret = (compose.there.home / "secrets" / "cookie_secret").read_text()
    assert secret not in json.dumps(found)


def test_a_backup_is_on_the_host_and_for_its_owner_only(compose: Compose) -> None:
    done = compose.twinhub("backup", "/backups/today.tar")
    assert done.returncode == 0, done.stderr
    archive = Path(f"{compose.there.home}-backups") / "today.tar"
    assert archive.stat().st_mode & 0o777 == 0o600
    assert b"twinhub" in archive.read_bytes()


def test_the_same_installation_is_left_alone_from_the_other_side(compose: Compose) -> None:
    for command in ("up", "down"):
        done = compose.there.run(command)
        assert done.returncode == 1, done.stdout
        assert "docker compose down" in done.stderr
    assert compose.is_running()


def test_when_all_of_it_is_killed_it_comes_back_and_the_workspace_went_on(
    compose: Compose,
) -> None:
    with HubClient(compose.there, "bob") as bob:
        bob.start()
        began = compose.there.container("bob").attrs["State"]["StartedAt"]
        before = compose.inspect()["State"]
        compose("exec", "-T", "hub", "pkill", "-KILL", "-f", "supervisor.supervisord")
        wait_for(
            lambda: compose.inspect()["State"]["StartedAt"] != before["StartedAt"],
            seconds=_START_SECONDS, what="another start of the container",
        )  # fmt: skip
        compose.wait()
        assert compose.there.container("bob").attrs["State"]["StartedAt"] == began
        wait_for(bob.lab_answers, seconds=_START_SECONDS, what="bob's JupyterLab")


def test_stop_ends_the_processes_and_leaves_workspaces_alone(compose: Compose) -> None:
    with HubClient(compose.there, "alice") as alice:
        alice.start()
    stopped = compose("stop", "--timeout=60")
    assert stopped.returncode == 0, stopped.stderr
    assert compose.inspect()["State"]["ExitCode"] == 0
    assert compose.there.container("alice").status == "running"
    started = compose("start")
    assert started.returncode == 0, started.stderr
    compose.wait()
    with HubClient(compose.there, "alice") as alice:
        assert alice.is_ready()
