"""A runner over a small library with a twin that has state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_kit.quotas import QuotaSettings
from twinhub_runner.backends.base import Limits
from twinhub_runner.settings import RunnerSettings

from tests.unit.runner.asking import asked_as

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

    Client = Callable[[str], TestClient]

from tests.unit.runner.saves.asking import CHECKPOINT, MOST_BYTES, OWN, TEAM, TWIN


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = tmp_path / "assets"
    for place in (TEAM, OWN):
        (root / place).mkdir(parents=True)
        (root / place / "twin.yaml").write_text(TWIN)
        (root / place / "save").write_text(CHECKPOINT)
        (root / place / "save").chmod(0o755)
    (root / "bob").mkdir()
    (root / "carol").mkdir()
    return root


@pytest.fixture(name="quota")
def _quota() -> QuotaSettings:
    return QuotaSettings(free_bytes=0)


@pytest.fixture(name="client_of")
def _client_of(root: Path, tmp_path: Path, quota: QuotaSettings) -> Iterator[Client]:
    settings = RunnerSettings(
        root, tmp_path / "state", limits=Limits(disk_bytes=MOST_BYTES), quota=quota
    )
    with asked_as(settings) as client_of:
        yield client_of
