"""What works in workspaces, told by themselves; and that one be kept, asked by its user."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.scopes import needs_scope
from pydantic import ValidationError
from tornado.web import HTTPError

from twinhub_hub.idle import RECENT, Report, forecast, kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyterhub.spawner import Spawner
    from jupyterhub.user import User

    from twinhub_hub.idle import Forecast

_SERVERS = (r"/api/users/([^/]+)/server", r"/api/users/([^/]+)/servers/([^/]*)")
"""As in JupyterHub's API: the default workspace, and one by its name."""

_FORGET = timedelta(days=1)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Workspaces:
    """The last report of each running workspace, and the times that the culler counts from."""

    def __init__(self, idle: timedelta, clock: Callable[[], datetime] = _utc_now) -> None:
        """Take how long nothing works before a stop, zero for never; and what tells the time."""
        self._idle, self._clock = idle, clock
        self._seen: dict[tuple[str, str], tuple[datetime, Report]] = {}

    def __deepcopy__(self, _memo: object) -> Self:
        """Return the one and only: traitlets copies what a configuration holds."""
        return self

    def has_reported(self, user: str, server: str) -> bool:
        """Return whether a workspace tells itself what works in it, and has done so recently."""
        seen = self._seen.get((user, server))
        return seen is not None and self._clock() - seen[0] < RECENT

    def take(self, spawner: Spawner, report: Report) -> Forecast:
        """Take a workspace's report."""
        now = self._clock()
        self._seen = {key: one for key, one in self._seen.items() if now - one[0] < _FORGET}
        self._seen[(spawner.user.name, spawner.name)] = (now, report)
        _count_from(spawner, min(report.last_work, now))
        return self.forecast(spawner)

    def keep(self, spawner: Spawner) -> Forecast:
        """Keep a workspace from being stopped for a while; lasts through restarts of the hub."""
        if self._idle:
            now = self._clock()
            _count_from(spawner, kept(self._idle, _last_activity(spawner), now))
        return self.forecast(spawner)

    def forecast(self, spawner: Spawner) -> Forecast:
        """Return what awaits a running workspace."""
        seen = self._seen.get((spawner.user.name, spawner.name))
        started = spawner.orm_spawner.started
        if seen and started and seen[0] < _aware(started):
            seen = None  # of an earlier one
        return forecast(self._idle, _last_activity(spawner), self._clock(), seen)

    def on_page(self, user: User | None) -> Mapping[str, Forecast]:
        """Return what awaits those workspaces of who looks at a page that run, by their names."""
        spawners = user.spawners.values() if user else ()
        return {one.name: self.forecast(one) for one in list(spawners) if one.ready}


def handlers(workspaces: Workspaces) -> Sequence[tuple[str, type[APIHandler], dict[str, object]]]:
    """Return the handlers for JupyterHub's ``extra_handlers``."""
    given: dict[str, object] = {"workspaces": workspaces}
    return [
        (f"{server}/{name}", handler, given)
        for server in _SERVERS
        for name, handler in (("work", WorkHandler), ("keep", KeepHandler))
    ]


class _Handler(APIHandler):  # type: ignore[misc]
    def initialize(self, workspaces: Workspaces) -> None:
        """Take the workspaces."""
        super().initialize()
        self._workspaces = workspaces

    def _running(self, user_name: str, server_name: str) -> Spawner:
        """Return a running workspace.

        Raises:
            HTTPError: 404, there is none.
        """
        user = self.find_user(user_name)
        spawner = user and user.spawners.get(server_name)
        if not spawner or not spawner.ready:
            raise HTTPError(HTTPStatus.NOT_FOUND, "This workspace does not run.")
        return spawner

    def _answer(self, found: Forecast) -> None:
        self.db.commit()
        self.finish(found.as_json())


class WorkHandler(_Handler):
    """`POST /hub/api/users/NAME/server/work`: what works in a workspace, told by itself."""

    is_routine = True

    @needs_scope("users:activity")
    def post(self, user_name: str, server_name: str = "") -> None:
        """Take a `Report`; answer when the workspace stops.

        Raises:
            HTTPError: 400, it is no report; 404, the workspace does not run.
        """
        try:
            report = Report.model_validate_json(self.request.body)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            why = f"{where}: {error.errors()[0]['msg']}"
            raise HTTPError(HTTPStatus.BAD_REQUEST, f"This is no report. {why}") from error
        self._answer(self._workspaces.take(self._running(user_name, server_name), report))


class KeepHandler(_Handler):
    """`POST /hub/api/users/NAME/server/keep`: do not stop a workspace for twelve hours."""

    @needs_scope("users:activity")
    def post(self, user_name: str, server_name: str = "") -> None:
        """Keep it; answer when it stops.

        Raises:
            HTTPError: 404, the workspace does not run.
        """
        spawner = self._running(user_name, server_name)
        self._answer(self._workspaces.keep(spawner))
        self.log.info("workspace kept user=%s by=%s", spawner.user.name, self.current_user.name)


def _last_activity(spawner: Spawner) -> datetime:
    orm = spawner.orm_spawner
    return _aware(orm.last_activity or orm.started or datetime.now(UTC))


def _count_from(spawner: Spawner, at: datetime) -> None:
    """Move JupyterHub's times of activity on, never back."""
    naive = at.astimezone(UTC).replace(tzinfo=None)  # as JupyterHub's database has them
    for row in (spawner.orm_spawner, spawner.user.orm_user):
        if row.last_activity is None or row.last_activity < naive:
            row.last_activity = naive


def _aware(time: Any) -> datetime:  # noqa: ANN401 - a column's value
    found: datetime = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return found
