"""The script that carries SSH, against a real websocket server, with TLS and without."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
import twinhub_lab.ssh
from websockets.sync.server import serve

from tests.fixtures.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.http11 import Request, Response
    from websockets.sync.server import ServerConnection

_SCRIPT = Path(twinhub_lab.ssh.__file__).with_name("page") / "twinhub-ssh.py"
_SIZE = 30 * 2**20
_SECONDS = 60
_TOKEN = "a" * 32


def _check(connection: ServerConnection, request: Request) -> Response | None:
    if request.headers.get("Authorization") != f"token {_TOKEN}":
        return connection.respond(HTTPStatus.FORBIDDEN, "no")
    if request.path != "/user/ann/ssh/socket":
        return connection.respond(HTTPStatus.NOT_FOUND, "no")
    return None


def _echo(connection: ServerConnection) -> None:
    for message in connection:
        if message == b"end":
            connection.close(1011, "the home is full")
        else:
            connection.send(message)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve what gives back all that it gets, and give its address."""
    with serve(_echo, "127.0.0.1", 0, ssl=context, process_request=_check) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]
        yield f"http{'s' if context else ''}://twinhub.localhost:{port}/user/ann/"
        server.shutdown()
        thread.join()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that has given a certificate."""
    found = Authority(tmp_path)
    found.give()
    return found


@pytest.fixture
def context(authority: Authority) -> ssl.SSLContext:
    """A server's side of TLS."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(authority.folder / "certificate.pem", authority.folder / "key.pem")
    return found


def start(url: str, **variables: str) -> subprocess.Popen[bytes]:
    """Start the script."""
    return subprocess.Popen(
        [sys.executable, str(_SCRIPT), url], env=os.environ | {"TWINHUB_TOKEN": _TOKEN} | variables,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def say(url: str, **variables: str) -> tuple[int, str]:
    """Give the script no input; return its status and what it says."""
    with start(url, **variables) as process:
        _, said = process.communicate(timeout=_SECONDS)
    return process.returncode, said.decode()


def exchange(url: str, **variables: str) -> None:
    """Send and receive at the same time, and compare."""
    data = os.urandom(_SIZE)
    with start(url, **variables) as process:
        assert process.stdin
        assert process.stdout
        sending = threading.Thread(target=_send, args=(process.stdin, data))
        sending.start()
        assert process.stdout.read(_SIZE) == data
        sending.join()
        process.stdin.close()
        assert process.wait(_SECONDS) == 0


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(data)
    stream.flush()


def test_both_ways_at_once_arrive_whole() -> None:
    with serving() as url:
        exchange(url)


def test_both_ways_at_once_arrive_whole_by_tls(
    authority: Authority, context: ssl.SSLContext
) -> None:
    with serving(context) as url:
        exchange(url, SSL_CERT_FILE=str(authority.certificate))


def test_certificate_of_nobody_known_is_refused(context: ssl.SSLContext) -> None:
    with serving(context) as url:
        status, said = say(url)
    assert status == 1
    assert "CERTIFICATE_VERIFY_FAILED" in said


def test_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.give(["other.example.org"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    with serving(context) as url:
        status, said = say(url, SSL_CERT_FILE=str(authority.certificate))
    assert status == 1
    assert "not valid for" in said


def test_refusals_are_told_with_the_remedy() -> None:
    with serving() as url:
        assert "refused the token" in say(url, TWINHUB_TOKEN="b")[1]
        assert "is it running?" in say(f"{url}elsewhere")[1]
    assert "Connection refused" in say(url)[1]
    assert "is no address" in say("ftp://x/")[1]


def test_reason_of_an_end_is_told() -> None:
    with serving() as url, start(url) as process:
        assert process.stdin
        assert process.stderr
        _send(process.stdin, b"end")
        assert process.stderr.read().decode().strip() == "twinhub-ssh: the home is full"
        assert process.wait(_SECONDS) == 1


def test_each_python_that_the_script_promises_runs_it() -> None:
    pythons = [*Path.home().glob(".pyenv/versions/3.8*/bin/python3"), Path(sys.executable)]
    for python in pythons:
        done = subprocess.run([python, str(_SCRIPT)], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "ProxyCommand" in done.stderr
