"""The tools of an image: none runs before it is asked for, and none is anybody else's."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.images.starting import StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = pytest.mark.docker

_FOLDERS = "/tmp/twinhub-runtime/tools"  # noqa: S108


def test_nothing_of_a_tool_runs_or_listens_before_somebody_asks(workspace: Workspace) -> None:
    with workspace.client() as client:
        listed = client.get("services").json()
    assert not any(
        one["running"] for name, one in listed.items() if name not in {"lab", "notebook"}
    )
    assert workspace.ports() == {8888}
    assert workspace.attempt("ls", _FOLDERS).status != 0


@pytest.mark.d4(57)
def test_tools_listen_on_nothing_that_another_machine_reaches(start: StartWorkspace) -> None:
    workspace = start()
    with workspace.client() as client:
        for name, one in client.get("services").json().items():
            if name not in {"lab", "notebook"}:
                answer = client.get(f"{name}/", timeout=90)
                assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, (one, answer.text)
    others = {address for address, port in workspace.listening() if port != 8888}
    assert others <= {"0100007F", "0000000000000000FFFF00000100007F"}
    folders = workspace.run("sh", "-c", f"stat -c %a {_FOLDERS}/*").split()
    assert set(folders) == {"700"}


@pytest.mark.d4(1)
@pytest.mark.parametrize(
    "path", ["monitor/", "monitor/figures", "services", "tools/vnc", "desktop/"]
)
def test_stranger_gets_nothing_of_a_tool_and_starts_none(workspace: Workspace, path: str) -> None:
    with workspace.client(is_owner=False) as stranger:
        got = {stranger.get(path).status_code, stranger.post(path).status_code}
    assert got <= {HTTPStatus.FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
    assert got & {HTTPStatus.FOUND, HTTPStatus.FORBIDDEN}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tools/jupyter", "lab"),
        ("tools/netdata/", "monitor/"),
        ("tools/monitor/figures?x=1", "monitor/figures?x=1"),
        ("tools/8000/app?y=2", "proxy/8000/app?y=2"),
    ],
)
def test_old_address_of_a_tool_leads_to_the_new_one(
    workspace: Workspace, old: str, new: str
) -> None:
    with workspace.client() as client:
        answer = client.get(old)
    assert answer.status_code == HTTPStatus.FOUND
    assert answer.headers["Location"] == f"/user/ann/{new}"


def test_old_address_of_a_tool_that_is_not_there_is_not_found(workspace: Workspace) -> None:
    with workspace.client() as client:
        assert client.get("tools/solitaire").status_code == HTTPStatus.NOT_FOUND
