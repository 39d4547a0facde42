"""`twinhub up` and its fellows on a real installation."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import sqlite3
from contextlib import closing
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from alembic import command
from alembic.config import Config
from docker.errors import NotFound
from jupyterhub.dbutil import write_alembic_ini

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import TestInstallation, engine
from tests.fixtures.waiting import Deadline, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_AGAIN_SECONDS = 100  # ten times the goal
_REPAIR_SECONDS = 300  # ten times the goal
_ROUTES_SECONDS = 50  # ten times the goal


def running_pids(installation: TestInstallation) -> dict[str, int]:
    pids = installation.pids()
    assert all(pids.values())
    return pids


def test_up_prints_the_address_and_an_account_for_each_role(
    installation: TestInstallation,
) -> None:
    done = installation.run("up")
    assert f"{installation.address}/" in done.stdout
    for user in ("admin", "instructor", "alice", "bob"):
        assert installation.password(user) in done.stdout


def test_up_on_a_running_installation_changes_nothing(installation: TestInstallation) -> None:
    before = running_pids(installation)
    start = monotonic()
    done = installation.run("up")
    assert done.returncode == 0, done.stderr
    assert monotonic() - start < _AGAIN_SECONDS
    assert running_pids(installation) == before


def test_nothing_listens_but_on_loopback_and_the_bridge(installation: TestInstallation) -> None:
    running = json.loads((installation.home / "state" / "running.json").read_text())
    supervisor = int((installation.home / "state" / "supervisord.pid").read_text())
    family = [psutil.Process(supervisor), *psutil.Process(supervisor).children(recursive=True)]
    listening = {
        (connection.laddr[0], connection.laddr[1])
        for process in family
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    loopback = {
        ("127.0.0.1", running[key])
        for key in (
            "port",
            "proxy_port",
            "proxy_api_port",
            "hub_port",
            "library_port",
            "runner_port",
        )
    }
    assert listening == loopback | {(running["gateway"], running["hub_port"])}


def test_containers_reach_the_hubs_api_and_none_of_its_pages(
    installation: TestInstallation,
) -> None:
    running = json.loads((installation.home / "state" / "running.json").read_text())
    base = f"http://{running['gateway']}:{running['hub_port']}/hub"
    assert httpx.get(f"{base}/api/").status_code == 200
    for page in ("/login", "/home", "/admin", "/metrics", "/api/../login", "/logo"):
        assert httpx.get(base + page).status_code == 404


def test_other_names_of_this_host_lead_to_the_one_of_the_cookies(
    installation: TestInstallation,
) -> None:
    answer = httpx.get(f"http://127.0.0.1:{installation.port}/hub/login?next=x")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{installation.address}/hub/login?next=x"


@pytest.mark.parametrize("path", ["/hub/login", "/hub", "/anything", "//hub/login"])
def test_a_body_that_no_page_of_the_hub_needs_is_refused(
    installation: TestInstallation, path: str
) -> None:
    with HubClient(installation, "bob") as bob:
        answer = bob.post(installation.address + path, content=b"x" * 2_000_000)
    assert answer.status_code == 413


def test_a_body_from_a_container_is_limited_too(installation: TestInstallation) -> None:
    running = json.loads((installation.home / "state" / "running.json").read_text())
    address = f"http://{running['gateway']}:{running['hub_port']}/hub/api/users/x/activity"
    assert httpx.post(address, content=b"x" * 2_000_000).status_code == 413


def test_a_taken_port_is_named_with_its_owner_and_a_free_one(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = TestInstallation(tmp_path, port).run("up")
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert f"pid {os.getpid()}" in done.stderr
    assert "twinhub up --port=" in done.stderr
    assert not (tmp_path / "state" / "supervisord.pid").exists()


@pytest.mark.d4(69)
def test_wrong_settings_stop_up_before_anything_changes(installation: TestInstallation) -> None:
    before = running_pids(installation)
    path = installation.home / "twinhub.yaml"
    good = path.read_text()
    path.write_text(good + "workspce: {}\n")
    try:
        done = installation.run("up")
    finally:
        path.write_text(good)
    assert done.returncode == 2
    assert "twinhub.yaml:" in done.stderr
    assert "workspace" in done.stderr
    assert running_pids(installation) == before


def test_an_image_of_the_settings_that_is_absent_is_named_and_stops_nothing(
    installation: TestInstallation,
) -> None:
    before = installation.settings_file.read_text()
    images = "[{image: 'twinhub/workspace:0.1.0', title: A}, {image: 'site/never:1', title: B}]"
    installation.settings_file.write_text(f"{before}workspace:\n  images: {images}\n")
    try:
        done = installation.run("up")
    finally:
        installation.settings_file.write_text(before)
        assert installation.run("up").returncode == 0
    assert done.returncode == 0, done.stderr
    assert "Images: site/never:1 is not on this machine: build or load it" in done.stdout
    assert "twinhub/workspace:0.1.0 is not" not in done.stdout


def test_a_killed_supervisor_is_repaired_and_workspaces_are_untouched(
    installation: TestInstallation,
) -> None:
    with HubClient(installation, "alice") as alice:
        alice.start()
        started = installation.container("alice").attrs["State"]["StartedAt"]
        supervisor = int((installation.home / "state" / "supervisord.pid").read_text())
        children = psutil.Process(supervisor).children(recursive=True)
        os.kill(supervisor, signal.SIGKILL)
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive, "processes outlived their supervisor"
        start = monotonic()
        done = installation.run("up")
        assert done.returncode == 0, done.stderr
        assert monotonic() - start < _REPAIR_SECONDS
        assert installation.container("alice").attrs["State"]["StartedAt"] == started
        wait_for(alice.lab_answers, seconds=_ROUTES_SECONDS, what="the workspace's route")


@pytest.mark.parametrize("name", ["edge", "proxy", "hub", "broker"])
def test_a_killed_process_comes_back_with_its_routes(
    installation: TestInstallation, name: str, record_property: Callable[[str, object], None]
) -> None:
    with HubClient(installation, "alice") as alice:
        alice.start()
        killed = psutil.Process(running_pids(installation)[name])
        deadline = Deadline(_ROUTES_SECONDS)
        killed.kill()
        killed.wait(timeout=_ROUTES_SECONDS)
        deadline.wait_for(alice.lab_answers, what="the workspace's route")
        seconds = round(deadline.elapsed_seconds, 1)
        print(f"{name}: the route is back after {seconds} s")  # noqa: T201 - a figure to look at
        record_property("routes_back_seconds", seconds)
        deadline.wait_for(
            lambda: installation.pids()[name] not in {0, killed.pid}, what="a new process"
        )


@pytest.mark.parametrize("port", ["0", "70000", "http", "-1"])
def test_a_port_that_is_none_is_refused(installation: TestInstallation, port: str) -> None:
    done = installation.run("up", f"--port={port}")
    assert done.returncode == 1
    assert "use a number from 1 to 65535" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_of_what_runs_well_is_told_with_settings_that_are_wrong(
    installation: TestInstallation,
) -> None:
    path = installation.settings_file
    good, before = path.read_text(), installation.status()
    path.write_text(f"{good}sit: {{}}\n")
    try:
        done = installation.run("status", "--json")
    finally:
        path.write_text(good)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for key in ("address", "engine", "running"):
        assert found[key] == before[key]
    assert len(found["workspaces"]) == len(before["workspaces"])  # type: ignore[arg-type]
    assert done.stderr.startswith(f"{path}:")


def test_down_works_with_settings_that_do_not(installation: TestInstallation) -> None:
    path = installation.home / "twinhub.yaml"
    good = path.read_text()
    path.write_text("version: one\n")
    try:
        assert installation.run("down").returncode == 0
    finally:
        path.write_text(good)
        assert installation.run("up").returncode == 0


def test_a_new_build_of_the_image_leaves_a_running_workspace_alone(
    installation: TestInstallation,
) -> None:
    with HubClient(installation, "bob") as bob:
        bob.start()
        container = installation.container("bob")
        image = container.attrs["Config"]["Image"]
        built = engine().images.get(image)
        newer = io.BytesIO(f"FROM {image}\nLABEL org.twinhub.test=newer\n".encode())
        engine().images.build(fileobj=newer, tag=image, rm=True)
        try:
            assert workspace_line(installation, "bob").endswith("(earlier image)")
            started = installation.container("bob").attrs["State"]["StartedAt"]
            assert started == container.attrs["State"]["StartedAt"]
        finally:
            built.tag(image)
        assert workspace_line(installation, "bob").endswith("running")
        bob.stop()


def workspace_line(installation: TestInstallation, user: str) -> str:
    """What `twinhub status` says of a user's workspace."""
    name = str(installation.container(user).name)
    lines = installation.run("status").stdout.splitlines()
    return next(line for line in lines if name in line).strip()


def test_an_admin_whose_role_is_taken_away_is_one_no_more(installation: TestInstallation) -> None:
    path = installation.home / "twinhub.yaml"
    good = path.read_text()
    with HubClient(installation, "admin") as admin:
        assert admin.api("GET", "/users").status_code == 200
    path.write_text(
        good + "auth:\n  accounts:\n    - name: admin\n    - name: alice\n    - name: bob\n"
    )
    try:
        assert installation.run("up").returncode == 0
        with HubClient(installation, "admin") as admin:
            assert admin.api("GET", "/users").status_code in {403, 404}
    finally:
        path.write_text(good)
        assert installation.run("up").returncode == 0


def is_gone(installation: TestInstallation, user: str) -> bool:
    """Whether a user has no container."""
    try:
        installation.container(user)
    except NotFound:
        return True
    return False


@pytest.mark.d4(8)
def test_an_account_that_is_taken_out_loses_tokens_and_workspace(
    installation: TestInstallation,
) -> None:
    path = installation.home / "twinhub.yaml"
    good = path.read_text()
    with HubClient(installation, "bob") as bob:
        bob.start()
        bearer = bob.bearer()
    path.write_text(good + "auth:\n  accounts: [{name: admin, role: admin}, {name: alice}]\n")
    try:
        assert installation.run("up").returncode == 0
        with closing(HubClient(installation, "nobody")) as stranger:
            wait_for(
                lambda: stranger.get("/hub/api/user", headers=bearer).status_code == 403,
                seconds=30, what="the end of a token",
            )  # fmt: skip
        wait_for(partial(is_gone, installation, "bob"), seconds=30, what="the end of a workspace")
    finally:
        path.write_text(good)
        assert installation.run("up").returncode == 0


def test_changed_settings_restart_the_hub_and_leave_workspaces_alone(
    installation: TestInstallation,
) -> None:
    with HubClient(installation, "alice") as alice:
        alice.start()
        started = installation.container("alice").attrs["State"]["StartedAt"]
        path = installation.home / "twinhub.yaml"
        good = path.read_text()
        path.write_text(good + "site:\n  notice: Maintenance on Friday\n")
        before = running_pids(installation)
        try:
            assert installation.run("up").returncode == 0
            assert "Maintenance on Friday" in alice.get("/hub/home").text
            after = running_pids(installation)
            assert after["hub"] != before["hub"]
            assert [after[name] for name in ("edge", "proxy")] == [
                before[name] for name in ("edge", "proxy")
            ]  # their connections go on
        finally:
            path.write_text(good)
            assert installation.run("up").returncode == 0
        assert installation.container("alice").attrs["State"]["StartedAt"] == started
        wait_for(alice.lab_answers, seconds=_ROUTES_SECONDS, what="the workspace's route")


def test_an_older_database_is_copied_aside_and_migrated(
    installation: TestInstallation, tmp_path: Path
) -> None:
    database = installation.home / "state" / "jupyterhub.sqlite"
    assert installation.run("down").returncode == 0
    write_alembic_ini(str(tmp_path / "alembic.ini"), f"sqlite:///{database}")
    command.downgrade(Config(str(tmp_path / "alembic.ini")), "-1")
    before = set(database.parent.glob("jupyterhub.sqlite.*"))
    done = installation.run("up")
    assert done.returncode == 0, done.stderr
    copies = set(database.parent.glob("jupyterhub.sqlite.*")) - before
    assert any(_has_users(copy) for copy in copies)
    with HubClient(installation, "alice") as alice:
        assert alice.get("/hub/home").status_code == 200
    lines = installation.log("hub").rpartition("\n")[0].splitlines()
    assert any("upgrade" in json.loads(line)["message"] for line in lines)


def _has_users(path: Path) -> bool:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return bool(database.execute("select count(*) from users").fetchone()[0])


def test_down_stops_everything_and_removes_nothing(installation: TestInstallation) -> None:
    with HubClient(installation, "alice") as alice:
        alice.start()
        (installation.folder("alice") / "data" / "kept.txt").write_text("kept")
        done = installation.run("down")
        assert done.returncode == 0, done.stderr
        assert installation.container("alice").status == "exited"
        status = installation.run("status")
        assert status.returncode == 3
        assert installation.run("up").returncode == 0
        alice.sign_in()
        alice.start()
        assert alice.lab_answers()
    assert (installation.folder("alice") / "data" / "kept.txt").read_text() == "kept"


def test_purge_without_the_word_removes_nothing(installation: TestInstallation) -> None:
    done = installation.run("purge", input="yes\n")
    assert done.returncode == 1
    assert "Nothing was removed" in done.stdout
    assert installation.status()["running"] is True


def test_status_of_nothing_says_how_to_begin(tmp_path: Path) -> None:
    done = TestInstallation(tmp_path / "none", 1).run("status")
    assert done.returncode == 1
    assert "twinhub up" in done.stderr
    assert not (tmp_path / "none").exists()


def test_without_wildcard_names_the_hub_runs_and_check_says_that_sharing_is_off(
    installation: TestInstallation,
) -> None:
    path = installation.home / "twinhub.yaml"
    good = path.read_text()
    path.write_text(good + "site:\n  wildcard: false\n")
    try:
        checked = installation.run("check")
        assert checked.returncode == 0, checked.stderr
        assert "sharing: off" in checked.stdout
        assert installation.run("up").returncode == 0
        with HubClient(installation, "bob") as bob:
            bob.start()
            answer = bob.get("/user/bob/lab")
            assert answer.status_code == 200
            assert str(answer.url).startswith(f"{installation.address}/user/bob/")
            bob.stop()
    finally:
        path.write_text(good)
        assert installation.run("up").returncode == 0


def test_the_sites_own_python_runs_last(installation: TestInstallation) -> None:
    site = installation.home / "jupyterhub_config.d" / "90-title.py"
    site.write_text("c.JupyterHub.template_vars['twinhub_title'] = 'Last Word'\n")
    try:
        assert installation.run("up").returncode == 0
        with HubClient(installation, "bob") as bob:
            assert "Last Word" in bob.get("/hub/home").text
    finally:
        site.unlink()
        assert installation.run("up").returncode == 0


def test_logs_rotate(installation: TestInstallation) -> None:
    config = (installation.home / "state" / "supervisord.conf").read_text()
    assert config.count("stdout_logfile_maxbytes=5MB") == config.count("[program:")
    assert "\nlogfile_maxbytes=5MB" in config
