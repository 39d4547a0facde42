"""A runner over a small library, and people who ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_runner.settings import RunnerSettings

from tests.unit.runner.asking import asked_as

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

    Client = Callable[[str], TestClient]

TWIN = """\
format: 1
name: tank
uses: {pump: models/pump, profile: common/data/profile/profile.csv@1}
parameters: {power: 3}
phases:
  create: {script: "mkdir -p output; cat source.txt >output/made\\n"}
  execute:
    script: |
      cat output/made "$PUMP/pump.txt" "$PROFILE" >output/result.csv
      echo "$POWER" >>output/result.csv
      touch /workspace/common/data/no "$PUMP/no" 2>/dev/null || echo read-only
      ls -A /workspace /workspace/digital_twins 2>/dev/null || true
    variables:
      {PUMP: "${uses.pump}", PROFILE: "${uses.profile}", POWER: "${parameters.power}"}
    outputs: ["output/*.csv", output/never.txt]
  clean: rm -rf output
"""


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = tmp_path / "assets"
    for place in ("alice/digital_twins/tank", "teams/pumps/digital_twins/tank"):
        (root / place).mkdir(parents=True)
        (root / place / "twin.yaml").write_text(TWIN)
        (root / place / "source.txt").write_text("source\n")
    for person in ("alice", "bob"):
        (root / person / "models/pump").mkdir(parents=True)
        (root / person / "models/pump/pump.txt").write_text(f"pump of {person}\n")
    (root / "alice/private.txt").write_text("nobody else's\n")
    (root / "common/.store/1").mkdir(parents=True)
    (root / "common/.store/1/profile.csv").write_text("profile\n")
    (root / "common/.store/2").mkdir()
    (root / "common/.store/2/twin.yaml").write_text(
        "format: 1\nname: cooler\n"
        "phases: {execute: {outputs: [made],"
        ' script: "echo made >made; ls /workspace/common/digital_twins/*\\n"}}\n'
    )
    (root / "common/digital_twins").mkdir()
    (root / "common/digital_twins/cooler@1.0.0").symlink_to("../.store/2")
    (root / "common/data").mkdir()
    (root / "common/data/profile@1.0.0").symlink_to("../.store/1")
    return root


@pytest.fixture(name="client_of")
def _client_of(root: Path, tmp_path: Path) -> Iterator[Client]:
    settings = RunnerSettings(root, tmp_path / "state")
    with asked_as(settings) as client_of:
        yield client_of
