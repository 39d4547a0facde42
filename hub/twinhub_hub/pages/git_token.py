"""The token of somebody's login for git, which the library asks for at each use."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from jupyterhub import orm
from jupyterhub.apihandlers.base import APIHandler
from pydantic import ValidationError
from tornado.web import HTTPError
from twinhub_api.logins import GitToken, GitTokenIn
from twinhub_api.scopes import GIT_TOKEN

from twinhub_hub import audit
from twinhub_hub.acting import by
from twinhub_hub.auth.git_tokens import NoGitTokenError, get_git_token
from twinhub_hub.auth.gitlab import TwinHubGitLabAuthenticator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jupyterhub.user import User


def handlers(audit_file: Path) -> Sequence[tuple[str, type[APIHandler], dict[str, object]]]:
    """Return the handler for JupyterHub's ``extra_handlers``."""
    return [(r"/api/users/([^/]+)/git-token", GitTokenHandler, {"audit_file": audit_file})]


class GitTokenHandler(APIHandler):  # type: ignore[misc]
    """`POST /hub/api/users/NAME/git-token`: the access token of a user's login, for a repository.

    The rest of what GitLab gave, such as what renews the token, stays in the hub.
    """

    def initialize(self, audit_file: Path) -> None:
        """Take the file of the audit trail."""
        super().initialize()
        self._audit_file = audit_file

    async def post(self, user_name: str) -> None:
        """Answer with a `GitToken`.

        Raises:
            HTTPError: 403, it is no service with the right to; 404, there is no such user; 409,
                the login does not serve, and the text tells the user what to do.
        """
        if not (isinstance(self.current_user, orm.Service) and self.has_scope(GIT_TOKEN)):
            raise HTTPError(HTTPStatus.FORBIDDEN, "This is for the library alone.")
        wanted = self._wanted()
        user = self.find_user(user_name)
        if user is None:
            raise HTTPError(HTTPStatus.NOT_FOUND, "There is no such user.")
        try:
            found = await self._find(user, wanted.remote)
        except NoGitTokenError as error:
            raise HTTPError(HTTPStatus.CONFLICT, "%s", error) from error
        audit.record_git_token(self._audit_file, user=user.name, remote=wanted.remote, **by())
        self.set_header("Cache-Control", "no-store")
        self.finish(found.model_dump_json())

    async def _find(self, user: User, remote: str) -> GitToken:
        if not isinstance(self.authenticator, TwinHubGitLabAuthenticator):
            raise NoGitTokenError(
                "Nobody signs in to this TwinHub by GitLab: give a token for this repository."
            )
        return await get_git_token(self.authenticator, user, remote)

    def _wanted(self) -> GitTokenIn:
        try:
            return GitTokenIn.model_validate_json(self.request.body)
        except ValidationError as error:
            raise HTTPError(HTTPStatus.BAD_REQUEST, "Send the repository as `remote`.") from error
