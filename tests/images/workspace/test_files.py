"""The big-file page: files of any size, in bounded memory, of one workspace and its owner alone."""

from __future__ import annotations

import io
import os
import socket
import tarfile
import zipfile
from base64 import urlsafe_b64encode
from contextlib import ExitStack
from hashlib import sha512
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any

import httpx
import pytest

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.images import Image

    from tests.images.starting import Starting, StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = [pytest.mark.docker, pytest.mark.once]

_MB = 2**20
_LARGE = 600
"""MB; more than Jupyter takes at once, and more than the memory of the workspace here."""

_LIMIT = 512 * _MB
_GONE = {400, 401, 403, 404}


@pytest.fixture(scope="module")
def workspace(starting: Starting, image: Image) -> Iterator[Workspace]:
    """One workspace for the tests here, with an address of its own and little memory."""
    with ExitStack() as stack:
        found = starting.start(image, stack, prefix="/user/ann/second/", mem_limit=_LIMIT)
        found.run("test", "-d", "/opt/twinhub/files")
        with found.client() as owner:
            assert owner.get("big-files/").status_code == HTTPStatus.OK
        yield found


@pytest.fixture
def owner(workspace: Workspace) -> Iterator[httpx.Client]:
    """The owner, as a program."""
    with workspace.client() as client:
        client.timeout = httpx.Timeout(120)
        yield client


def test_nothing_of_it_runs_before_it_is_used_and_no_port_is_open_after(
    start: StartWorkspace,
) -> None:
    workspace = start()
    assert "copyparty" not in workspace.run("ps", "-ef")
    before = workspace.listening()
    with workspace.client() as client:
        assert client.get("big-files/").status_code == HTTPStatus.OK
    assert "copyparty" in workspace.run("ps", "-ef")
    assert workspace.listening() == before


def test_file_larger_than_memory_goes_up_and_comes_back(
    workspace: Workspace, owner: httpx.Client
) -> None:
    block = os.urandom(_MB)
    sent = owner.put("big-files/large.bin", content=(block for _ in range(_LARGE)))
    assert sent.status_code in {HTTPStatus.OK, HTTPStatus.CREATED}, sent.text
    assert workspace.run("stat", "-c", "%s", "/workspace/large.bin").strip() == str(_LARGE * _MB)
    with owner.stream("GET", "big-files/large.bin") as answer:
        assert answer.headers["content-length"] == str(_LARGE * _MB)
        received = 0
        for part in answer.iter_bytes(_MB):
            assert part == block
            received += len(part)
    assert received == _LARGE * _MB
    assert _peak_kb(workspace, "launch/serve.py") < 170 * 1024
    assert _peak_kb(workspace, "copyparty") < 170 * 1024
    workspace.run("rm", "/workspace/large.bin")


def test_upload_goes_on_where_it_broke_off_even_after_a_restart(
    workspace: Workspace, owner: httpx.Client
) -> None:
    first, second = os.urandom(_MB), os.urandom(_MB)
    digests = [_digest(first), _digest(second)]
    asked = {"name": "halves", "size": 2 * _MB, "lmod": 1, "hash": digests}
    begun = owner.post("big-files/", json=asked).raise_for_status().json()
    assert begun["hash"] == digests
    _send_chunk(owner, begun, first)
    workspace.run("pkill", "-TERM", "-f", "copyparty")
    wait_for(lambda: not _is_running(owner), seconds=30, what="it has ended")
    resumed = owner.post("big-files/", json=asked).raise_for_status().json()
    assert resumed["hash"] == [_digest(second)]
    _send_chunk(owner, resumed, second)
    assert owner.get("big-files/halves").content == first + second


def _is_running(owner: httpx.Client) -> bool:
    return bool(owner.get("services").json()["big-files"]["running"])


def _digest(chunk: bytes) -> str:
    return urlsafe_b64encode(sha512(chunk).digest()[:33]).decode()


def _send_chunk(owner: httpx.Client, upload: dict[str, Any], chunk: bytes) -> None:
    headers = {
        "X-Up2k-Hash": _digest(chunk), "X-Up2k-Wark": upload["wark"],
        "Content-Type": "application/octet-stream",
    }  # fmt: skip
    owner.post("big-files/", content=chunk, headers=headers).raise_for_status()


def test_part_of_a_file_can_be_asked_for(workspace: Workspace, owner: httpx.Client) -> None:
    workspace.run("sh", "-c", "printf 0123456789 > /workspace/digits")
    part = owner.get("big-files/digits", headers={"Range": "bytes=3-5"})
    assert (part.status_code, part.text) == (HTTPStatus.PARTIAL_CONTENT, "345")


def test_reader_who_stops_leaves_nothing_behind(workspace: Workspace, owner: httpx.Client) -> None:
    workspace.run("truncate", "-s", "2G", "/workspace/sparse")
    with owner.stream("GET", "big-files/sparse") as answer:
        next(answer.iter_bytes(_MB))
        assert _peak_kb(workspace, "launch/serve.py") < 170 * 1024
    assert owner.get("big-files/").status_code == HTTPStatus.OK
    workspace.run("rm", "/workspace/sparse")


def test_folder_comes_as_an_archive_of_all_that_is_in_it(
    workspace: Workspace, owner: httpx.Client
) -> None:
    make = "mkdir -p /workspace/run/deep && cd /workspace/run && echo a > deep/a && echo b > .b"
    workspace.run("sh", "-c", make)
    archive = zipfile.ZipFile(io.BytesIO(owner.get("big-files/run/?zip").content))
    files = sorted(name for name in archive.namelist() if not name.endswith("/"))
    assert files == ["run/.b", "run/deep/a"]
    with tarfile.open(fileobj=io.BytesIO(owner.get("big-files/run/?tar").content)) as tar:
        assert "run/deep/a" in tar.getnames()


def test_hidden_files_are_listed_when_they_are_asked_for(
    workspace: Workspace, owner: httpx.Client
) -> None:
    workspace.run("touch", "/workspace/.hidden")
    assert ".hidden" not in owner.get("big-files/?ls").text
    assert ".hidden" in owner.get("big-files/?ls&dots").text


@pytest.mark.parametrize("name", ["a b.txt", "a?b#c.txt", "50%.txt", "æøå.txt", "x+y&z;.txt"])
def test_any_name_of_a_file_goes_up_and_comes_back(owner: httpx.Client, name: str) -> None:
    url = "big-files/" + "".join(f"%{byte:02x}" for byte in name.encode())
    assert owner.put(url, content=name.encode()).status_code < 300
    assert owner.get(url).content == name.encode()


@pytest.mark.d4(57)
@pytest.mark.parametrize(
    "path",
    [
        "../etc/passwd", "../../etc/passwd", "%2e%2e/etc/passwd", "..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e%2fetc/passwd", "/etc/passwd", "%2fetc%2fpasswd", "common/../../etc/passwd",
        "..%5cetc%5cpasswd", "%252e%252e/etc/passwd", "link", "folder/passwd", "..;/etc/passwd",
        ".cpr/../../../etc/passwd", "%00/etc/passwd",
    ],
)  # fmt: skip
def test_no_path_and_no_link_leads_out_of_the_workspace(workspace: Workspace, path: str) -> None:
    workspace.run("sh", "-c", "cd /workspace && ln -sfn /etc/passwd link && ln -sfn /etc folder")
    with workspace.client() as client:
        url = httpx.URL(workspace.url("big-files/")).copy_with(
            raw_path=f"{workspace.prefix}big-files/{path}".encode()
        )
        answer = client.send(client.build_request("GET", url))
    assert "root:" not in answer.text
    assert answer.status_code in _GONE | {HTTPStatus.FOUND}, answer.status_code


def test_upload_through_a_link_leads_nowhere_out(workspace: Workspace, owner: httpx.Client) -> None:
    workspace.run("sh", "-c", "cd /workspace && ln -sfn /home/twin home")
    assert owner.put("big-files/home/left", content=b"x").status_code >= 400
    assert workspace.attempt("test", "-e", "/home/twin/left").status != 0


def test_common_assets_are_read_only(workspace: Workspace, owner: httpx.Client) -> None:
    assert owner.put("big-files/common/mine", content=b"x").status_code >= 400
    assert owner.delete("big-files/common/").status_code >= 400
    assert workspace.run("ls", "/workspace/common") == ""


def test_page_of_the_workspace_does_not_run_as_a_page_of_its_origin(
    workspace: Workspace, owner: httpx.Client
) -> None:
    workspace.run("sh", "-c", "echo '<script>alert(1)</script>' > /workspace/evil.html")
    for query in ("", "?raw", "?mime=text/html"):
        answer = owner.get(f"big-files/evil.html{query}")
        assert not answer.headers["content-type"].startswith("text/html"), query
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "script-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.d4(1)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_nobody_else_reads_or_changes_anything(workspace: Workspace, method: str) -> None:
    workspace.run("sh", "-c", "echo secret > /workspace/secret.txt")
    for headers in ({}, {"Authorization": "token 0000"}, {"PW": "x"}):
        with httpx.Client(base_url=workspace.url(), headers=headers) as stranger:
            answer = stranger.request(method, "big-files/secret.txt")
        assert answer.status_code in {HTTPStatus.FOUND, HTTPStatus.FORBIDDEN}
        assert "secret" not in answer.text
    assert workspace.run("cat", "/workspace/secret.txt") == "secret\n"


def _connected(workspace: Workspace) -> socket.socket:
    url = httpx.URL(workspace.url())
    return socket.create_connection((url.host, url.port), timeout=30)


def _head(workspace: Workspace, method: str, length: int | None = None) -> bytes:
    url = httpx.URL(workspace.url("big-files/"))
    body = "" if length is None else f"Content-Length: {length}\r\n"
    return f"{method} {url.path} HTTP/1.1\r\nHost: {url.host}\r\n{body}\r\n".encode()


def _answer(said: IO[bytes]) -> int:
    """Read one answer and return its status."""
    status = int(said.readline().split()[1])
    headers = dict(line.lower().split(b":", 1) for line in iter(said.readline, b"\r\n"))
    said.read(int(headers[b"content-length"]))
    return status


def test_refusal_takes_the_body_and_keeps_the_connection(workspace: Workspace) -> None:
    """A proxy sends somebody else's request next; it had got into a connection that was gone."""
    with _connected(workspace) as stranger, stranger.makefile("rb") as said:
        for _ in range(20):
            stranger.sendall(_head(workspace, "POST", 2))
            assert _answer(said) == HTTPStatus.FORBIDDEN  # before the body, which comes late
            stranger.sendall(b"{}" + _head(workspace, "GET"))
            assert _answer(said) == HTTPStatus.FOUND


def test_refused_body_that_does_not_end_is_hung_up_on(workspace: Workspace) -> None:
    with _connected(workspace) as stranger, stranger.makefile("rb") as said:
        stranger.sendall(_head(workspace, "POST", 10**11))
        assert _answer(said) == HTTPStatus.FORBIDDEN
        assert said.read() == b""


@pytest.mark.d4(2)
def test_page_of_another_origin_changes_nothing(workspace: Workspace) -> None:
    foreign = {"Origin": "http://bob.twinhub.localhost", "Sec-Fetch-Site": "same-site"}
    with workspace.signed_in() as browser:
        sent = browser.put("big-files/left", headers=foreign)
        older = browser.put("big-files/left", headers={"Origin": foreign["Origin"]})
        gone = browser.post("big-files/secret.txt?delete", headers=foreign)
    assert {sent.status_code, older.status_code, gone.status_code} == {HTTPStatus.FORBIDDEN}
    assert workspace.attempt("test", "-e", "/workspace/left").status != 0


def test_tool_sees_no_token_and_sets_no_cookie_elsewhere(workspace: Workspace) -> None:
    with workspace.signed_in() as browser:
        answer = browser.get("big-files/?k304=y")
    for cookie in answer.headers.get_list("set-cookie"):
        assert f"path={workspace.prefix}big-files/" in cookie.lower()


def test_nothing_of_its_own_lies_in_the_workspaces_folder(
    workspace: Workspace, owner: httpx.Client
) -> None:
    owner.put("big-files/one", content=b"x")
    assert ".hist" not in workspace.run("ls", "-A", "/workspace")


def _peak_kb(workspace: Workspace, name: str) -> int:
    status = workspace.run("sh", "-c", f"grep VmHWM /proc/$(pgrep -of {name})/status")
    return int(status.split()[1])
