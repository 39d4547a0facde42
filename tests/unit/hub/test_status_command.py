"""`twinhub status` and `logs` where the settings are wrong: they go by the last start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.cli.main import main
from twinhub_hub.installation import Installation, Running

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation in process mode that was started before somebody made a typo."""
    monkeypatch.setenv("TWINHUB_HOME", str(tmp_path))
    installation = Installation(tmp_path)
    installation.make_folders()
    address = "http://twins.example.org:28500"
    installation.save_running(Running("process", 28500, 2, 3, 4, None, address=address))
    installation.settings_file.write_text("sit: {}\n", "utf-8")
    return tmp_path


def test_status_tells_how_it_is_and_what_is_wrong(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--json"]) == 3, "as without the fault: nothing runs"
    out, err = capsys.readouterr()
    assert json.loads(out)["address"] == "http://twins.example.org:28500/"
    assert err.startswith(f"{home}/twinhub.yaml:1:1: ")
    assert "goes by the last one" in err


def test_logs_are_shown_with_what_is_wrong(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("There are no logs yet.")
    assert err.startswith(f"{home}/twinhub.yaml:1:1: ")


def test_a_backup_needs_settings_that_are_right(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", str(home / "backup.tar")]) == 2
    assert capsys.readouterr().err.startswith(f"{home}/twinhub.yaml:1:1: ")
