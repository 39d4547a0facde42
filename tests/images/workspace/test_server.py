"""The server of a workspace: who may ask it, where it answers, what it leaves out."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.waiting import wait_for
from tests.images.workspace.running import SERVER_PYTHON as SERVER

if TYPE_CHECKING:
    from tests.fixtures.stub_hub import StubHub
    from tests.images.workspace.conftest import StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = pytest.mark.docker


@pytest.mark.once
@pytest.mark.parametrize("prefix", ["/user/ann/", "/hub-2/user/a.n_n-x/", "/user/ann/second/"])
def test_server_answers_below_any_prefix(start: StartWorkspace, prefix: str) -> None:
    workspace = start(prefix=prefix)
    with workspace.client() as client:
        assert client.get("api/contents").status_code == HTTPStatus.OK
        assert client.get("lab").status_code == HTTPStatus.OK


@pytest.mark.d4(1)
@pytest.mark.parametrize("path", ["lab", "api/contents", "api/kernels", "proxy/8889/"])
def test_nothing_is_shown_to_a_stranger(workspace: Workspace, path: str) -> None:
    with workspace.client(is_owner=False) as stranger:
        assert stranger.get(path).status_code in {HTTPStatus.FOUND, HTTPStatus.FORBIDDEN}


@pytest.mark.once
@pytest.mark.d4(2)
def test_signed_in_browser_cannot_change_anything_without_the_xsrf_token(
    workspace: Workspace,
) -> None:
    with workspace.signed_in() as browser:
        assert browser.get("api/contents").status_code == HTTPStatus.OK
        refused = browser.post("api/terminals", headers={"Sec-Fetch-Mode": "no-cors"})
        assert refused.status_code == HTTPStatus.FORBIDDEN
        xsrf = browser.cookies["_xsrf"]
        allowed = browser.post("api/terminals", headers={"X-XSRFToken": xsrf})
        assert allowed.status_code == HTTPStatus.OK


@pytest.mark.once
@pytest.mark.d4(4)
def test_page_of_a_foreign_origin_reads_nothing_and_opens_no_socket(workspace: Workspace) -> None:
    foreign = {"Origin": "http://bob.twinhub.localhost"}
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    with workspace.signed_in() as browser:
        page = browser.get("api/contents", headers=foreign)
        socket = browser.get("api/events/subscribe", headers=foreign | upgrade | key)
    assert "Access-Control-Allow-Origin" not in page.headers
    assert socket.status_code == HTTPStatus.FORBIDDEN


def test_only_the_server_listens_while_a_kernel_runs(workspace: Workspace) -> None:
    with workspace.client() as client:
        assert client.post("api/kernels", json={}).status_code == HTTPStatus.CREATED
    assert workspace.ports() == {8888}


def test_server_runs_without_the_hubs_half_and_without_slow_grammars(workspace: Workspace) -> None:
    maps = workspace.run("sh", "-c", "cat /proc/$(pgrep -of launch/serve.py)/maps")
    assert "/opt/twinhub/server/" in maps
    assert "sqlalchemy" not in maps
    absent = "import importlib.util as u; print(u.find_spec('rfc3987_syntax'), u.find_spec('lark'))"
    assert workspace.run(SERVER, "-I", "-c", absent).split() == ["None", "None"]


@pytest.mark.once
def test_what_was_left_out_is_there_for_whoever_asks(workspace: Workspace) -> None:
    pages = "jupyterhub.handlers.pages"
    code = (
        "import sys; sys.path.insert(0, '/opt/twinhub/launch'); import serve\n"
        "with serve.light_imports(): from jupyterhub.singleuser import extension\n"
        "import jupyterhub; print('sqlalchemy' in sys.modules, jupyterhub.orm.User.__tablename__)\n"
        "from jupyterhub.handlers import pages; print(pages.HealthCheckHandler.get.__module__)"
    )
    assert workspace.run(SERVER, "-c", code).split() == ["False", "users", pages]


def test_idle_server_stays_within_its_memory(start: StartWorkspace) -> None:
    status = start().run("sh", "-c", "cat /proc/$(pgrep -of launch/serve.py)/status")
    (resident,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    assert int(resident) < 120 * 1024


@pytest.mark.once
def test_activity_reaches_the_hub(workspace: Workspace, hub: StubHub) -> None:
    report = ("POST", "/hub/api/users/ann/activity")
    wait_for(lambda: report in hub.requests, seconds=30, what="activity is reported")
    assert workspace.container.status == "running"


@pytest.mark.once
def test_files_page_begins_at_the_workspace_folder(workspace: Workspace) -> None:
    with workspace.client() as client:
        names = {entry["name"] for entry in client.get("api/contents").json()["content"]}
    assert "common" in names


@pytest.mark.once
def test_folder_with_content_can_be_deleted(start: StartWorkspace) -> None:
    workspace = start()
    workspace.run("mkdir", "-p", "/workspace/old/deep")
    with workspace.client() as client:
        assert client.delete("api/contents/old").status_code == HTTPStatus.NO_CONTENT
    assert "old" not in workspace.run("ls", "-A", "/workspace")
    assert ".Trash" not in workspace.run("ls", "-A", "/workspace", "/home/twin")


def test_extensions_that_only_cost_time_are_off(workspace: Workspace) -> None:
    with workspace.client() as client:
        assert client.get("lsp/status").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.once
def test_memory_limit_of_the_hub_is_shown(start: StartWorkspace) -> None:
    limit = 512 * 2**20
    workspace = start(environment={"MEM_LIMIT": str(limit)}, mem_limit=limit)
    with workspace.client() as client:
        metrics = client.get("api/metrics/v1").json()
    assert metrics["limits"]["memory"]["rss"] == limit


def test_news_and_update_checks_ask_nobody(workspace: Workspace) -> None:
    with workspace.client() as client:
        settings = client.get("lab/api/settings/@jupyterlab/apputils-extension:notification").json()
        assert client.get("lab/api/news").json()["news"] == []
        assert client.get("lab/api/update").json()["notification"] is None
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"


@pytest.mark.once
def test_user_settings_of_python_do_not_reach_the_server(start: StartWorkspace) -> None:
    workspace = start(environment={"PYTHONPATH": "/workspace", "PYTHONSTARTUP": "/workspace/x.py"})
    assert "/workspace" in workspace.run("python", "-c", "import sys; print(sys.path)")
    server_path = workspace.run(
        "sh", "-c", "tr '\\0' ' ' < /proc/$(pgrep -of launch/serve.py)/cmdline"
    )
    assert server_path.startswith("/opt/twinhub/server/bin/python -I ")
