"""`twin validate` shows every fault with its line, and programs get the same as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.api.conftest import SMALLEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.api.conftest import Done

_BROKEN = "format: 1\nname: tank\nphase:\n  execute: a\nphases:\n  run: {comand: a, retries: x}\n"
_DOUBTFUL = "format: 1\nname: tank\nphases: {execute: echo $HOME}\n"


def test_a_good_twin_is_called_good(twin: Callable[..., Done], tank: Path) -> None:
    done = twin("validate", tank)
    assert (done.code, done.out) == (0, "heated-tank: good; phases: execute\n")


def test_the_current_folder_is_the_default(
    twin: Callable[..., Done], tank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tank)
    assert twin("validate").code == 0


def test_every_fault_comes_with_its_line_and_a_caret(twin: Callable[..., Done], tank: Path) -> None:
    file = tank / "twin.yaml"
    file.write_text(_BROKEN)
    done = twin("validate", file)
    assert done.code == 1
    assert f"{file}:3:1: error: unknown key 'phase'" in done.out
    assert "    6 |   run: {comand: a, retries: x}\n      |         ^\n" in done.out
    assert done.out.endswith("3 errors, 0 warnings in 1 twin\n")


def test_a_caret_is_below_its_column_after_wide_characters_and_tabs(
    twin: Callable[..., Done], tank: Path
) -> None:
    (tank / "twin.yaml").write_text(SMALLEST + "title: {'加': 1}\nsummary: {\t}\n")
    out = twin("validate", tank).out.splitlines()
    assert out[out.index("    4 | title: {'加': 1}") + 1] == "      |        ^"


def test_a_long_line_is_cut_around_the_fault(twin: Callable[..., Done], tank: Path) -> None:
    (tank / "twin.yaml").write_text(SMALLEST + "ports: {" + "a" * 400 + ": 1, b: x}\n")
    shown = [line for line in twin("validate", tank).out.splitlines() if line.startswith("    4 |")]
    assert shown
    assert all(len(line) < 120 for line in shown)


def test_warnings_are_faults_only_when_they_are_to_be(
    twin: Callable[..., Done], tank: Path
) -> None:
    (tank / "twin.yaml").write_text(_DOUBTFUL)
    done = twin("validate", tank)
    assert done.code == 0
    assert "warning: " in done.out
    assert "0 errors, 1 warning in 1 twin" in done.out
    assert twin("validate", "--strict", tank).code == 1


def test_several_twins_are_counted_together(twin: Callable[..., Done], tank: Path) -> None:
    other = tank.with_name("other.yaml")
    other.write_text(_BROKEN)
    done = twin("validate", tank, other)
    assert done.code == 1
    assert "heated-tank: good" in done.out
    assert done.out.endswith("3 errors, 0 warnings in 2 twins\n")


def test_json_has_all_that_people_see(twin: Callable[..., Done], tank: Path) -> None:
    (tank / "twin.yaml").write_text(_BROKEN)
    done = twin("validate", "--json", tank)
    assert done.code == 1
    data = json.loads(done.out)
    assert (data["errors"], data["warnings"]) == (3, 0)
    (report,) = data["twins"]
    assert (report["valid"], report["described"], report["name"]) == (False, True, None)
    assert report["faults"][0] == {
        "file": str(tank / "twin.yaml"), "line": 3, "column": 1, "severity": "error",
        "what": "unknown key 'phase' at the top level", "remedy": "", "nearest": "phases",
        "source": "phase:",
    }  # fmt: skip


def test_a_folder_without_twin_yaml_is_a_twin_and_says_so(
    twin: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "lifecycle").mkdir()
    (tmp_path / "lifecycle" / "execute").write_text("#!/bin/sh\necho x\n")
    (tmp_path / "lifecycle" / "execute").chmod(0o755)
    done = twin("validate", tmp_path)
    assert done.code == 0
    assert "there is no twin.yaml" in done.out
    assert json.loads(twin("validate", "--json", tmp_path).out)["twins"][0]["described"] is False


def test_what_cannot_be_known_of_such_a_folder_is_a_warning(
    twin: Callable[..., Done], tmp_path: Path
) -> None:
    done = twin("validate", tmp_path)
    assert "warning: phases.execute: nothing in the folder says how it runs" in done.out
    assert twin("validate", "--strict", tmp_path).code == 1


def test_a_warning_about_such_a_folder_can_be_opened_from_here(
    twin: Callable[..., Done], tmp_path: Path
) -> None:
    script = tmp_path / "lifecycle" / "execute"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\nmkdir -p /workspace/examples/data/x/out\n")
    out = twin("validate", tmp_path).out
    assert f"{script}:2:1: warning: " in out
    assert "    2 | mkdir -p /workspace/examples/data/x/out\n" in out


@pytest.mark.parametrize("name", ["absent", "a\x1b[31mb", "fifo", "\0"])
def test_what_is_no_file_or_folder_is_wrong_use(
    twin: Callable[..., Done], tmp_path: Path, name: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    done = twin("validate", f"{tmp_path}/{name}")
    assert done.code == 2
    assert "\x1b" not in done.err
    assert done.err.startswith("twin: ")


def test_an_assets_folder_that_is_not_there_is_wrong_use(
    twin: Callable[..., Done], tank: Path
) -> None:
    assert twin("validate", "--assets", tank / "absent", tank).code == 2


def test_assets_are_looked_up_and_the_nearest_named(twin: Callable[..., Done], tank: Path) -> None:
    (tank / "twin.yaml").write_text(
        "format: 1\nname: tank\nphases: {execute: python3}\nuses: {pump: models/pmp}\n"
    )
    assets = tank.with_name("assets")
    (assets / "models" / "pump").mkdir(parents=True)
    done = twin("validate", "--assets", assets, tank)
    assert done.code == 1
    assert "4:14: error: uses.pump: there is no models/pmp" in done.out
    assert "models/pump" in done.out
    (assets / "models" / "pmp").mkdir()
    assert twin("validate", "--assets", assets, tank).code == 0


def test_a_fault_in_another_file_of_the_twin_shows_its_line(
    twin: Callable[..., Done], tank: Path
) -> None:
    (tank / "twin.yaml").write_text(
        "format: 1\nname: tank\nphases: {execute: python3}\n"
        "cosimulations: {a: {format: maestro, file: mm.json}}\n"
    )
    (tank / "mm.json").write_text('{\n  "fmus": [}\n')
    out = twin("validate", "--assets", tank, tank).out
    assert '    2 |   "fmus": [}\n' in out


def test_a_format_of_the_future_is_the_one_fault(twin: Callable[..., Done], tank: Path) -> None:
    (tank / "twin.yaml").write_text("format: 7\nwhat: ever\n")
    done = twin("validate", tank)
    assert done.code == 1
    assert "1:9: error: format 7 is newer than TwinHub" in done.out
    assert "1 error, 0 warnings" in done.out


def test_bytes_that_are_no_text_are_a_fault(twin: Callable[..., Done], tank: Path) -> None:
    (tank / "twin.yaml").write_bytes(b"name: \xff\n")
    done = twin("validate", tank)
    assert done.code == 1
    assert "the byte 0xff is not UTF-8" in done.out


def test_names_of_files_cannot_steer_the_terminal(
    twin: Callable[..., Done], tmp_path: Path
) -> None:
    file = Path(tmp_path, "a\x1b[2Jb.yaml")
    file.write_text(_BROKEN)
    assert "\x1b" not in twin("validate", file).out


def test_an_asset_yaml_is_validated_with_what_it_requires(
    twin: Callable[..., Done], tmp_path: Path
) -> None:
    file = tmp_path / "models/tank/asset.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("title: Tank\nrequires: [models/tnak, common/tools/x]\n")
    assert twin("validate", file).out == "Tank: good\n"
    done = twin("validate", "--assets", tmp_path, file)
    assert done.code == 1
    assert ":2:12: error: requires[0]: there is no models/tnak; did you mean" in done.out
    assert done.out.endswith("2 errors, 0 warnings in 1 file\n")
    file.write_text("titel: Tank\n")
    report = json.loads(twin("validate", "--json", file).out)["twins"][0]
    assert not report["valid"]
    assert report["faults"][0]["nearest"] == "title"
    assert "no file or folder" in twin("validate", tmp_path / "asset.yaml").err
