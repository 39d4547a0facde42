"""SSH into a workspace: through its own address, by its owner's key and token, and not before."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.fixtures.ssh import CLIENT, Computer
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker.models.images import Image
    from websockets.sync.client import ClientConnection

    from tests.images.starting import Starting, StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = [pytest.mark.docker, pytest.mark.once]

_MB = 2**20
_UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip
_SEE_LOG = "cat /tmp/twinhub-runtime/ssh/log"


@pytest.fixture(scope="module")
def workspace(starting: Starting, image: Image) -> Iterator[Workspace]:
    """One workspace for the tests here, with an address of its own like a second one."""
    with ExitStack() as stack:
        found = starting.start(image, stack, prefix="/user/ann/second/")
        found.run("test", "-x", "/usr/sbin/sshd")
        yield found


@pytest.fixture(scope="module")
def computer(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Computer:
    """A computer that has been set up as the page says."""
    found = Computer.with_key(tmp_path_factory.mktemp("ssh"))
    set_up(found, workspace)
    return found


def set_up(computer: Computer, workspace: Workspace) -> None:
    """Add the key by the page, fetch the script, and read the workspace's own key."""
    with workspace.signed_in() as browser:
        added = browser.post(
            "ssh/", data={"key": computer.public_key, "_xsrf": browser.cookies["_xsrf"]}
        )
        assert added.status_code == HTTPStatus.SEE_OTHER, added.text
        assert "ann@laptop" in browser.get("ssh/").text
        client = browser.get(f"ssh/{CLIENT}").content
    host_key = workspace.run("cat", "/home/twin/.local/share/twinhub/ssh/host_ed25519.pub")
    computer.set_up(workspace.url(), workspace.hub.user_token, client, host_key.strip())


def open_tunnel(workspace: Workspace, token: str = "") -> ClientConnection:
    """Open the websocket with one of the owner's tokens."""
    headers = {"Authorization": f"token {token or workspace.hub.user_token}"}
    return connect(workspace.url("ssh/socket").replace("http", "ws", 1), additional_headers=headers)


def test_nothing_of_ssh_runs_or_listens_or_is_made_before_it_is_used(
    start: StartWorkspace,
) -> None:
    workspace = start()
    assert "sshd" not in workspace.run("ps", "-e")
    assert 22 not in workspace.ports()
    assert workspace.attempt("ls", "/home/twin/.ssh").status != 0
    assert workspace.attempt("ls", "/home/twin/.local/share/twinhub/ssh").status != 0


def test_image_has_no_host_key(workspace: Workspace) -> None:
    assert "ssh_host" not in workspace.run("ls", "/etc/ssh")


def test_login_has_the_environment_of_the_workspace(
    workspace: Workspace, computer: Computer
) -> None:
    assert computer.ssh("id", "-un").strip() == "twin"
    wanted = workspace.run("sh", "-c", "tr '\\0' '\\n' < /proc/$(pgrep -of serve.py)/environ")
    path = next(line for line in wanted.splitlines() if line.startswith("PATH="))
    assert path in computer.ssh("env").splitlines()
    login = computer.ssh("-tt", text="echo $PATH; which pip python; exit\n")
    assert path.removeprefix("PATH=") in login
    assert "TWINHUB_ENVIRONMENT=/home/twin/.local/share/twinhub/python-3.11" in computer.ssh("env")


def test_files_arrive_whole_both_ways(
    workspace: Workspace, computer: Computer, tmp_path: Path
) -> None:
    data = os.urandom(20 * _MB)
    (tmp_path / "out").write_bytes(data)
    sent = computer.run("scp", str(tmp_path / "out"), "workspace:/workspace/in")
    assert sent.returncode == 0, sent.stderr
    fetched = computer.run("scp", "workspace:/workspace/in", str(tmp_path / "back"))
    assert fetched.returncode == 0, fetched.stderr
    assert (tmp_path / "back").read_bytes() == data
    workspace.run("rm", "/workspace/in")


def test_sftp_and_exit_status_and_standard_error_work(computer: Computer) -> None:
    listed = computer.run("sftp", "-b", "-", "workspace", text="ls /workspace\n")
    assert "common" in listed.stdout, listed.stderr
    failed = computer.run("ssh", "workspace", "echo seen >&2; exit 7")
    assert (failed.returncode, failed.stderr.strip()) == (7, "seen")


def test_connection_ends_when_its_token_is_taken_back(workspace: Workspace) -> None:
    token = uuid.uuid4().hex
    workspace.hub.further_tokens.add(token)
    with open_tunnel(workspace, token) as tunnel:
        assert b"SSH-2.0" in tunnel.recv(timeout=30)
        workspace.hub.further_tokens.discard(token)
        with pytest.raises(ConnectionClosed, match="opens the workspace no more"):
            tunnel.recv(timeout=90)


def test_port_of_the_workspace_can_be_forwarded(workspace: Workspace, computer: Computer) -> None:
    del workspace
    command = computer.command("ssh", "-W", "127.0.0.1:8888", "workspace")
    # its input stays open: who closes it takes the request back
    with subprocess.Popen(
        command, env=computer.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as forward:
        assert forward.stdin
        assert forward.stdout
        forward.stdin.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        forward.stdin.flush()
        assert forward.stdout.readline().startswith(b"HTTP/1.1")


def test_client_needs_no_newer_python_than_3_8(computer: Computer) -> None:
    compile((computer.folder / CLIENT).read_text(), CLIENT, "exec")
    old = "import ast,sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 8))"
    subprocess.run([sys.executable, "-c", old, str(computer.folder / CLIENT)], check=True)


@pytest.mark.d4(1)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "token 0000"}])
def test_nobody_else_gets_page_client_or_tunnel(
    workspace: Workspace, headers: dict[str, str]
) -> None:
    refused = {HTTPStatus.FOUND, HTTPStatus.FORBIDDEN}
    with httpx.Client(base_url=workspace.url(), headers=headers) as stranger:
        for path in ("ssh", "ssh/", f"ssh/{CLIENT}", "ssh/page.js"):
            assert stranger.get(path).status_code in refused | {HTTPStatus.FOUND}, path
        assert stranger.get("ssh/socket", headers=_UPGRADE).status_code == HTTPStatus.FORBIDDEN
        assert stranger.post("ssh/", data={"key": "x"}).status_code in refused


@pytest.mark.d4(2)
def test_page_of_another_origin_opens_no_tunnel_and_adds_no_key(
    workspace: Workspace, computer: Computer
) -> None:
    foreign = {"Origin": "http://bob.twinhub.localhost"}
    with workspace.signed_in() as browser:
        opened = browser.get("ssh/socket", headers=_UPGRADE | foreign)
        added = browser.post("ssh/", data={"key": computer.public_key}, headers=foreign)
    assert opened.status_code == HTTPStatus.FORBIDDEN
    assert added.status_code == HTTPStatus.FORBIDDEN


def test_wrong_key_is_refused_even_with_the_token(
    workspace: Workspace, computer: Computer, tmp_path: Path
) -> None:
    other = Computer.with_key(tmp_path / "other")
    client = (computer.folder / CLIENT).read_bytes()
    host_key = (computer.folder / "known").read_text().split(" ", 1)[1].strip()
    other.set_up(workspace.url(), workspace.hub.user_token, client, host_key)
    refused = other.run("ssh", "-o", "BatchMode=yes", "workspace", "true")
    assert refused.returncode == 255
    assert "Permission denied (publickey)" in refused.stderr


def test_root_and_other_users_cannot_sign_in(computer: Computer) -> None:
    for user in ("root", "nobody"):
        refused = computer.run("ssh", "-o", "BatchMode=yes", "-l", user, "workspace", "true")
        assert refused.returncode == 255, user


def test_client_says_what_is_wrong_with_a_token(
    workspace: Workspace, computer: Computer, tmp_path: Path
) -> None:
    other = Computer(tmp_path)
    client = (computer.folder / CLIENT).read_bytes()
    other.set_up(workspace.url(), "0" * 32, client, "x")
    (tmp_path / "key").write_text("")
    assert "the hub refused the token" in other.run("ssh", "workspace", "true").stderr
    (tmp_path / "token").chmod(0o644)
    assert "chmod 600" in other.run("ssh", "workspace", "true").stderr
    (tmp_path / "token").unlink()
    assert "no token in" in other.run("ssh", "workspace", "true").stderr


def test_private_key_and_cut_key_are_not_taken(workspace: Workspace, computer: Computer) -> None:
    private = (computer.folder / "key").read_text()
    with workspace.signed_in() as browser:
        xsrf = browser.cookies["_xsrf"]
        for pasted in (private, computer.public_key[:50], "hello"):
            answer = browser.post("ssh/", data={"key": pasted, "_xsrf": xsrf})
            assert answer.status_code == HTTPStatus.BAD_REQUEST, pasted
    assert "PRIVATE" not in workspace.run("cat", "/home/twin/.ssh/authorized_keys")


def test_removed_key_cannot_sign_in(start: StartWorkspace, tmp_path: Path) -> None:
    workspace, computer = start(), Computer.with_key(tmp_path / "ssh")
    set_up(computer, workspace)
    computer.ssh("true")
    line = subprocess.run(
        ["ssh-keygen", "-lf", str(computer.folder / "key.pub")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    with workspace.signed_in() as browser:
        browser.post("ssh/", data={"remove": line.split()[1], "_xsrf": browser.cookies["_xsrf"]})
    assert computer.run("ssh", "-o", "BatchMode=yes", "workspace", "true").returncode == 255


def test_keys_file_that_others_can_write_is_not_trusted(
    start: StartWorkspace, tmp_path: Path
) -> None:
    workspace, computer = start(), Computer.with_key(tmp_path / "ssh")
    set_up(computer, workspace)
    workspace.run("chmod", "666", "/home/twin/.ssh/authorized_keys")
    assert computer.run("ssh", "-o", "BatchMode=yes", "workspace", "true").returncode == 255
    assert "bad ownership or modes" in workspace.run("sh", "-c", _SEE_LOG)


def test_sshd_is_gone_with_its_connection(workspace: Workspace) -> None:
    with open_tunnel(workspace) as tunnel:
        assert str(tunnel.recv(decode=True)).startswith("SSH-2.0-")
        assert "sshd" in workspace.run("ps", "-e")
    wait_for(
        lambda: "sshd" not in workspace.run("ps", "-e"), seconds=15, what="the last sshd is gone"
    )


def test_there_are_so_many_connections_and_no_more(workspace: Workspace) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(open_tunnel(workspace)).recv()
        with pytest.raises(InvalidStatus) as refused:
            open_tunnel(workspace)
        assert refused.value.response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    wait_for(lambda: "sshd" not in workspace.run("ps", "-e"), seconds=30, what="all sshd are gone")
    with open_tunnel(workspace) as tunnel:
        tunnel.recv()


def test_text_and_huge_messages_end_the_connection(workspace: Workspace) -> None:
    for message in ("text", b"x" * (2 * _MB)):
        with open_tunnel(workspace) as tunnel, pytest.raises(ConnectionClosed):
            _read_for_ever(tunnel, message)


def _read_for_ever(tunnel: ClientConnection, message: str | bytes) -> None:
    tunnel.send(message)
    while True:
        tunnel.recv()


def test_slow_reader_does_not_fill_the_servers_memory(
    workspace: Workspace, computer: Computer
) -> None:
    before = _resident_kb(workspace)
    reading = computer.command("ssh", "workspace", "head -c 300000000 /dev/zero")
    with subprocess.Popen(reading, stdout=subprocess.PIPE, env=computer.environment) as slow:
        assert slow.stdout
        slow.stdout.read(1)
        wait_for(
            lambda: "head" in workspace.run("ps", "-e"), seconds=15, what="the file is being sent"
        )
        assert _resident_kb(workspace) - before < 30 * 1024
        rest = 0
        while block := slow.stdout.read(_MB):
            rest += len(block)
        assert rest == 300_000_000 - 1
    assert _resident_kb(workspace) - before < 30 * 1024


def _resident_kb(workspace: Workspace) -> int:
    status = workspace.run("sh", "-c", "grep VmRSS /proc/$(pgrep -of launch/serve.py)/status")
    return int(status.split()[1])


def test_home_that_is_full_is_said(start: StartWorkspace) -> None:
    workspace = start(tmpfs={"/home/twin": "size=64k,uid=1000,gid=1000,mode=755"})
    workspace.attempt("sh", "-c", "head -c 200000 /dev/zero > ~/full")
    with open_tunnel(workspace) as tunnel, pytest.raises(ConnectionClosed) as closed:
        tunnel.recv()
    assert closed.value.rcvd
    assert "No space left" in closed.value.rcvd.reason
