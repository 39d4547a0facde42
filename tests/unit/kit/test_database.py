"""The database of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from twinhub_kit import database as module
from twinhub_kit.database import Database
from twinhub_kit.errors import UnavailableError
from twinhub_kit.health import check_database

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="url")
def _url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(module, "_BUSY_MILLISECONDS", 10)
    return f"sqlite:///{tmp_path}/service.sqlite"


def test_a_service_is_ready_while_somebody_writes_for_long(url: str) -> None:
    database = Database(url)
    with database.session() as session:
        session.execute(text("create table x (y integer)"))
        assert check_database(database)() is None
    database.close()


def test_who_writes_while_somebody_writes_for_long_is_told_to_try_again(url: str) -> None:
    database = Database(url)
    with database.session() as session:
        session.execute(text("create table x (y integer)"))
        with pytest.raises(UnavailableError, match="try again"):
            _write(database)
    database.close()


def _write(database: Database) -> None:
    with database.session() as session:
        session.execute(text("create table z (y integer)"))
