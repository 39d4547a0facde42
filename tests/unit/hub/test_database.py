"""How the hub's database keeps what was committed."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from twinhub_hub.operate.launch import use_write_ahead_log

if TYPE_CHECKING:
    from pathlib import Path

_WRITE_AND_DIE = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("create table kept (value)")
database.execute("insert into kept values (42)")
database.commit()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_copy_of_the_file_holds_what_a_killed_writer_had_committed(tmp_path: Path) -> None:
    database, copy = tmp_path / "hub.sqlite", tmp_path / "copy.sqlite"
    use_write_ahead_log(database)
    subprocess.run([sys.executable, "-c", _WRITE_AND_DIE, str(database)], check=False)
    assert database.with_name("hub.sqlite-wal").stat().st_size > 0

    use_write_ahead_log(database)
    shutil.copyfile(database, copy)

    with closing(sqlite3.connect(copy)) as found:
        assert found.execute("select value from kept").fetchone() == (42,)
