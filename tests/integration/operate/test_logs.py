"""The logs of a running installation: lines of JSON, short, and readable."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_hub.operate.ports import find_free

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import FIRST_PORT, TWINHUB
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_USER = "alice"
_TEXTS = {"supervisor", "images"}
"""Logs of other programs' own making."""

_MOST = 1024
_SECONDS = 60


def events(installation: TestInstallation, process: str) -> list[dict[str, Any]]:
    """What a process has logged; a line that it is writing now is left out."""
    whole = installation.log(process).rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def control(installation: TestInstallation, *words: str) -> None:
    """Have the supervisor do something."""
    config = installation.home / "state" / "supervisord.conf"
    command = [sys.executable, "-m", "supervisor.supervisorctl", "-c", str(config), *words]
    subprocess.run(command, check=True, timeout=_SECONDS)


@pytest.mark.d4(10)
def test_each_process_logs_short_lines_of_json(installation: TestInstallation) -> None:
    with HubClient(installation, _USER) as client:
        marked = "/hub/" + "x" * 5000
        client.get(marked)
        control(installation, "stop", "proxy")
        try:
            client.get(f"{marked}?token=secret123")
        finally:
            control(installation, "start", "proxy")
        wait_for(lambda: client.get("/hub/home").is_success, seconds=_SECONDS, what="the hub")
    assert "secret123" not in installation.log("edge")
    for path in (installation.home / "logs").glob("*.log"):
        if path.stem in _TEXTS or path.stem.startswith("workspace-"):
            continue
        for line in path.read_text("utf-8").rpartition("\n")[0].splitlines():
            event = json.loads(line)
            assert {"time", "level", "process", "message"} <= set(event), line
            assert event["process"] == path.stem
            assert len(line) <= _MOST or "detail" in event, line
    request = [one["request"] for one in events(installation, "hub") if "request" in one][-1]
    assert set(request) == {"method", "status", "user", "address", "milliseconds"}
    assert any(
        one["request"]["user"] == _USER for one in events(installation, "hub") if "request" in one
    )


def test_people_follow_them_as_text(installation: TestInstallation) -> None:
    command = [str(TWINHUB), "logs"]
    environment = installation.environment
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        try:
            for line in follower.stdout:
                if re.match(r"\d{4}-\S+Z (info|warn) +hub +\S", line):
                    break
                assert not line.startswith('{"time"')
        finally:
            follower.terminate()


def test_what_fails_outside_of_a_culls_own_log_is_a_line_of_json_too() -> None:
    nobody = find_free(FIRST_PORT + 900)
    command = [
        sys.executable, "-m", "twinhub_hub.operate.culler",
        f"--url=http://127.0.0.1:{nobody}/hub/api", "--timeout=600",
    ]  # fmt: skip
    environment = {"PATH": "", "JUPYTERHUB_API_TOKEN": "none"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as culler:
        assert culler.stderr is not None
        try:
            for line in culler.stderr:
                event = json.loads(line)
                assert event["process"] == "culler"
                if "ConnectionRefusedError" in event["message"] + event.get("detail", ""):
                    break
            else:
                pytest.fail("the culler ended without a word on the hub that is not there")
        finally:
            culler.terminate()
