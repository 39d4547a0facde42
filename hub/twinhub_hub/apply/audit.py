"""What goes to the audit trail beside sign-ins: starts, and changes of who may do what."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from jupyterhub import orm
from sqlalchemy import event
from sqlalchemy.orm import Session

from twinhub_hub import audit
from twinhub_hub.acting import by

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twinhub_hub.apply.context import Context

_API_CLIENT = "jupyterhub"
"""OAuth client of tokens that are no part of a browser's sign-in to a workspace."""


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Record to the installation's trail."""
    path = context.installation.audit_file
    c.AuditedSignIns.audit_file = str(path)
    c.EventLogger.handlers = [ServerActions(path)]
    DatabaseChanges(path).listen()


class ServerActions(logging.Handler):
    """Takes JupyterHub's events of workspaces that started or stopped."""

    def __init__(self, path: Path) -> None:
        """Record to a file."""
        super().__init__()
        self._path = path

    def emit(self, record: logging.LogRecord) -> None:
        """Record an event; its schema is JupyterHub's `server-action`."""
        data: Any = record.msg
        name = {"start": "workspace started", "stop": "workspace stopped"}[data["action"]]
        more = {"server": data["servername"]} if data["servername"] else {}
        audit.record(self._path, name, user=data["username"], **more, **by())


class DatabaseChanges:
    """Listens to what is written to the hub's database, of which this process has one session.

    A change goes to the trail when all of them have been sent to the database and right before they
    are committed: what is rolled back leaves no line, and what cannot be recorded does not happen.
    """

    def __init__(self, path: Path) -> None:
        """Record to a file."""
        self._path = path
        self._waiting: list[tuple[str, Mapping[str, object]]] = []

    def listen(self) -> None:
        """Begin: for this process, once."""
        event.listen(Session, "before_commit", self._write)
        event.listen(Session, "after_rollback", self._forget)
        event.listen(orm.User, "after_insert", self._added)
        event.listen(orm.User, "after_delete", self._removed)
        event.listen(orm.User.admin, "set", self._admin_set)
        event.listen(orm.User.groups, "append", self._joined)
        event.listen(orm.User.groups, "remove", self._left)
        event.listen(orm.User.roles, "append", self._role_given)
        event.listen(orm.User.roles, "remove", self._role_taken)
        event.listen(orm.APIToken, "after_insert", self._token_made)
        event.listen(orm.APIToken, "after_delete", self._token_removed)

    def _record(self, name: str, **fields: object) -> None:
        self._waiting.append((name, {**fields, **by()}))

    def _write(self, session: Session) -> None:
        session.flush()
        waiting, self._waiting = self._waiting, []
        for name, fields in waiting:
            audit.record(self._path, name, **fields)

    def _forget(self, _session: Session) -> None:
        self._waiting.clear()

    def _added(self, _mapper: object, _connection: object, user: Any) -> None:  # noqa: ANN401
        self._record("user added", user=user.name)

    def _removed(self, _mapper: object, _connection: object, user: Any) -> None:  # noqa: ANN401
        self._record("user removed", user=user.name)

    def _admin_set(self, user: Any, value: Any, old: Any, _initiator: object) -> None:  # noqa: ANN401
        if bool(value) != (old is True):
            self._record("admin given" if value else "admin taken", user=user.name)

    def _joined(self, user: Any, group: Any, _initiator: object) -> None:  # noqa: ANN401
        self._record("group joined", user=user.name, group=group.name)

    def _left(self, user: Any, group: Any, _initiator: object) -> None:  # noqa: ANN401
        self._record("group left", user=user.name, group=group.name)

    def _role_given(self, user: Any, role: Any, _initiator: object) -> None:  # noqa: ANN401
        self._record("role given", user=user.name, role=role.name)

    def _role_taken(self, user: Any, role: Any, _initiator: object) -> None:  # noqa: ANN401
        self._record("role taken", user=user.name, role=role.name)

    def _token_made(self, _mapper: object, _connection: object, token: Any) -> None:  # noqa: ANN401
        if token.client_id == _API_CLIENT and token.user is not None:
            scopes = " ".join(token.scopes)
            note = token.note or ""
            self._record("token made", user=token.user.name, note=note, scopes=scopes)

    def _token_removed(self, _mapper: object, _connection: object, token: Any) -> None:  # noqa: ANN401
        if token.client_id == _API_CLIENT and token.user is not None:
            self._record("token removed", user=token.user.name, note=token.note or "")
