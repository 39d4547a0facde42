"""The log of a workspace without a container has a limited size and keeps what came before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.sandbox.logs import WorkspaceLog

if TYPE_CHECKING:
    from pathlib import Path

_TOO_MUCH = b"x" * (6 * 2**20)


def test_each_start_has_a_log_of_its_own_and_the_last_one_is_kept(tmp_path: Path) -> None:
    log = WorkspaceLog(tmp_path / "workspace-alice.log")
    for text in (b"first", b"second", b"third"):
        with log.start() as file:
            file.write(text)
    assert log.tail() == "third"
    assert log.earlier.read_text() == "second"
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_grows_too_large_is_put_aside_while_it_is_written(tmp_path: Path) -> None:
    log = WorkspaceLog(tmp_path / "workspace-alice.log")
    with log.start() as file:
        file.write(_TOO_MUCH)
        file.flush()
        log.cap()
        file.write(b"afterwards")
    assert log.tail() == "afterwards"
    assert log.path.stat().st_size == len("afterwards")
    assert log.earlier.stat().st_size == len(_TOO_MUCH)


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    log = WorkspaceLog(tmp_path / "workspace-alice.log")
    with log.start() as file:
        file.write(b"little")
    log.cap()
    assert log.tail() == "little"
    assert not log.earlier.exists()


def test_there_may_be_no_log(tmp_path: Path) -> None:
    log = WorkspaceLog(tmp_path / "workspace-alice.log")
    log.cap()
    assert log.tail() == ""


def test_the_tail_of_a_log_is_short_and_may_hold_any_bytes(tmp_path: Path) -> None:
    log = WorkspaceLog(tmp_path / "workspace-alice.log")
    with log.start() as file:
        file.write(_TOO_MUCH + b"\xff\xfe the end")
    assert log.tail().endswith("\N{REPLACEMENT CHARACTER} the end")
    assert len(log.tail()) < 100_000
