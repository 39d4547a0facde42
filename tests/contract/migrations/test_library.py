"""The library's migrations make exactly the tables of its code, and are whole or not begun."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import twinhub_library.store
from alembic import command
from twinhub_kit.database import Database
from twinhub_kit.errors import NewerDatabaseError
from twinhub_kit.migrations import migrate
from twinhub_kit.revisions import list_differences
from twinhub_library.store.all_tables import METADATA, MODULES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = "twinhub_library"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "library.sqlite"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{file}")) as opened:
        yield opened


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("select name from sqlite_master")}


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    migrate(database, PACKAGE)
    migrate(database, PACKAGE)
    assert list_differences(database, METADATA) == []


def test_every_module_of_the_store_is_among_those_that_are_compared() -> None:
    found = pkgutil.iter_modules(twinhub_library.store.__path__, "twinhub_library.store.")
    modules = {importlib.import_module(one.name) for one in found}
    names = {module.__name__.rpartition(".")[2] for module in modules - set(MODULES)}
    assert names == {"base", "all_tables"}


@pytest.mark.d4(65)
def test_what_is_interrupted_has_not_begun(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = command.upgrade

    def interrupted(*arguments: object) -> None:
        upgrade(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", interrupted)
        with pytest.raises(KeyboardInterrupt):
            migrate(database, PACKAGE)
    assert tables(file) == set()
    migrate(database, PACKAGE)
    assert list_differences(database, METADATA) == []


@pytest.mark.d4(65)
def test_a_database_of_a_newer_version_is_left_alone(database: Database, file: Path) -> None:
    migrate(database, PACKAGE)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
        connection.commit()
    before = file.read_bytes()
    with pytest.raises(NewerDatabaseError, match=r"newer version \(9999\): start that version"):
        migrate(database, PACKAGE)
    assert file.read_bytes() == before
