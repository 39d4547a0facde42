"""``twinhub-library serve``: for development, on loopback, without a login."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from twinhub_api.client.library import LibraryClient
from twinhub_api.operations import Operation
from twinhub_library.cli import main

from tests.unit.library.graphql.asking import LIST, READ

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SERVE = [sys.executable, "-m", "twinhub_library.cli", "serve", "--insecure-loopback"]


@contextmanager
def _serving(root: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    with subprocess.Popen(
        [*_SERVE, "--root", str(root), *options], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r" at (http://\S+) ", line)
            assert found is not None, line
            yield process, found[1], line
        finally:
            process.kill()


def _ask(url: str, query: str, path: str) -> object:
    answer = httpx.post(f"{url}/lib", json={"query": query, "variables": {"path": path}})
    assert answer.status_code == 200
    return answer.json()["data"]


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_answers_everybody_and_ends_when_told(
    library_root: Path, number: signal.Signals
) -> None:
    with _serving(library_root, "--port", "0") as (process, url, line):
        assert line.startswith(f"Serving {library_root} at http://127.0.0.1:")
        assert "bob's own" in str(_ask(url, READ, "bob/models/secret/notes.txt"))
        top = str(_ask(url, LIST, ""))
        assert all(f"'{name}'" in top for name in ("alice", "bob", "common", "teams"))
        assert ".library" not in top
        process.send_signal(number)
        assert process.wait(15) == 0


@pytest.mark.heavy
def test_it_says_what_to_set_for_a_client(library_root: Path) -> None:
    with _serving(library_root, "--port", "0", "--user", "alice") as (process, url, _line):
        assert process.stdout is not None
        said = process.stdout.readline()
    assert said.endswith(f": export TWINHUB_LIBRARY_URL={url} JUPYTERHUB_USER=alice\n")


@pytest.mark.heavy
def test_it_listens_on_the_other_loopback_too(library_root: Path) -> None:
    with _serving(library_root, "--port", "0", "--address", "::1") as (_, url, _line):
        assert url.startswith("http://[::1]:")
        assert httpx.get(f"{url}/openapi.json").status_code == 200


@pytest.mark.heavy
@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104
def test_others_cannot_be_served(
    library_root: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--root", str(library_root), "--port", "0", "--insecure-loopback"]
    assert main(["serve", *options, "--address", address]) == 2
    assert "write 127.0.0.1 or ::1" in capsys.readouterr().err


@pytest.mark.heavy
def test_it_is_not_started_without_the_word_for_it(library_root: Path) -> None:
    with pytest.raises(SystemExit) as end:
        main(["serve", "--root", str(library_root), "--port", "0"])
    assert end.value.code == 2


@pytest.mark.heavy
def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--port", "0", "--insecure-loopback"]
    assert main(["serve", "--root", str(tmp_path / "none"), *options]) == 2
    assert "--root: there is no folder" in capsys.readouterr().err


@pytest.mark.heavy
def test_a_port_that_is_taken_is_named(
    library_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        options = ["--root", str(library_root), "--insecure-loopback", "--port", port]
        assert main(["serve", *options]) == 2
    assert f"--port: {port} cannot be used" in capsys.readouterr().err


@pytest.mark.heavy
def test_everybody_may_be_an_instructor_who_publishes(library_root: Path) -> None:
    as_alice = ("--port", "0", "--user", "alice", "--role", "instructor")
    with _serving(library_root, *as_alice) as (_, url, _line):
        body = {"path": "alice/models/tank", "version": "1.0.0"}
        with LibraryClient(httpx.Client(base_url=url), name="library") as client:
            done = client.wait(client.post(Operation, "/api/versions", body))
            assert done.result is not None
            assert done.result["state"] == "published"


def test_a_name_that_nobody_can_have_is_refused(
    library_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--root", str(library_root), "--port", "0", "--user", "common"]
    assert main(["serve", "--insecure-loopback", *options]) == 2
    assert "--user: the name 'common' is reserved" in capsys.readouterr().err
