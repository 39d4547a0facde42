"""The runner's migrations make exactly the tables of its code."""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import closing
from typing import TYPE_CHECKING

import twinhub_runner.store
from twinhub_kit.database import Database
from twinhub_kit.migrations import list_differences, migrate
from twinhub_runner.store.all_tables import METADATA, MODULES

if TYPE_CHECKING:
    from pathlib import Path


def test_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/runner.sqlite")) as database:
        migrate(database, "twinhub_runner")
        migrate(database, "twinhub_runner")
        assert list_differences(database, METADATA) == []


def test_every_module_of_the_store_is_among_those_that_are_compared() -> None:
    found = pkgutil.iter_modules(twinhub_runner.store.__path__, "twinhub_runner.store.")
    modules = {importlib.import_module(one.name) for one in found}
    names = {module.__name__.rpartition(".")[2] for module in modules - set(MODULES)}
    assert names == {"base", "all_tables"}
