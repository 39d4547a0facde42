"""Whether somebody may still be here, which the runner asks of whom it runs something for."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from jupyterhub import orm
from jupyterhub.apihandlers.base import APIHandler
from tornado.web import HTTPError
from twinhub_api.scopes import READ_ACCESS

from twinhub_hub.auth.leaving import KnowsLeavers

if TYPE_CHECKING:
    from collections.abc import Sequence


def handlers() -> Sequence[tuple[str, type[APIHandler]]]:
    """Return the handler for JupyterHub's ``extra_handlers``."""
    return [(r"/api/users/([^/]+)/access", AccessHandler)]


class AccessHandler(APIHandler):  # type: ignore[misc]
    """`GET /hub/api/users/NAME/access`: whether somebody who has been here has left."""

    async def get(self, user_name: str) -> None:
        """Answer with ``name`` and ``has_left``.

        Raises:
            HTTPError: 403, it is no service with the right to; 404, there is no such user.
        """
        if not (isinstance(self.current_user, orm.Service) and self.has_scope(READ_ACCESS)):
            raise HTTPError(HTTPStatus.FORBIDDEN, "This is for the runner alone.")
        user = self.find_user(user_name)
        if user is None:
            raise HTTPError(HTTPStatus.NOT_FOUND, "No such user here.")
        sign_in = self.authenticator
        has_left = isinstance(sign_in, KnowsLeavers) and await sign_in.has_left(user)
        self.finish({"name": user.name, "has_left": has_left})
