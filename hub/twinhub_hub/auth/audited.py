"""Sign-ins in the audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Unicode

from twinhub_hub import audit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado.web import RequestHandler


class AuditedSignIns(Authenticator):  # type: ignore[misc]
    """Records each attempt to sign in before it is answered."""

    audit_file = Unicode(help="File of the trail, see `audit`; empty for none.").tag(config=True)

    async def get_authenticated_user(
        self, handler: RequestHandler, data: Mapping[str, str] | None
    ) -> dict[str, Any] | None:
        """Return who signed in, if it may, as JupyterHub defines it."""
        try:
            found: dict[str, Any] | None = await super().get_authenticated_user(handler, data)
        except HTTPError as error:
            self._record("sign-in refused", handler, data, status=error.status_code)
            raise
        if found is None:
            self._record("sign-in refused", handler, data)
        else:
            self._record("sign-in", handler, {"username": found["name"]}, admin=found.get("admin"))
        return found

    def _record(
        self,
        event: str,
        handler: RequestHandler,
        data: Mapping[str, str] | None,
        **more: object,
    ) -> None:
        if self.audit_file:
            name = (data or {}).get("username")
            address = handler.request.remote_ip
            audit.record(Path(self.audit_file), event, user=name, address=address, **more)
