"""A ``files`` folder of DTaaS becomes an assets root, and nothing is lost on either side."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_api.names import label_for
from twinhub_library.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_KINDS = ("data", "digital_twins", "functions", "models", "tools")


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    for name in ("common", "user1", "Ana Ruiz"):
        for kind in _KINDS:
            (files / name / kind).mkdir(parents=True)
    (files / "user1" / "data" / "x.csv").write_text("a,b\n1,2\n")
    (files / "common" / "tools" / "run").write_text("#!/bin/sh\n")
    (files / "common" / "tools" / "run").chmod(0o755)
    return files


@pytest.fixture(name="bring")
def _bring(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, Any]]:
    root = tmp_path / "root"
    root.mkdir()

    def bring(*options: str) -> dict[str, Any]:
        code = main(["import-dtaas", str(files), "--root", str(root), "--json", *options])
        said = capsys.readouterr()
        assert said.err == ""
        found: dict[str, Any] = json.loads(said.out)
        assert code == (1 if {"refused", "kept"} & set(found["files"]) else 0)
        return found

    return bring


def _all(root: Path) -> dict[str, bytes]:
    return {
        one.relative_to(root).as_posix(): one.read_bytes() if one.is_file() else b""
        for one in root.rglob("*")
    }


def test_every_file_arrives_in_the_area_of_its_user(
    bring: Callable[..., dict[str, Any]], files: Path, tmp_path: Path
) -> None:
    os.utime(files / "user1" / "data" / "x.csv", ns=(1, 10**18))
    report = bring()
    label = label_for("Ana Ruiz")
    assert report["areas"] == {"Ana Ruiz": label, "common": "common", "user1": "user1"}
    assert report["files"] == {"copied": 2}
    root = tmp_path / "root"
    expected = {name.replace("Ana Ruiz", label): text for name, text in _all(files).items()}
    assert _all(root) == expected
    assert (root / "common" / "tools" / "run").stat().st_mode & 0o777 == 0o755
    assert (root / "user1" / "data" / "x.csv").stat().st_mtime_ns == 10**18


def test_a_dry_run_says_the_same_and_writes_nothing(
    bring: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    would = bring("--dry-run")
    assert _all(tmp_path / "root") == {}
    assert bring() | {"dry_run": True} == would


def test_it_may_be_repeated_and_replaces_nothing(
    bring: Callable[..., dict[str, Any]], files: Path, tmp_path: Path
) -> None:
    bring()
    assert bring()["files"] == {"same": 2}
    mine = tmp_path / "root" / "user1" / "data" / "x.csv"
    mine.write_text("own work")
    (files / "user1" / "data" / "late.csv").touch()
    report = bring()
    assert report["files"] == {"same": 1, "copied": 1, "kept": 1}
    assert report["odd"] == [
        {"path": "user1/data/x.csv", "fate": "kept",
         "why": "differs from user1/data/x.csv, which is left as it is"}
    ]  # fmt: skip
    assert mine.read_text() == "own work"


def test_a_folder_and_a_file_of_one_name_are_both_kept(
    bring: Callable[..., dict[str, Any]], files: Path, tmp_path: Path
) -> None:
    (tmp_path / "root" / "user1" / "data").mkdir(parents=True)
    (tmp_path / "root" / "user1" / "data" / "x.csv").mkdir()
    (tmp_path / "root" / "user1" / "models").write_text("a file")
    (files / "user1" / "models" / "m").write_text("m")
    assert bring()["files"] == {"kept": 2, "copied": 1}


@pytest.mark.d4(23)
def test_what_is_no_file_is_told_one_by_one_and_the_rest_arrives(
    bring: Callable[..., dict[str, Any]], files: Path, tmp_path: Path
) -> None:
    data = files / "user1" / "data"
    (tmp_path / "secret").write_text("outside")
    (data / "link").symlink_to(tmp_path / "secret")
    (data / "folder-link").symlink_to(files / "common")
    os.mkfifo(data / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(data / "socket"))
    (data / os.fsdecode(b"bad\xff")).touch()
    (data / "line\nbreak").touch()
    (files / "top.txt").touch()
    (files / "hub").mkdir()
    (files / "out").symlink_to(tmp_path)
    report = bring()
    assert report["files"] == {"copied": 2, "refused": 9}
    refused = {odd["path"] for odd in report["odd"]}
    names = ("link", "folder-link", "pipe", "socket", "bad\ufffd", "line\ufffdbreak")
    assert refused == {*(f"user1/data/{name}" for name in names), "top.txt", "hub", "out"}
    assert all(odd["why"] for odd in report["odd"])
    assert "outside" not in str(_all(tmp_path / "root"))


def test_what_is_in_no_kind_is_copied_and_told(
    bring: Callable[..., dict[str, Any]], files: Path, tmp_path: Path
) -> None:
    (files / "user1" / "notes").mkdir()
    (files / "user1" / "notes" / "a.md").write_text("a")
    report = bring()
    assert [odd["path"] for odd in report["odd"]] == ["user1/notes"]
    assert (tmp_path / "root" / "user1" / "notes" / "a.md").read_text() == "a"


def test_faults_of_twins_are_counted(bring: Callable[..., dict[str, Any]], files: Path) -> None:
    twins = files / "user1" / "digital_twins"
    for name, text in {"good": "phases: {execute: 'true'}", "bad": "phase: {}"}.items():
        (twins / name).mkdir()
        (twins / name / "twin.yaml").write_text(f"format: 1\nname: {name}\n{text}\n")
    (twins / "plain").mkdir()
    (twins / "plain" / "lifecycle").mkdir()
    (twins / "plain" / "lifecycle" / "execute").write_text("#!/bin/sh\ntrue\n")
    found = {one["path"].rpartition("/")[2]: one for one in bring()["twins"]}
    assert found["good"]["errors"] == 0
    assert found["bad"]["errors"] > 0
    assert not found["plain"]["described"]


@pytest.mark.parametrize("inner", ["", "user1", "new"])
def test_a_root_in_the_folder_itself_is_refused(
    files: Path, inner: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = files / inner
    root.mkdir(exist_ok=True)
    assert main(["import-dtaas", str(files), "--root", str(root)]) == 2
    assert "in one another" in capsys.readouterr().err


def test_people_read_a_line_for_each_odd_file(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "user1" / "link").symlink_to("data")
    (tmp_path / "root").mkdir()
    assert main(["import-dtaas", str(files), "--root", str(tmp_path / "root"), "--dry-run"]) == 1
    said = capsys.readouterr().out
    assert "user1/link: refused: is a link, which is not followed: copy what it leads to" in said
    assert said.endswith("Would copy 18 bytes from 3 folders: 2 copied, 1 refused\n")
