"""The common assets, installed once for all tests of the twin, and copies of the twin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.assets import install_common

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(__file__).parents[3] / "config" / "assets" / "common"


@dataclass(frozen=True)
class Twin:
    """A user's copy of the heated tank and the environment that its phases get."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def result(self) -> Path:
        """The file that a run ends with."""
        return self.folder / "output" / "result.csv"

    def start(self, phase: str) -> subprocess.Popen[str]:
        """Start a phase as a runner would: no terminal, no input, a session of its own."""
        return subprocess.Popen(
            [self.folder / "lifecycle" / phase],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, phase: str) -> tuple[int, str, str]:
        """Run a phase and return exit code, output and errors."""
        with self.start(phase) as process:
            output, errors = process.communicate(timeout=120)
        return process.returncode, output, errors

    def must(self, *phases: str) -> str:
        """Run phases that must succeed and return what the last one said."""
        output = ""
        for phase in phases:
            code, output, errors = self.run(phase)
            assert code == 0, f"{phase}: {errors}"
        return output


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The common assets with their FMUs, as they are on a host."""
    root = tmp_path_factory.mktemp("assets")
    install_common(SOURCE, root, uid=os.getuid())
    return root / "common"


@pytest.fixture
def twin(common: Path, tmp_path: Path) -> Twin:
    """A fresh copy of the twin in a user's folder."""
    folder = tmp_path / "workspace" / "digital_twins" / "heated-tank"
    shutil.copytree(common / "digital_twins" / "heated-tank", folder)
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "TWINHUB_COMMON": str(common),
    }
    return Twin(folder, environment)
