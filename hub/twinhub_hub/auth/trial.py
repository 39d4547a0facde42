"""Trial sign-in: generated passwords, for an installation that has no identity provider yet."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jupyterhub import orm
from tornado.ioloop import PeriodicCallback
from traitlets import Dict, Unicode

from twinhub_hub.auth.leaving import end_access, has_access
from twinhub_hub.auth.passwords import PasswordAuthenticator

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jupyterhub.app import JupyterHub
    from jupyterhub.user import User

    from twinhub_hub.settings.values import Role

_SWEEP_MS = 5000


class TrialAuthenticator(PasswordAuthenticator):
    """The accounts of the settings; ``accounts_file`` is a JSON object of user name to hash."""

    accounts_file = Unicode(help="File of hashes, mode 0600.").tag(config=True)
    roles = Dict(help="Role of each account.").tag(config=True)

    def find_hash(self, name: str) -> str | None:
        """Return the hash in the file."""
        hashes: Mapping[str, str] = json.loads(Path(self.accounts_file).read_text("utf-8"))
        return hashes.get(name)

    def __init__(self, **options: object) -> None:
        """Not know yet who is there without an account."""
        super().__init__(**options)
        self._strangers: frozenset[str] | None = None
        self._sweeper: PeriodicCallback | None = None

    def get_handlers(self, app: JupyterHub) -> Sequence[tuple[object, ...]]:
        """Begin to end what accounts that are gone from the settings still have."""
        if self._sweeper is None:
            self._sweeper = PeriodicCallback(partial(self.end_strangers, app), _SWEEP_MS)
            self._sweeper.start()
        return super().get_handlers(app)

    async def end_strangers(self, hub: JupyterHub) -> None:
        """Take tokens and workspaces from users who had no account when the hub started.

        A workspace that is just starting, or is looked for after a restart, takes its turn later.
        """
        users = [hub.users[one] for one in hub.db.query(orm.User)]
        if self._strangers is None:
            known: Collection[str] = set() if self.allow_all else self.roles
            self._strangers = frozenset(u.name for u in users if known and u.name not in known)
        left = [user for user in users if user.name in self._strangers and has_access(user)]
        for user in left:
            self.log.warning("access ended user=%s reason=no account", user.name)
            await end_access(hub, user)
        if not left and self._sweeper is not None:
            self._sweeper.stop()

    async def has_left(self, user: User) -> bool:
        """Return whether the account is gone from the settings."""
        return not self.allow_all and await super().has_left(user)

    def find_role(self, name: str) -> Role | None:
        """Return the role in the settings; an account that is gone from them has none."""
        role: Role | None = self.roles.get(name)
        return role
