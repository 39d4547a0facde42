"""What the hub does when an admin deletes a user: it leaves a record for who may touch files."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Unicode

from twinhub_hub.deletions import record_deletion

if TYPE_CHECKING:
    from jupyterhub.user import User


class RecordsDeletions(Authenticator):  # type: ignore[misc]
    """Records each deletion before JupyterHub forgets the user, whose workspace it has stopped."""

    deletions = Unicode(help="Folder of the records, see `deletions`.").tag(config=True)

    def delete_user(self, user: User) -> None:
        """Record the deletion; the settings go on to say who may sign in.

        JupyterHub would strike the name from those who may, until the hub starts again, although
        its account is still there.

        Raises:
            HTTPError: 409, a workspace is just starting or stopping and could still write.
        """
        if any(spawner.pending for spawner in user.spawners.values()):
            raise HTTPError(
                HTTPStatus.CONFLICT,
                f"A workspace of {user.name} is just starting or stopping. Try again in a moment.",
            )
        record_deletion(Path(self.deletions), user.name, at=datetime.now(UTC))
        self.log.warning("user deleted, files to be archived by `twinhub up` user=%s", user.name)
        may_sign_in = frozenset(self.allowed_users)
        super().delete_user(user)
        self.allowed_users.update(may_sign_in)
