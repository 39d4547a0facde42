"""Whoever only reads waits for nobody who writes in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import delete, text
from twinhub_kit import database as module
from twinhub_kit.errors import UnavailableError
from twinhub_library.store.publishing import GrantRow

from tests.unit.library.publishing.test_routes import publish

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from starlette.testclient import TestClient
    from twinhub_library.library import Library

    ClientOf = Callable[[str], TestClient]

_VALUES = {
    "path": "common/models/tank", "kind": "models", "name": "tank", "version": "1.0.0",
    "number": "1", "group": "pumps",
}  # fmt: skip
_STREAM = "/api/events"


def _addresses(application: FastAPI) -> list[str]:
    """Return an address of each route that is for reading."""
    routes = [one for one in application.routes if isinstance(one, APIRoute)]
    found = []
    for route in routes:
        if "GET" in (route.methods or ()) and route.path != _STREAM:
            address = route.path_format
            for name in route.param_convertors:
                address = address.replace("{" + name + "}", _VALUES.get(name, "x"))
            found.append(address)
    return found


def test_no_route_that_reads_waits_for_somebody_who_writes(
    library: Library, library_application: FastAPI, client_of: ClientOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    admin, alice = client_of("admin"), client_of("alice")
    grant = {"subject_kind": "user", "subject": "alice", "kind": "models", "pattern": "*"}
    assert admin.post("/api/grants", json=grant).status_code == 201
    assert publish(alice, "alice/models/tank", "1.0.0")["status"] == "done"
    alice.post("/api/pins", json={"asset": "common/models/tank"})
    alice.post("/api/versions/models/tank/1.0.0/withdrawal", json={"why": "Wrong."})
    addresses = _addresses(library_application)
    assert len(addresses) > 50
    monkeypatch.setattr(module, "_BUSY_MILLISECONDS", 10)
    library.database.engine.dispose()  # who waits from now on gives up at once

    with library.database.session() as session:
        session.execute(text("select 1"))  # from here on it has the lock
        answers = {one: alice.get(one, follow_redirects=False).status_code for one in addresses}

    assert 200 in answers.values()
    assert not {one: status for one, status in answers.items() if status >= 500}


def test_who_only_reads_cannot_write(library: Library) -> None:
    with pytest.raises(UnavailableError), library.database.reading() as session:
        session.execute(delete(GrantRow))
