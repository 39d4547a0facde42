"""Finding the Docker engine: what is there is named and never replaced."""

from __future__ import annotations

import gc
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.operate import up
from twinhub_hub.operate.engine import Availability, engine_address, find_engine
from twinhub_hub.operate.errors import EngineError
from twinhub_hub.operate.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# docker-py leaves the socket of a refused connection to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
QUIET = Steps(quiet=True)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Has the collector find those sockets within their own test."""
    yield
    gc.collect()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it, and a Docker address where nobody answers."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setattr("twinhub_hub.operate.programs._SBIN", ())
    return folder


def add_program(folder: Path, name: str) -> None:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("program", "start"), [("dockerd", "docker"), ("podman", "podman.socket"), ("colima", "colima")]
)
def test_an_engine_that_is_stopped_is_named_with_its_start_command(
    programs: Path, program: str, start: str
) -> None:
    add_program(programs, program)
    found = find_engine()
    assert found.availability is Availability.STOPPED
    assert program in found.remedy
    assert start in found.remedy


def test_an_engine_is_found_where_an_ordinary_users_path_does_not_lead(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sbin = programs.parent / "sbin"
    sbin.mkdir()
    add_program(sbin, "dockerd")
    monkeypatch.setattr("twinhub_hub.operate.programs._SBIN", (str(sbin),))
    assert find_engine().availability is Availability.STOPPED


def test_an_address_that_is_none_is_no_traceback(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "nonsense://x")
    assert programs.is_dir()
    assert "DOCKER_HOST" in find_engine().remedy


@pytest.mark.parametrize("asked", ["", "install"])
def test_a_stopped_engine_is_never_replaced(programs: Path, asked: str) -> None:
    add_program(programs, "dockerd")
    with pytest.raises(EngineError, match="Start it with"):
        up.choose_engine("auto", asked, QUIET)


def test_an_engine_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something listens and never answers: the time limit ends it."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        ended = threading.Event()
        accepted: list[socket.socket] = []

        def hang_up() -> None:
            connection, _ = server.accept()
            accepted.append(connection)
            connection.close()
            ended.set()

        thread = threading.Thread(target=hang_up)
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        assert find_engine().availability is not Availability.ANSWERS
        assert ended.wait(5)
        thread.join()


@pytest.mark.parametrize(
    ("host", "tls", "address"),
    [
        (None, "", "http+unix:///var/run/docker.sock"),
        ("unix:///run/user/1000/docker.sock", "", "http+unix:///run/user/1000/docker.sock"),
        ("tcp://192.0.2.1:2375", "", "http://192.0.2.1:2375"),
        ("tcp://192.0.2.1:2376", "1", "https://192.0.2.1:2376"),
    ],
)
def test_the_broker_is_told_the_engine_that_docker_itself_would_ask(
    monkeypatch: pytest.MonkeyPatch, host: str | None, tls: str, address: str
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    if host is not None:
        monkeypatch.setenv("DOCKER_HOST", host)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", tls)
    assert engine_address() == address


def test_an_engine_that_the_broker_cannot_reach_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://somebody@example.org")
    with pytest.raises(EngineError, match="ssh://"):
        engine_address()
