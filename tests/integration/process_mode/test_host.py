"""On a host that cannot have the process mode, `twinhub up` says why, exits 1 and makes nothing."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.operate.process_mode import explain_refusal

from tests.fixtures.installation import TWINHUB
from tests.fixtures.requirements import missing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def _up(
    home: Path, *, before: Sequence[str] = (), path: str = ""
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TWINHUB_HOME": str(home), "TWINHUB_PORT": "18399"}
    if path:
        environment["PATH"] = path
    return subprocess.run(
        [*before, str(TWINHUB), "up", "--engine=process"],
        env=environment, text=True, capture_output=True, check=False,
    )  # fmt: skip


def _assert_refused(done: subprocess.CompletedProcess[str], home: Path) -> None:
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "twinhub up --engine=install" in done.stderr
    made = {path.name for path in home.rglob("*") if path.is_file()}
    assert made == {".lock", "twinhub.yaml"}


def test_missing_bubblewrap_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    programs, home = tmp_path / "bin", tmp_path / "home"
    programs.mkdir()
    for name in ("setpriv", "choom", "prlimit"):
        (programs / name).symlink_to(f"/usr/bin/{name}")
    done = _up(home, path=str(programs))
    _assert_refused(done, home)
    assert "sudo apt-get install bubblewrap," in done.stderr


def test_a_root_without_the_right_to_make_namespaces_is_told_so(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("not root", "run this test as root")
    done = _up(tmp_path, before=["setpriv", "--bounding-set=-sys_admin"])
    _assert_refused(done, tmp_path)
    assert "CAP_SYS_ADMIN" in done.stderr


@pytest.mark.parametrize(
    ("setting", "value", "remedy"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "/etc/apparmor.d/bwrap"),
        ("kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sysctl user.max_user_namespaces="),
    ],
)
def test_each_way_to_forbid_user_namespaces_has_its_remedy(
    tmp_path: Path, setting: str, value: str, remedy: str
) -> None:
    assert remedy not in explain_refusal(tmp_path, is_root=False)
    (tmp_path / setting).parent.mkdir()
    (tmp_path / setting).write_text(f"{value}\n")
    assert remedy in explain_refusal(tmp_path, is_root=False)
