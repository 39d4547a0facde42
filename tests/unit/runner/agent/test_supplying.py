"""A phase that needs secrets begins when it has been told them, or ends when it is to."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest
from twinhub_runner.agents import find_agent

from tests.unit.runner.agent.sandboxes import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes
FILE = {"to": "config/key", "text": None, "render": "key.in", "executable": True}


@pytest.fixture(name="sandbox")
def _sandbox(tmp_path: Path) -> Sandbox:
    """A phase that waits for a secret, which a template takes."""
    sandbox = Sandbox(tmp_path)
    for name in ("in", "work"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "in/secrets", 0o600)
    (tmp_path / "work/key.in").write_bytes(b"#!/bin/sh\necho '${secrets.key} ${twin.x} \xff'\n")
    files = {"folder": str(tmp_path / "work"), "made": [FILE], "values": {}}
    sandbox.start(
        {"main": {"command": ["sh", "config/key"]}}, secrets={"secrets.key": "key"}, files=files
    )
    sandbox.wait_for_event("begun")
    return sandbox


def test_phase_begins_when_all_of_the_secrets_have_come(sandbox: Sandbox) -> None:
    told = json.dumps({"secrets.key": "swordfish"}).encode() + b"\n"
    for part in (told[:9], told[9:]):
        sandbox.tell_secrets(part)
    assert sandbox.wait() == (0, "ended")
    assert [text for name, _, text in sandbox.records() if name == "main"] == [
        b"*** ${twin.x} \xff"
    ]
    assert (sandbox.folder / "out/supplied.json").exists()
    assert not os.path.lexists(sandbox.folder / "work/config/key")


def test_phase_that_is_stopped_while_it_waits_starts_nothing(sandbox: Sandbox) -> None:
    pid = find_agent(sandbox.folder / "in")
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    assert sandbox.wait() == (143, "stopped")
    assert [one["event"] for one in sandbox.events()] == ["begun", "ending"]


def test_template_that_is_not_there_is_said_so(sandbox: Sandbox) -> None:
    (sandbox.folder / "work/key.in").unlink()
    sandbox.tell_secrets(b'{"secrets.key": "swordfish"}\n')
    assert sandbox.wait() == (125, "not-started")
    assert "key.in cannot be made: No such file" in "".join(sandbox.texts("twin"))
