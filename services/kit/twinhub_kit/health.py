"""Whether a service is ready: all its parts are, and each says what it waits for."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from twinhub_kit.application import serve_routes
from twinhub_kit.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from twinhub_kit.database import Database

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """The parts that have to be ready; each is asked at each look, so it answers at once."""

    _checks: dict[str, Callable[[], str | None]] = field(default_factory=dict)
    _warnings: dict[str, Callable[[], str | None]] = field(default_factory=dict)

    def add(self, part: str, check: Callable[[], str | None]) -> None:
        """Have a part be asked: it returns None when it is ready, else in a few words why not."""
        self._checks[part] = check

    def add_warning(self, part: str, check: Callable[[], str | None]) -> None:
        """Have a part be asked what keeps it from working well, though it is ready; with remedy."""
        self._warnings[part] = check

    def list_warnings(self) -> dict[str, str]:
        """Return the parts that are ready and yet need somebody, each with why."""
        found = {part: check() for part, check in self._warnings.items()}
        return {part: why for part, why in found.items() if why is not None}

    def look(self) -> dict[str, str]:
        """Return the parts that are not ready, each with why."""
        found = {part: check() for part, check in self._checks.items()}
        return {part: why for part, why in found.items() if why is not None}


def check_database(database: Database) -> Callable[[], str | None]:
    """Return the check of a database."""

    def check() -> str | None:
        try:
            with database.reading() as session:
                session.execute(text("select 1"))
        except (SQLAlchemyError, UnavailableError) as error:
            _log.warning("the database does not answer: %s", error)
            return "does not answer"
        return None

    return check


router = APIRouter(tags=["health"])


@router.get("/health")
def get_health(request: Request) -> JSONResponse:
    """Return 200 when the service is ready, else 503 and what it waits for; for everybody.

    Warnings are of what works and could be better, each with what an operator does about it.
    """
    health: Health = request.app.state.health
    waiting = health.look()
    status = HTTPStatus.SERVICE_UNAVAILABLE if waiting else HTTPStatus.OK
    warnings = health.list_warnings()
    return JSONResponse({"ready": not waiting, "waiting": waiting, "warnings": warnings}, status)


def serve_health(application: FastAPI, health: Health) -> None:
    """Add the route to an application."""
    application.state.health = health
    serve_routes(application, router)
