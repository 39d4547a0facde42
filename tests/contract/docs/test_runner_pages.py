"""What the guide on running twins says to type does what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.contract.docs.pages import CHECKOUT
from tests.contract.docs.twin_pages import commands_of, is_printed
from tests.fixtures.runner import _as_user, _running_runner  # noqa: F401 - fixtures
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fixtures.runner import RunningRunner

pytestmark = pytest.mark.heavy  # a real server and real sandboxes

_PAGE = CHECKOUT / "docs" / "howto" / "run-a-twin.md"
_BLOCK = re.compile(
    r"^<!-- test: runner(?: file (?P<file>\S+))? -->\n```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SECONDS = 30


def _type(command: str) -> str:
    """Return what a command prints, to both ends; after a detached run, when it has begun."""
    program, *arguments = shlex.split(command)
    assert program == "twin"
    done = subprocess.run(
        [sys.executable, "-m", "twinhub_api.cli.main", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if "--detach" in arguments and "serve" in arguments:
        wait_for(lambda: _type("twin logs tank") == "serving\n", seconds=_SECONDS, what="it serves")
    return done.stdout


def test_the_guide_does_what_it_says(
    running_runner: RunningRunner, as_user: Callable[[str], None], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    as_user("alice")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    found = list(_BLOCK.finditer(_PAGE.read_text("utf-8")))
    assert len(found) > 6
    for block in found:
        if block["file"]:
            (running_runner.root / "alice" / block["file"]).write_text(block["text"])
        elif block["language"] == "python":
            exec(compile(block["text"], "the guide", "exec"), names)  # noqa: S102 - a page of ours
        else:
            for command, shown in commands_of(block["text"]):
                printed = _type(command)
                assert is_printed(printed, shown), f"$ {command}\n{printed}"
    assert len(names["levels"]) == 4  # type: ignore[arg-type]
    assert names["newest"].status == "succeeded"  # type: ignore[attr-defined]
