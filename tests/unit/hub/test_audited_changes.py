"""Changes of the hub's database in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jupyterhub import orm
from sqlalchemy import event
from twinhub_hub import audit
from twinhub_hub.acting import acting_for
from twinhub_hub.apply.audit import DatabaseChanges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session


@pytest.fixture
def trail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file to which the changes of this test go."""
    heard: list[tuple[object, str, Callable[..., object]]] = []
    listen = event.listen

    def listen_for_now(target: object, name: str, heard_by: Callable[..., object]) -> None:
        heard.append((target, name, heard_by))
        listen(target, name, heard_by)

    with monkeypatch.context() as patched:
        patched.setattr(event, "listen", listen_for_now)
        DatabaseChanges(tmp_path / "audit.jsonl").listen()
    yield tmp_path / "audit.jsonl"
    for one in heard:
        event.remove(*one)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Session]:
    """A session on an empty database of JupyterHub."""
    factory = orm.new_session_factory(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    with factory() as session:
        yield session
        engine = session.get_bind()
    engine.dispose()


def events(trail: Path) -> list[tuple[object, object]]:
    """What is in the trail: each event and by whom."""
    return [(one["event"], one.get("by")) for one in audit.read(trail)]


def test_what_is_rolled_back_is_not_in_the_trail(trail: Path, database: Session) -> None:
    database.add(orm.User(name="eve", admin=True))
    database.flush()
    database.rollback()
    database.commit()
    assert events(trail) == []


def test_what_is_committed_is_in_the_trail_by_who_did_it(trail: Path, database: Session) -> None:
    with acting_for("ann"):
        database.add(orm.User(name="eve", admin=True))
    database.flush()
    assert events(trail) == []
    database.commit()
    assert events(trail) == [("admin given", "ann"), ("user added", None)]


def test_what_cannot_be_recorded_does_not_happen(trail: Path, database: Session) -> None:
    trail.mkdir()
    database.add(orm.User(name="eve"))
    with pytest.raises(OSError, match="directory"):
        database.commit()
    database.rollback()
    assert database.query(orm.User).count() == 0
