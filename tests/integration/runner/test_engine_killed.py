"""Docker killed under a run, with live-restore and without: an engine of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.engine import IMAGE
from tests.fixtures.installation import require_engine
from tests.fixtures.requirements import need_root

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.long]

_INSIDE = Path(__file__).with_name("inside_engine.py")
_SECONDS = 500


@pytest.fixture(scope="module", name="images")
def _images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The run image as an archive, for an engine that has none."""
    require_engine()
    need_root("a Docker engine and a network namespace of the test's own")
    path = tmp_path_factory.mktemp("images") / "images.tar"
    subprocess.run(["docker", "save", f"--output={path}", IMAGE], check=True)
    yield path
    path.unlink()


@pytest.mark.parametrize("live_restore", ["with", "without"])
def test_what_becomes_of_a_run_is_told_truly(
    images: Path, tmp_path: Path, live_restore: str
) -> None:
    environment = {
        **os.environ,
        "DOCKER_HOST": f"unix://{tmp_path}/docker.sock",
        "TWINHUB_TEST_ENGINE": str(tmp_path),
        "TWINHUB_TEST_ARCHIVE": str(images),
        "TWINHUB_TEST_LIVE_RESTORE": live_restore,
    }
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--",
         sys.executable, "-m", "pytest", "-q", "--tb=short", "-x", str(_INSIDE)],
        env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
