"""Backup and restore of an installation in process mode, whose homes are folders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.installation import TestInstallation
from tests.integration.process_mode.conftest import USER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.process_mode.shell import Shell

pytestmark = [pytest.mark.slow, pytest.mark.d4(64)]


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """Mode, owner, and content or target of each path in a folder."""
    found: dict[str, tuple[object, ...]] = {}
    for path in folder.rglob("*"):
        state = path.lstat()
        what = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        target = os.readlink(path) if path.is_symlink() else ""  # noqa: PTH115 - as it stands
        found[str(path.relative_to(folder))] = (state.st_mode, state.st_uid, what, target)
    return found


async def test_homes_are_restored_with_their_links_and_modes(
    process_installation: TestInstallation, shell: Shell, tmp_path: Path
) -> None:
    made = await shell.run("mkdir ~/kept && cd ~/kept && umask 077 && echo a > b && ln -s /opt x")
    assert made.status == 0, made.errors
    done = process_installation.run("backup", str(tmp_path / "backup.tar"))
    assert done.returncode == 0, done.stdout + done.stderr
    there = TestInstallation(tmp_path / "new", 1)
    restored = there.run("restore", "--prefix=never-started", str(tmp_path / "backup.tar"))
    assert restored.returncode == 0, restored.stdout + restored.stderr
    kept = tree(process_installation.home / "homes" / USER / "kept")
    assert len(kept) == 2
    assert tree(there.home / "homes" / USER / "kept") == kept
