"""Sign-ins in the audit trail."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Unicode

from twinhub_hub import audit
from twinhub_hub.auth.attempts import WrongAttempts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado.web import RequestHandler


THROTTLED_SECONDS = 60
"""How long no further attempt of a name from an address is recorded that came too soon."""


class AuditedSignIns(Authenticator):  # type: ignore[misc]
    """Records each attempt to sign in before it is answered.

    Of those that came too soon after wrong ones, only the first of a minute for a name and address.
    """

    audit_file = Unicode(help="File of the trail, see `audit`; empty for none.").tag(config=True)

    def __init__(self, **options: object) -> None:
        """Begin with nothing recorded."""
        super().__init__(**options)
        self._throttled = WrongAttempts(most=1, seconds=THROTTLED_SECONDS, clock=monotonic)

    async def get_authenticated_user(
        self, handler: RequestHandler, data: Mapping[str, str] | None
    ) -> dict[str, Any] | None:
        """Return who signed in, if it may, as JupyterHub defines it."""
        try:
            found: dict[str, Any] | None = await super().get_authenticated_user(handler, data)
        except HTTPError as error:
            if not self._is_repeated(error, handler, data):
                self._record_refused(handler, data, status=error.status_code)
            raise
        if found is None:
            self._record_refused(handler, data)
        elif self.audit_file:
            more = {"address": handler.request.remote_ip, "admin": found.get("admin")}
            audit.record(Path(self.audit_file), "sign-in", user=found["name"], **more)
        return found

    def _is_repeated(
        self, error: HTTPError, handler: RequestHandler, data: Mapping[str, str] | None
    ) -> bool:
        """Return whether such an attempt came too soon and has its line; the next ones have."""
        if error.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            return False
        name = self.normalize_username((data or {}).get("username", ""))
        key = (name, handler.request.remote_ip)
        if self._throttled.wait_seconds(key):
            return True
        self._throttled.add(key)
        return False

    def _record_refused(
        self, handler: RequestHandler, data: Mapping[str, str] | None, **more: object
    ) -> None:
        if self.audit_file:
            name = (data or {}).get("username")
            address = handler.request.remote_ip
            audit.record_refused(Path(self.audit_file), user=name, address=address, **more)
