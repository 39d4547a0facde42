"""Whatever is wrong with a ``twinhub.yaml``, a person is told where and what to do, and no more."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.cli.main import main

from tests.integration.check.cases import CASES, Case

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

COMMAND = Path(sys.executable).with_name("twinhub")
LIMITS = {"10 MB", "alias bomb", "deep nesting", "duplicate key", "self-made alias"}
NO_JARGON = re.compile(r"Traceback|pydantic|ValidationError|Input should|type=|errors\.pydantic")


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every path below a folder with its size and time of change."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def as_param(case: Case) -> ParameterSet:
    marks = [pytest.mark.d4(69), *([pytest.mark.d4(27)] if case.name in LIMITS else [])]
    return pytest.param(case, id=case.name.replace(" ", "-"), marks=marks)


def test_there_are_fifty_different_mistakes() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert len({case.content for case in CASES}) >= 50
    assert len({case.phrase for case in CASES}) >= 50


@pytest.mark.parametrize("case", [as_param(case) for case in CASES])
def test_a_mistake_is_located_explained_and_changes_nothing(
    case: Case,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = case.write(tmp_path)
    before = snapshot(tmp_path)
    monkeypatch.setenv("TWINHUB_HOME", str(tmp_path))
    assert main(["check"]) == 2
    out, err = capsys.readouterr()
    *faults, count = err.splitlines()
    assert out == ""
    assert any(line.startswith(f"{path}:{case.place}: ") and case.phrase in line for line in faults)
    assert count.startswith(f"{path} cannot be used: {len(faults)} fault")
    assert all(re.match(re.escape(str(path)) + r":\d+:\d+: \S", line) for line in faults)
    assert not NO_JARGON.search(err)
    assert snapshot(tmp_path) == before


@pytest.mark.d4(27)
@pytest.mark.d4(69)
@pytest.mark.parametrize("name", ["alias bomb", "10 MB", "NUL", "typo", "missing secret"])
def test_the_installed_command_says_the_same(name: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == name)
    path = case.write(tmp_path)
    before = snapshot(tmp_path)
    started = time.monotonic()
    result = subprocess.run(
        [COMMAND, "check", path],
        env={**os.environ, "TWINHUB_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert time.monotonic() - started < 10
    assert result.returncode == 2
    assert result.stderr.startswith(f"{path}:{case.place}: ")
    assert case.phrase in result.stderr.splitlines()[0]
    assert not NO_JARGON.search(result.stderr)
    assert snapshot(tmp_path) == before


@pytest.mark.d4(69)
def test_many_mistakes_are_reported_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "twinhub.yaml"
    path.write_text(
        "site:\n  prot: 1\n  port: 99999\n  port: 1\nuid: 010\nauth:\n  accounts:\n"
        "    - role: king\nsecrets:\n  proxy_token_file: none\n",
        encoding="utf-8",
    )
    assert main(["check", str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    places = [line.removeprefix(f"{path}:").split(": ")[0] for line in lines[:-1]]
    assert places == ["2:3", "3:9", "4:3", "5:6", "8:7", "8:13", "10:21"]
    assert lines[-1] == f"{path} cannot be used: 7 faults; nothing was changed."


@pytest.mark.d4(69)
def test_a_file_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWINHUB_HOME", str(tmp_path / "home"))
    assert main(["check"]) == 2
    assert capsys.readouterr().err.startswith(
        f"{tmp_path}/home/twinhub.yaml:1:1: the file does not exist; "
    )
    assert not (tmp_path / "home").exists()
