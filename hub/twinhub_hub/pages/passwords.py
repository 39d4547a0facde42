"""A new password for somebody's account, from the admin panel."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from jupyterhub.handlers.base import BaseHandler
from jupyterhub.scopes import needs_scope
from tornado.web import HTTPError, authenticated

from twinhub_hub.operate.errors import BusyError, OperateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_hub.operate.passwords import HubPasswords


def handlers(
    passwords: HubPasswords,
) -> Sequence[tuple[str, type[BaseHandler], dict[str, object]]]:
    """Return the handlers for JupyterHub's ``extra_handlers``."""
    return [(r"/new-password", NewPasswordHandler, {"passwords": passwords})]


class NewPasswordHandler(BaseHandler):  # type: ignore[misc]
    """`POST /hub/new-password`: what the form of the admin panel sends."""

    def initialize(self, passwords: HubPasswords) -> None:
        """Take what gives new passwords."""
        super().initialize()
        self._passwords = passwords

    @authenticated
    @needs_scope("admin-ui")
    async def post(self) -> None:
        """Show the new password, once.

        Raises:
            HTTPError: 403, no admin; 404, no such account; 409, another command works; 500,
                something cannot be written.
        """
        if not self.current_user.admin:  # who may open the panel need not be an admin
            raise HTTPError(HTTPStatus.FORBIDDEN)
        name = self.get_body_argument("username", "")
        password = await self._renew(name)
        self.log.warning("password renewed user=%s by=%s", name, self.current_user.name)
        self.set_header("Cache-Control", "no-store")
        page = self.render_template(
            "new_password.html", user=self.current_user, account=name, password=password
        )
        self.finish(await page)

    async def _renew(self, name: str) -> str:
        by = self.current_user.name
        try:
            return await asyncio.to_thread(self._passwords.renew, name, by=by)
        except BusyError as error:
            raise _refusal(HTTPStatus.CONFLICT, str(error)) from error
        except OperateError as error:
            raise _refusal(HTTPStatus.NOT_FOUND, str(error)) from error
        except OSError as error:
            self.log.exception("password not renewed user=%s by=%s", name, by)
            reason = "The hub cannot write to its files; its log says why."
            raise _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, reason) from error


def _refusal(status: HTTPStatus, reason: str) -> HTTPError:
    return HTTPError(status, f"No password was changed. {reason}")
