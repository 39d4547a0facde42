"""A new password for somebody's account, from the admin panel."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from jupyterhub.handlers.base import BaseHandler
from jupyterhub.scopes import needs_scope
from tornado.web import HTTPError, authenticated

from twinhub_hub.auth.leaving import end_sessions_and_tokens
from twinhub_hub.operate.errors import BusyError, NoAccountError, OperateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_hub.operate.passwords import HubPasswords


def handlers(
    passwords: HubPasswords,
) -> Sequence[tuple[str, type[BaseHandler], dict[str, object]]]:
    """Return the handlers for JupyterHub's ``extra_handlers``."""
    return [(r"/new-password", NewPasswordHandler, {"passwords": passwords})]


class NewPasswordHandler(BaseHandler):  # type: ignore[misc]
    """`/hub/new-password`: the form of the admin panel leads here, for admins only."""

    def initialize(self, passwords: HubPasswords) -> None:
        """Take what gives new passwords."""
        super().initialize()
        self._passwords = passwords

    @authenticated
    @needs_scope("admin-ui")
    async def get(self) -> None:
        """Ask whether this is the account; changes nothing.

        Raises:
            HTTPError: 403, no admin; 500, the accounts cannot be read.
        """
        self._check_admin()
        try:
            account = self._passwords.get_account(self.get_query_argument("username", ""))
        except NoAccountError as error:
            await self._show_no_account(error)
        except OperateError as error:
            raise _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, str(error)) from error
        else:
            await self._show("confirm_new_password.html", account=account)

    @authenticated
    @needs_scope("admin-ui")
    async def post(self) -> None:
        """Show the new password, once; with ``sign_out`` end the user's sessions and tokens.

        Raises:
            HTTPError: 403, no admin; 409, another command works; 500, something cannot be read
                or written.
        """
        self._check_admin()
        account = self.get_body_argument("username", "")
        signs_out = bool(self.get_body_argument("sign_out", ""))
        try:
            password = await self._renew(account, signs_out=signs_out)
        except NoAccountError as error:
            await self._show_no_account(error)
            return
        if signs_out:  # after it: the old password opens no new session
            self._sign_out(account)
        by = self.current_user.name
        self.log.warning("password renewed user=%s by=%s signed_out=%s", account, by, signs_out)
        self.set_header("Cache-Control", "no-store")
        given = {"account": account, "password": password, "signed_out": signs_out}
        await self._show("new_password.html", **given)

    def _check_admin(self) -> None:
        if not self.current_user.admin:  # who may open the panel need not be an admin
            raise HTTPError(HTTPStatus.FORBIDDEN)

    async def _renew(self, name: str, *, signs_out: bool) -> str:
        by = self.current_user.name
        try:
            return await asyncio.to_thread(self._passwords.renew, name, by=by, signs_out=signs_out)
        except BusyError as error:
            raise _refusal(HTTPStatus.CONFLICT, str(error)) from error
        except NoAccountError:
            raise
        except OperateError as error:
            raise _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, str(error)) from error
        except OSError as error:
            self.log.exception("password not renewed user=%s by=%s", name, by)
            reason = "The hub cannot write to its files; its log says why."
            raise _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, reason) from error

    def _sign_out(self, account: str) -> None:
        user = self.find_user(self.authenticator.normalize_username(account))
        if user is not None:  # who has never signed in has no session
            end_sessions_and_tokens(self.app, user, keep_servers=True)

    async def _show_no_account(self, error: NoAccountError) -> None:
        self.set_status(HTTPStatus.NOT_FOUND)
        await self._show("no_account.html", what=error.what, hint=error.hint)

    async def _show(self, template: str, **words: object) -> None:
        self.finish(await self.render_template(template, user=self.current_user, **words))


def _refusal(status: HTTPStatus, reason: str) -> HTTPError:
    return HTTPError(status, f"No password was changed. {reason}")
