"""What JupyterHub's API would do and this hub refuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jupyterhub import orm
from jupyterhub.apihandlers.users import UserAPIHandler, UserTokenListAPIHandler
from jupyterhub.handlers.pages import SpawnHandler
from jupyterhub.scopes import needs_scope
from tornado.web import HTTPError

from twinhub_hub.acting import act_for
from twinhub_hub.pages.handlers import StartHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyterhub.user import User

MOST_TOKENS = 100
"""How many one user has that have not expired, beside those of sign-ins to workspaces."""

LONGEST_NOTE = 255
"""Characters of a token's note."""

_LONGEST_BODY = 10_000  # bytes; a token keeps the list of its scopes as it was sent
_API_CLIENT = "jupyterhub"


class UserHandler(UserAPIHandler):  # type: ignore[misc]
    """Keeps users' names: files, volumes and the audit trail know them by nothing else.

    Deletes users with all their workspaces.
    """

    @needs_scope("admin:users")
    async def patch(self, user_name: str) -> None:
        """Change a user, but not the name.

        Raises:
            HTTPError: 409, the name is to change.
        """
        if "name" in (self.get_json_body() or {}) and self.find_user(user_name):
            raise HTTPError(
                HTTPStatus.CONFLICT,
                f"A user keeps the name: the files of {user_name} would stay behind, for the next "
                f"user of that name. Add another user, copy what is to be kept, then delete "
                f"{user_name}.",
            )
        await super().patch(user_name)

    @needs_scope("delete:users")
    async def delete(self, user_name: str) -> None:
        """Delete a user whose further workspaces are stopped first: JupyterHub stops one only.

        Raises:
            HTTPError: 409, one of them is starting or takes its time to stop.
        """
        user = self.find_user(user_name)
        if user is not None and user.name != self.current_user.name:
            for name, spawner in list(user.spawners.items()):
                if name and spawner.ready:
                    await self.stop_single_user(user, name)
                if name and spawner.pending:
                    raise HTTPError(
                        HTTPStatus.CONFLICT,
                        f"The workspace {name} of {user_name} is just starting or stopping. Try "
                        "again in a moment.",
                    )
        await super().delete(user_name)

    def get_json_body(self) -> Any:  # noqa: ANN401 - whatever was sent
        """Return what was sent, without a name that stays: JupyterHub would make it none at all."""
        data = super().get_json_body()
        if isinstance(data, dict) and data.get("name") == self.path_args[0]:
            del data["name"]
        return data


class TokensHandler(UserTokenListAPIHandler):  # type: ignore[misc]
    """Limits how much a user keeps in the hub's database; tokens of servers are the hub's own."""

    async def post(self, user_name: str) -> None:
        """Make a token.

        Raises:
            HTTPError: 400, it would be too long, or expire beyond all calendars, or a name and a
                password are to do for a session; 409, the user has as many as one may have.
        """
        if "auth" in (self.get_json_body() or {}):  # a second door for guesses, without a form
            raise HTTPError(
                HTTPStatus.BAD_REQUEST,
                "Sign in in a browser and make a token on the page Token, or use another token.",
            )
        _check_length(self.request.body, self.get_json_body())
        try:
            await super().post(user_name)
        except OverflowError as error:
            self.db.rollback()
            raise HTTPError(
                HTTPStatus.BAD_REQUEST,
                "A token cannot expire that late: make expires_in shorter, or null for never.",
            ) from error

    def get_scope_filter(self, req_scope: str) -> Callable[..., bool]:
        """Return who may make a token for whom, which JupyterHub asks once it knows who asks."""
        may: Callable[..., bool] = super().get_scope_filter(req_scope)

        def may_and_has_room(user: User, kind: str) -> bool:
            if not may(user, kind=kind):
                return False
            act_for(self.current_user.name)
            self._check_room(user)
            return True

        return may_and_has_room

    def _check_room(self, user: User) -> None:
        orm.APIToken.purge_expired(self.db)
        tokens = self.db.query(orm.APIToken).filter_by(user=user.orm_user, client_id=_API_CLIENT)
        if tokens.count() >= MOST_TOKENS:
            raise HTTPError(
                HTTPStatus.CONFLICT,
                f"{user.name} has {MOST_TOKENS} tokens, which is as many as one may have: delete "
                "one that is no longer used.",
            )


def _check_length(sent: bytes, data: object) -> None:
    note = (data.get("note") or "") if isinstance(data, dict) else ""
    if not isinstance(note, str) or len(note) > LONGEST_NOTE or len(sent) > _LONGEST_BODY:
        raise HTTPError(
            HTTPStatus.BAD_REQUEST,
            f"The note of a token is a text of at most {LONGEST_NOTE} characters, and a request "
            f"for one has at most {_LONGEST_BODY} bytes.",
        )


INSTEAD: Mapping[type[Any], type[Any]] = {
    SpawnHandler: StartHandler,
    UserAPIHandler: UserHandler,
    UserTokenListAPIHandler: TokensHandler,
}
"""Our handler for each of JupyterHub's that it replaces."""
