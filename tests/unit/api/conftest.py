"""The `twin` command within the test's own process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from twinhub_api.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALLEST = "format: 1\nname: heated-tank\nphases: {execute: python3 simulate.py}\n"


@dataclass(frozen=True)
class Done:
    """What a command has returned and printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def twin(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs `twin` with arguments."""

    def run(*arguments: object) -> Done:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # of argparse
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run


@pytest.fixture
def tank(tmp_path: Path) -> Path:
    """The folder of the smallest twin."""
    folder = tmp_path / "tank"
    folder.mkdir()
    (folder / "twin.yaml").write_text(SMALLEST)
    (folder / "simulate.py").write_text("")
    return folder
