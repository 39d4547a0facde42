"""Makes a user's folder as soon as the hub knows the user: the library has it before any start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jupyterhub.auth import Authenticator
from jupyterhub.utils import maybe_future
from traitlets import Callable

from twinhub_hub.assets import AssetsError

if TYPE_CHECKING:
    from jupyterhub.user import User


class MakesFolders(Authenticator):  # type: ignore[misc]
    """Has a folder made for each user that is added, and for all of them when the hub starts.

    One that cannot be made now is made at the first start of a workspace, which says what is wrong.
    """

    make_folder = Callable(
        None, allow_none=True, help="Makes the folder of a user by name, if it is missing."
    ).tag(config=True)

    async def add_user(self, user: User) -> None:
        """Add a user as JupyterHub does, and make the folder."""
        await maybe_future(super().add_user(user))
        if self.make_folder is None:
            return
        try:
            await asyncio.to_thread(self.make_folder, user.name)
        except (AssetsError, OSError):
            self.log.exception("folder cannot be made yet user=%s", user.name)
