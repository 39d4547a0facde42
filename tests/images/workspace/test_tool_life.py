"""The life of a tool in a workspace: started once, shown, ended, and kept to its own address."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    import httpx

    from tests.images.starting import StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = [pytest.mark.docker, pytest.mark.once]

_STARTS = "/tmp/starts"  # noqa: S108 - in the container
_FOLDERS = "/tmp/twinhub-runtime/tools"  # noqa: S108
_PAGE = {"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}
_SETTINGS = """
from twinhub_lab.tools import Tool, servers
c = get_config()
SCRIPT = "/home/twin/.jupyter/tool.py"
KINDS = {"good": {}, "slow": {}, "chatty": {}, "whole": {"keeps_prefix": True},
    "broken": {}, "silent": {"timeout_seconds": 1}, "missing": {"needs": ["/no/such/program"]}}
c.ServerProxy.servers.update(servers(
    Tool(name=kind, title=f"The {kind} one", description=f"Is {kind}", **options,
         command=["/usr/bin/python3", SCRIPT, kind, "{unix_socket}"])
    for kind, options in KINDS.items()
))
"""
_ECHO = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.headers).encode())
HTTPServer(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""


@pytest.fixture
def start_with_tools(start: StartWorkspace, tmp_path: Path) -> StartWorkspace:
    """Starts workspaces whose user has listed tools of their own."""
    folder = tmp_path / "jupyter"
    folder.mkdir()
    folder.chmod(0o755)
    tool = Path(__file__).with_name("tool.py").read_bytes()
    for name, content in {"jupyter_server_config.py": _SETTINGS.encode(), "tool.py": tool}.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o644)
    mount = {str(folder): {"bind": "/home/twin/.jupyter", "mode": "ro"}}

    def start_one(*, prefix: str = "/user/ann/", **options: Any) -> Workspace:  # noqa: ANN401 - docker-py's
        return start(prefix=prefix, volumes=mount, **options)

    return start_one


def _pid(answer: httpx.Response) -> str:
    assert answer.status_code == HTTPStatus.OK, answer.text
    return answer.text.splitlines()[0]


def _shown(client: httpx.Client, path: str) -> httpx.Response:
    """Return what a browser shows when the tool is not starting any more."""
    found: list[httpx.Response] = []

    def is_settled() -> bool:
        found.append(client.get(path, headers=_PAGE))
        return found[-1].status_code != HTTPStatus.ACCEPTED

    wait_for(is_settled, seconds=30, what=f"{path} is shown")
    return found[-1]


def _starts(workspace: Workspace, kind: str) -> int:
    return workspace.attempt("cat", _STARTS).output.count(f"{kind} ")


def test_ten_who_ask_at_once_get_one_process(start_with_tools: StartWorkspace) -> None:
    workspace = start_with_tools()
    with workspace.client() as client, ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: client.get("slow/", timeout=60), range(10)))
        assert len({_pid(answer) for answer in answers}) == 1
        assert _starts(workspace, "slow") == 1
        assert client.get("services").json()["slow"]["running"]


def test_killed_tool_comes_again_at_the_next_click(start_with_tools: StartWorkspace) -> None:
    workspace = start_with_tools()
    with workspace.client() as client:
        first = _pid(client.get("good/"))
        workspace.run("kill", "-9", first)
        wait_for(
            lambda: not client.get("services").json()["good"]["running"],
            seconds=10,
            what="the end of the tool is noticed",
        )
        assert workspace.attempt("pgrep", "-f", "sleep 3599").status != 0
        assert _pid(client.get("good/")) != first


def test_tool_that_does_not_start_says_why_without_secrets(
    start_with_tools: StartWorkspace,
) -> None:
    workspace = start_with_tools()
    with workspace.client() as client:
        answer, again = _shown(client, "broken/"), _shown(client, "broken/")
    for page in (answer, again):
        assert page.status_code == HTTPStatus.BAD_GATEWAY
        assert "The broken one did not start" in page.text
        assert "ended with status 3" in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; no licence" in page.text
        assert "Try again" in page.text
        assert "hunter2" not in page.text
    token = workspace.run("sh", "-c", "printenv JUPYTERHUB_API_TOKEN").strip()
    assert token
    assert token not in answer.text
    assert _starts(workspace, "broken") == 2


def test_parts_of_a_page_do_not_start_a_broken_tool_over_and_over(
    start_with_tools: StartWorkspace,
) -> None:
    workspace = start_with_tools()
    with workspace.client() as client:
        for _ in range(5):
            assert client.get("broken/part.js").status_code == HTTPStatus.BAD_GATEWAY
    assert _starts(workspace, "broken") == 1


def test_tool_that_never_answers_is_ended_in_time(start_with_tools: StartWorkspace) -> None:
    workspace = start_with_tools()
    with workspace.client() as client:
        answer = client.get("silent/")
    assert answer.status_code == HTTPStatus.GATEWAY_TIMEOUT
    assert "did not answer in 1 seconds" in answer.text
    assert workspace.attempt("pgrep", "-f", "tool.py silent").status != 0


def test_page_says_that_a_slow_tool_is_starting(start_with_tools: StartWorkspace) -> None:
    workspace = start_with_tools()
    with workspace.client() as client:
        first = client.get("slow/", headers=_PAGE)
        assert first.status_code == HTTPStatus.ACCEPTED
        assert "The slow one is starting" in first.text
        assert "location.reload()" in first.text
        assert _shown(client, "slow/").status_code == HTTPStatus.OK
    assert _starts(workspace, "slow") == 1


def test_running_tool_that_breaks_off_is_named(start_with_tools: StartWorkspace) -> None:
    with start_with_tools().client() as client:
        _pid(client.get("good/"))
        answer = _shown(client, "good/break")
    assert answer.status_code == HTTPStatus.BAD_GATEWAY
    assert "The good one" in answer.text


@pytest.mark.d4(19)
def test_tool_gets_no_cookie_or_token_that_signs_its_user_in(
    start_with_tools: StartWorkspace,
) -> None:
    workspace = start_with_tools()
    with workspace.signed_in() as browser:
        browser.cookies.set("theme", "dark")
        seen = browser.get("good/").text
        with workspace.client() as client:
            by_token = client.get("good/").text
    assert "theme=dark" in seen
    assert "_xsrf" not in seen
    assert "jupyterhub-" not in seen
    assert workspace.hub.user_token not in by_token


@pytest.mark.d4(19)
@pytest.mark.parametrize("address", ["proxy/8050", "proxy/absolute/8050", "proxy/127.0.0.1:8050"])
def test_program_at_a_port_gets_nothing_that_signs_its_user_in_at_the_hub(
    start_with_tools: StartWorkspace, address: str
) -> None:
    workspace = start_with_tools()
    workspace.container.exec_run(["python", "-c", _ECHO, "8050"], detach=True)
    with workspace.client() as client:
        wait_for(lambda: client.get(f"{address}/").is_success, seconds=30, what="the program")
        by_token = client.get(f"{address}/").text
    with workspace.signed_in() as browser:
        browser.cookies.set("theme", "dark")
        seen = browser.get(f"{address}/", headers={"Authorization": "Bearer its-own"}).text
    assert "theme=dark" in seen
    assert "Bearer its-own" in seen
    assert "jupyterhub-" not in seen
    assert workspace.hub.user_token not in by_token


def test_tool_sets_cookies_for_its_own_address_only(start_with_tools: StartWorkspace) -> None:
    with start_with_tools().client() as client:
        given = client.get("good/").headers.get_list("Set-Cookie")
    (mine,) = (one for one in given if one.startswith("mine="))
    assert mine == "mine=1; HttpOnly; Path=/user/ann/good/"
    assert not any("stolen" in one for one in given)


@pytest.mark.d4(2)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Origin": "http://bob.twinhub.localhost"},
        {"Origin": "null"},
    ],
)
def test_page_of_another_origin_makes_a_tool_do_nothing(
    start_with_tools: StartWorkspace, headers: dict[str, str]
) -> None:
    workspace = start_with_tools()
    with workspace.signed_in() as browser:
        answer = browser.post("good/", headers=headers)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert _starts(workspace, "good") == 0


def test_log_of_a_tool_keeps_its_end_and_stays_small(start_with_tools: StartWorkspace) -> None:
    workspace = start_with_tools()
    with workspace.client() as client:
        _pid(client.get("chatty/"))
    log = f"{_FOLDERS}/chatty/log"
    size = int(workspace.run("stat", "-c", "%s", log))
    assert 0 < size <= 320 * 1024
    assert "line 0000039999" in workspace.run("tail", "-2", log)


def test_tool_sees_the_path_that_it_asked_for(start_with_tools: StartWorkspace) -> None:
    with start_with_tools().client() as client:
        assert client.get("good/a?b=c").text.splitlines()[1] == "/a?b=c"
        assert client.get("whole/a?b=c").text.splitlines()[1] == "/user/ann/whole/a?b=c"


def test_services_are_listed_as_clients_know_them(start_with_tools: StartWorkspace) -> None:
    with start_with_tools().client() as client:
        services = client.get("services").json()
    assert {"lab", "notebook", "monitor", "good"} <= set(services)
    assert "missing" not in services
    assert services["good"] == {
        "name": "The good one",
        "description": "Is good",
        "endpoint": "good/",
        "running": False,
    }
