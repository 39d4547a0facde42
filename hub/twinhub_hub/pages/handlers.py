"""The few hub pages and files that JupyterHub does not serve by itself."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from jupyterhub.handlers.base import BaseHandler
from jupyterhub.handlers.login import LogoutHandler
from jupyterhub.handlers.pages import SpawnHandler
from jupyterhub.handlers.static import CacheControlStaticFilesHandler
from tornado.web import HTTPError, StaticFileHandler

from twinhub_hub.auth.leaving import end_sessions

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent
"""Folder of the templates and static files."""

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""Headers of every answer, beside JupyterHub's own ``frame-ancestors 'none'``."""

_STATIC = FOLDER / "static"
_PREFIX = "twinhub/"


class PageFilesHandler(CacheControlStaticFilesHandler):  # type: ignore[misc]
    """Serves JupyterHub's static files, and ours below ``static/twinhub/``.

    With the version that `static_url` appends a file is kept for years; without, it is asked for
    again each time and the ETag saves the transfer.
    """

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        """Look below our folder for what begins with our prefix."""
        if path.startswith(_PREFIX):
            root, path = str(_STATIC), path.removeprefix(_PREFIX)
        return str(super().get_absolute_path(root, path))

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Refuse what lies in neither folder."""
        if Path(absolute_path).is_relative_to(_STATIC):
            root = str(_STATIC)
        found: str | None = super().validate_absolute_path(root, absolute_path)
        return found

    def compute_etag(self) -> str | None:
        """Return the hash of the content, which JupyterHub leaves out."""
        etag: str | None = StaticFileHandler.compute_etag(self)
        return etag

    def set_extra_headers(self, path: str) -> None:
        """Add the headers that pages have."""
        super().set_extra_headers(path)
        for name, value in HEADERS.items():
            self.set_header(name, value)


class WholePageOnly(BaseHandler):  # type: ignore[misc]
    """Answers who goes to an address, and no page that only makes a browser ask for it.

    Browsers tell what they ask for, see https://www.w3.org/TR/fetch-metadata/. Other programs do
    not, and have no cookie of somebody else's.
    """

    async def prepare(self) -> None:
        """Refuse frames, pictures and scripts.

        Raises:
            HTTPError: 403, it is one of those.
        """
        await super().prepare()
        if self.request.headers.get("Sec-Fetch-Dest", "document") != "document":
            raise HTTPError(HTTPStatus.FORBIDDEN, "Another page has asked for this.")


class StartHandler(WholePageOnly, SpawnHandler):  # type: ignore[misc]
    """Starts a workspace for who goes there: with one image, JupyterHub needs no more than that."""


class SignedOutHandler(WholePageOnly, LogoutHandler):  # type: ignore[misc]
    """Ends every session of who signs out, and says so; JupyterHub forgets a cookie, no more."""

    async def default_handle_logout(self) -> None:
        """End the sessions, this one and those of other browsers; tokens and workspaces go on."""
        user = self.current_user
        await super().default_handle_logout()
        if user is not None:
            end_sessions(self.db, user)

    async def render_logout_page(self) -> None:
        """Show what has happened and how to sign in again."""
        self.finish(await self.render_template("logout.html"))
