"""Giving up root, tried in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.requirements import need_root

if TYPE_CHECKING:
    from collections.abc import Iterator

UID = 12345

_PROGRAM = """
import json, os, subprocess, sys
from pathlib import Path
from twinhub_kit.rights import RightsError, become
home = Path(sys.argv[1])
try:
    become(int(sys.argv[2]), writable=[home / "assets"], readable=[home / "share"])
except RightsError as error:
    sys.exit(str(error))
import sqlite3  # code is in reach
def what(path):
    try:
        return path.read_text()
    except OSError as error:
        return type(error).__name__
(home / "assets" / "new").write_text("x")
child = subprocess.run(["cat", "/proc/self/status", str(home / "assets" / "new")],
                       text=True, capture_output=True, check=True).stdout
status = dict(line.split(":\\t") for line in child.splitlines() if ":\\t" in line)
def change(path):
    try:
        path.write_text("other")
    except OSError as error:
        return type(error).__name__
print(json.dumps({
    "uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(),
    "secret": what(home / "secrets" / "s"), "shared": what(home / "share" / "f"),
    "change": change(home / "share" / "f"), "child": [status["CapEff"], status["NoNewPrivs"]],
}))
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that only root may enter, as root's own home is."""
    need_root("only root can give up root")
    made = Path(tempfile.mkdtemp(prefix="th-"))
    for name in ("assets", "share", "secrets"):
        (made / name).mkdir()
    os.chown(made / "assets", UID, UID)
    (made / "share" / "f").write_text("shared")
    (made / "secrets" / "s").write_text("secret")
    (made / "secrets" / "s").chmod(0o644)
    yield made
    shutil.rmtree(made)


def run(home: Path, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-P", "-c", _PROGRAM, str(home), str(UID)]
    return subprocess.run(command, text=True, capture_output=True, check=False)


def test_a_service_of_root_has_the_uids_rights_and_reaches_what_it_needs(home: Path) -> None:
    done = run(home)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["uid"] == found["gid"] == [UID] * 3
    assert found["groups"] == []
    assert found["child"] == ["0" * 16, "1"]
    assert (found["shared"], found["change"]) == ("shared", "OSError")
    assert (home / "assets" / "new").stat().st_uid == UID


def test_what_else_lies_there_is_out_of_reach(home: Path) -> None:
    assert json.loads(run(home).stdout)["secret"] == "FileNotFoundError"


def test_folders_that_all_may_enter_need_no_view_of_their_own(home: Path) -> None:
    home.chmod(0o755)
    done = run(home)
    assert json.loads(done.stdout)["secret"] == "secret"  # what its mode lets everybody read


def test_where_no_view_can_be_made_the_remedy_is_told(home: Path) -> None:
    done = run(home, "setpriv", "--bounding-set=-sys_admin")
    assert done.returncode == 1
    assert "chmod o+x" in done.stderr
    assert str(home) in done.stderr
    assert not (home / "assets" / "new").exists()
