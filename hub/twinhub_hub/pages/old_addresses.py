"""Addresses that people have from elsewhere, and where they lead here.

Users of DTaaS have ``/NAME/lab`` and ``/NAME/tools/…`` among their bookmarks; links of nbgitpuller
are ``/hub/user-redirect/git-pull?repo=…``.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from jupyterhub.handlers.base import BaseHandler
from tornado.web import HTTPError, authenticated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyterhub.user import User
    from tornado.httputil import HTTPServerRequest

_GIT_PULL = "git-pull"
_GIT_PAGE = "/open/git"
"""The library's page, which takes the same parameters."""


def handlers() -> Sequence[tuple[str, type[BaseHandler]]]:
    """Return the handlers for JupyterHub's ``extra_handlers``, which come after its own.

    The hub gets each address without a route of its own, and puts ``/hub`` before it.
    """
    return [(r"/([^/]+)/((?:lab|tree|tools)(?:/.*)?|services)/?", OldAddressHandler)]


class OldAddressHandler(BaseHandler):  # type: ignore[misc]
    """Leads who is signed in to the same page of their own workspace, and to nobody else's."""

    @authenticated
    def get(self, user_name: str, page: str) -> None:
        """Redirect; the workspace knows what its tools are called now.

        Raises:
            HTTPError: 404, it is somebody else's, or nobody's.
        """
        user = self.current_user
        if user_name != user.name:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(f"{user.url}{page}{query}")


def redirect_git_pull(
    path: str, request: HTTPServerRequest, user: User, base_url: str
) -> str | None:  # fmt: skip
    """Return where a link of nbgitpuller leads; None for any other path of the workspace.

    JupyterHub's ``user_redirect_hook``; who follows the link is signed in by then.
    """
    del user, base_url
    if path.strip("/") != _GIT_PULL:
        return None
    return f"{_GIT_PAGE}?{request.query}" if request.query else _GIT_PAGE
