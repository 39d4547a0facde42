"""`twinhub audit` shows what people did in the library among what the hub has recorded."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
from twinhub_api.log_lines import JsonLines
from twinhub_hub import audit
from twinhub_hub.cli.main import main
from twinhub_hub.installation import Installation
from twinhub_kit.audit import Audit
from twinhub_kit.callers import Caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Shown = Callable[..., list[dict[str, object]]]


@pytest.fixture(name="installation")
def _installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("TWINHUB_HOME", str(tmp_path))
    installation = Installation(tmp_path)
    installation.logs.mkdir()
    return installation


@pytest.fixture(name="log")
def _log(installation: Installation) -> Iterator[logging.Handler]:
    """The library's log, as its process writes it."""
    handler = logging.FileHandler(installation.library_log)
    handler.setFormatter(JsonLines("library"))
    logger = logging.getLogger("twinhub.audit")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    handler.close()


@pytest.fixture(name="shown")
def _shown(installation: Installation, capsys: pytest.CaptureFixture[str]) -> Shown:
    del installation

    def shown(*options: str) -> list[dict[str, object]]:
        assert main(["audit", "--json", *options]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return shown


def test_what_was_done_in_the_library_is_shown_in_its_place(
    installation: Installation, log: logging.Handler, shown: Shown,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    del log
    audit.record(installation.audit_file, "sign-in", user="alice")
    Audit().record(Caller("alice"), "publish", "common/models/tank@1.0.0", digest="d1")
    Audit().record(Caller("root"), "grant", "models/*", to="user:bob", needs_review=True)
    audit.record(installation.audit_file, "workspace stopped", user="alice", by="root")

    found = [(event["event"], event["user"], event.get("by")) for event in shown()]
    assert found == [
        ("sign-in", "alice", None),
        ("publish", "alice", "alice"),
        ("grant", "bob", "root"),
        ("workspace stopped", "alice", "root"),
    ]
    assert main(["audit"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "publish user=alice by=alice in=library subject=common/models/tank@1.0.0" in lines[1]


def test_the_filters_hold_for_the_library_too(log: logging.Handler, shown: Shown) -> None:
    del log
    Audit().record(Caller("alice"), "propose", "common/models/tank@1.0.0")
    Audit().record(Caller("ines"), "proposal-accepted", "common/models/tank@1.0.0", author="alice")
    Audit().record(Caller("root"), "person-forgotten", "bob")

    assert [event["event"] for event in shown("--user", "alice")] == [
        "propose", "proposal-accepted"
    ]  # fmt: skip
    assert [event["user"] for event in shown("--by", "root")] == ["bob"]
    assert len(shown("--since", "2026-01-01")) == 3
    assert shown("--since", "2999-01-01") == []


def test_older_files_come_first_and_lines_that_are_no_events_are_left_out(
    installation: Installation, shown: Shown
) -> None:
    def line(number: int) -> str:
        audited = {"action": "publish", "user": f"u{number}", "subject": "x"}
        return json.dumps({"time": f"2026-01-02T03:04:{number:02}.000Z", "audit": audited}) + "\n"

    log = installation.library_log
    for number in (10, 2, 1):
        log.with_name(f"library.log.{number}").write_text(line(20 - number))
    forged = json.dumps({"time": "2026-01-01T00:00:00.000Z", "message": line(1)})
    half = line(30)[:40]
    log.write_text(f'{line(25)}{forged}\nTraceback: "audit"\n["audit"]\n{half}')

    assert [event["user"] for event in shown()] == ["u10", "u18", "u19", "u25"]


def test_who_ran_and_who_stopped_it_is_shown_too(installation: Installation, shown: Shown) -> None:
    handler = logging.FileHandler(installation.runner_log)
    handler.setFormatter(JsonLines("runner"))
    logger = logging.getLogger("twinhub.audit")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    Audit().record(Caller("alice"), "run", "teams/pumps/digital_twins/tank", run="r1")
    Audit().record(Caller("bob"), "stop-run", "teams/pumps/digital_twins/tank", author="alice")
    logger.removeHandler(handler)
    handler.close()

    found = [(event["event"], event["user"], event["by"], event["in"]) for event in shown()]
    assert found == [("run", "alice", "alice", "runner"), ("stop-run", "alice", "bob", "runner")]
