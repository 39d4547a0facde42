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

_PAGES = ("run-a-twin", "save-a-run", "twin-secrets")
_BLOCK = re.compile(
    r"^<!-- test: runner(?: file (?P<file>\S+))? -->\n```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SECONDS = 30


def _type(command: str) -> str:
    """Return what a command prints, to both ends; after a detached run, when it has begun."""
    given, _, command = command.rpartition(" | ")
    program, *arguments = shlex.split(command)
    assert program == "twin"
    done = subprocess.run(
        [sys.executable, "-m", "twinhub_api.cli.main", *arguments],
        input=given.removeprefix("echo "), text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if "--detach" in arguments and "serve" in arguments:
        wait_for(lambda: _type("twin logs tank") == "serving\n", seconds=_SECONDS, what="it serves")
    return done.stdout


def test_the_requests_of_the_interface_s_page_run_a_phase(
    running_runner: RunningRunner, as_user: Callable[[str], None]
) -> None:
    as_user("alice")
    folder = running_runner.root / "alice/digital_twins/tank"
    guide, page = (
        _BLOCK.search((CHECKOUT / "docs" / path).read_text("utf-8"))
        for path in ("howto/run-a-twin.md", "reference/runner-api.md")
    )
    assert guide is not None
    assert page is not None
    folder.mkdir(exist_ok=True)
    (folder / "twin.yaml").write_text(guide["text"])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", page["text"]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "heating with 4 kW" in done.stdout
    assert '"status":"succeeded"' in done.stdout
    assert '"path":"output/levels.csv"' in done.stdout


@pytest.mark.parametrize("page", _PAGES)
def test_the_guide_does_what_it_says(
    page: str, running_runner: RunningRunner, as_user: Callable[[str], None], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    as_user("alice")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    text = (CHECKOUT / "docs" / "howto" / f"{page}.md").read_text("utf-8")
    found = list(_BLOCK.finditer(text))
    assert len(found) > 1
    for block in found:
        if block["file"]:
            file = running_runner.root / "alice" / block["file"]
            file.parent.mkdir(exist_ok=True)
            file.write_text(block["text"])
        elif block["language"] == "python":
            exec(compile(block["text"], "the guide", "exec"), names)  # noqa: S102 - a page of ours
        else:
            for command, shown in commands_of(block["text"]):
                printed = _type(command)
                assert is_printed(printed, shown), f"$ {command}\n{printed}"
    if names:
        assert len(names["levels"]) == 4  # type: ignore[arg-type]
        assert names["newest"].status == "succeeded"  # type: ignore[attr-defined]
