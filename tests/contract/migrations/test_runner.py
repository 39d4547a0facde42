"""The runner's migrations make exactly the tables of its code."""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import closing
from typing import TYPE_CHECKING

import twinhub_runner.store
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, text
from twinhub_kit.database import Database
from twinhub_kit.migrations import migrate
from twinhub_kit.revisions import list_differences
from twinhub_runner.store.all_tables import METADATA, MODULES
from twinhub_runner.store.runs import RunTable

if TYPE_CHECKING:
    from pathlib import Path


def test_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/runner.sqlite")) as database:
        migrate(database, "twinhub_runner")
        migrate(database, "twinhub_runner")
        assert list_differences(database, METADATA) == []


def test_runs_of_the_first_version_are_kept_with_what_has_happened_to_them(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", "twinhub_runner:migrations")
    with closing(Database(f"sqlite:///{tmp_path}/runner.sqlite")) as database:
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            runs = Table("runs", MetaData(), autoload_with=connection)
            row = dict.fromkeys((one.name for one in runs.columns), "1") | {"ended_at": None}
            connection.execute(text(str(runs.insert())), row)
            connection.exec_driver_sql(
                "insert into events (run, time, what, who, why) values ('1', 1, 'asked', 'ada', '')"
            )
        migrate(database, "twinhub_runner")
        assert [one.what for one in RunTable(database).events("1", after=0, limit=9)] == ["asked"]
        assert [one.id for one in RunTable(database).list_queue()] == ["1"]


def test_every_module_of_the_store_is_among_those_that_are_compared() -> None:
    found = pkgutil.iter_modules(twinhub_runner.store.__path__, "twinhub_runner.store.")
    modules = {importlib.import_module(one.name) for one in found}
    names = {module.__name__.rpartition(".")[2] for module in modules - set(MODULES)}
    assert names == {"base", "all_tables"}
