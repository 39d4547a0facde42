"""A new password for somebody's account, from the admin panel."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from jupyterhub.handlers.base import BaseHandler
from jupyterhub.scopes import needs_scope
from tornado.web import HTTPError, authenticated

from twinhub_hub.operate.errors import OperateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    _Renew = Callable[[str], str]


def handlers(renew: _Renew) -> Sequence[tuple[str, type[BaseHandler], dict[str, object]]]:
    """Return the handlers for JupyterHub's ``extra_handlers``; ``renew`` may take a while."""
    return [(r"/new-password", NewPasswordHandler, {"renew": renew})]


class NewPasswordHandler(BaseHandler):  # type: ignore[misc]
    """`POST /hub/new-password`: what the form of the admin panel sends."""

    def initialize(self, renew: _Renew) -> None:
        """Take what gives an account a new password and returns it, or raises OperateError."""
        super().initialize()
        self._renew = renew

    @authenticated
    @needs_scope("admin-ui")
    async def post(self) -> None:
        """Show the new password, once.

        Raises:
            HTTPError: 403, no admin; 404, no such account.
        """
        if not self.current_user.admin:  # who may open the panel need not be an admin
            raise HTTPError(HTTPStatus.FORBIDDEN)
        name = self.get_body_argument("username", "")
        try:
            password = await asyncio.to_thread(self._renew, name)
        except OperateError as error:
            raise HTTPError(HTTPStatus.NOT_FOUND, f"No password was changed. {error}") from error
        self.log.warning("password renewed user=%s by=%s", name, self.current_user.name)
        self.set_header("Cache-Control", "no-store")
        page = self.render_template(
            "new_password.html", user=self.current_user, account=name, password=password
        )
        self.finish(await page)
