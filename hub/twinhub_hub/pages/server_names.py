"""Which names further workspaces may have, and how many there may be."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError
from twinhub_api import names

if TYPE_CHECKING:
    from jupyterhub.user import User
    from tornado.httputil import HTTPServerRequest


class ChecksServerNames:
    """Mixin of JupyterHub's handlers, whose pages and API both ask here before they make one."""

    request: HTTPServerRequest
    get_current_user_named_server_limit: Any

    async def _check_named_server_request(
        self, user: User, server_name: str, *options: object, **more: object
    ) -> None:
        """Refuse a name that would hide pages of the first workspace, then what JupyterHub refuses.

        Raises:
            HTTPError: 400, nobody can have a workspace of that name; 409, the user has enough.
        """
        if server_name not in user.orm_spawners:
            self._check_who_asks()
            try:
                names.check_server_name(server_name)
            except ValueError as error:
                raise HTTPError(HTTPStatus.BAD_REQUEST, str(error)) from error
            await self._check_number(user)
        await super()._check_named_server_request(  # type: ignore[misc]
            user, server_name, *options, **more
        )

    def _check_who_asks(self) -> None:
        """Let no page of another origin make a workspace by a link alone."""
        site = self.request.headers.get("Sec-Fetch-Site")
        if self.request.method == "GET" and site in {"cross-site", "same-site"}:
            raise HTTPError(
                HTTPStatus.FORBIDDEN,
                "There is no workspace of this name, and a link cannot make one: add it on your "
                "home page.",
            )

    async def _check_number(self, user: User) -> None:
        most = await self.get_current_user_named_server_limit()
        if most and sum(1 for name in user.orm_spawners if name) >= most:
            raise HTTPError(
                HTTPStatus.CONFLICT,
                f"{user.name} has {most} further workspace{'' if most == 1 else 's'}, which is as "
                "many as one may have here: remove one that is no longer used.",
            )
