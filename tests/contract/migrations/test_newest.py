"""A database that is at its newest revision is opened without Alembic, which takes memory."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.database import Database
from twinhub_kit.migrations import migrate

if TYPE_CHECKING:
    from pathlib import Path

_OPEN = """
import sys
from twinhub_kit.database import Database
from twinhub_kit.migrations import migrate
migrate(Database(sys.argv[1]), sys.argv[2])
print([name for name in sys.modules if name.partition(".")[0] in {"alembic", "mako"}])
"""


@pytest.mark.parametrize("package", ["twinhub_library", "twinhub_runner"])
def test_a_database_of_the_newest_revision_is_opened_without_alembic(
    package: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/one.sqlite"
    database = Database(url)
    migrate(database, package)
    database.close()
    done = subprocess.run(
        [sys.executable, "-c", _OPEN, url, package], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
