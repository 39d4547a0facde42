"""What JupyterHub's API would do and this hub refuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jupyterhub.apihandlers.users import UserAPIHandler
from jupyterhub.scopes import needs_scope
from tornado.web import HTTPError

if TYPE_CHECKING:
    from collections.abc import Mapping


class UserHandler(UserAPIHandler):  # type: ignore[misc]
    """Keeps users' names: files, volumes and the audit trail know them by nothing else."""

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

    def get_json_body(self) -> Any:  # noqa: ANN401 - whatever was sent
        """Return what was sent, without a name that stays: JupyterHub would make it none at all."""
        data = super().get_json_body()
        if isinstance(data, dict) and data.get("name") == self.path_args[0]:
            del data["name"]
        return data


INSTEAD: Mapping[type[Any], type[Any]] = {UserAPIHandler: UserHandler}
"""Our handler for each of JupyterHub's that it replaces."""
