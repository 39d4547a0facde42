"""Ending a user's access: sessions, tokens, servers. Files stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyterhub import orm
from jupyterhub.auth import Authenticator

from twinhub_hub.spawners.tokens import KnowsItsToken

if TYPE_CHECKING:
    from jupyterhub.app import JupyterHub
    from jupyterhub.user import User
    from sqlalchemy.orm import Session


class KnowsLeavers(Authenticator):  # type: ignore[misc]
    """A sign-in that says of everybody who has been here whether they still may be."""

    async def has_left(self, user: User) -> bool:
        """Return whether a user may be here no more; it is not true of one who is just silent."""
        raise NotImplementedError


def has_access(user: User) -> bool:
    """Return whether a user has a server or a token, which work without a sign-in."""
    return bool(user.active or user.orm_user.api_tokens)


def end_sessions(database: Session, user: User) -> None:
    """End a user's sessions in all browsers, at the hub and at workspaces; may be repeated.

    What was made to be used without a browser goes on: API tokens and workspaces.
    """
    user.orm_user.cookie_id = orm.new_token()  # what the cookies of all sessions hold
    of_browsers = orm.APIToken.session_id.isnot(None)
    for token in database.query(orm.APIToken).filter(orm.APIToken.user_id == user.id, of_browsers):
        database.delete(token)
    database.commit()


def end_sessions_and_tokens(hub: JupyterHub, user: User, *, keep_servers: bool) -> None:
    """Take every session and token from a user; rights and groups stay. May be repeated.

    With ``keep_servers`` the tokens stay that servers run with, so that these go on.
    """
    user.orm_user.cookie_id = orm.new_token()  # what the cookies of all sessions hold
    kept = _tokens_of_servers(user) if keep_servers else frozenset()
    for token in hub.db.query(orm.APIToken).filter_by(user_id=user.id):
        if token.hashed not in kept:
            hub.db.delete(token)
    for code in hub.db.query(orm.OAuthCode).filter_by(user_id=user.id):
        hub.db.delete(code)
    hub.db.commit()


async def end_access(hub: JupyterHub, user: User) -> None:
    """Take every session, token, group and server from a user; may be repeated.

    A server that is just starting is left to the next call.
    """
    user.admin = False
    user.sync_groups([])
    end_sessions_and_tokens(hub, user, keep_servers=False)
    for name, spawner in list(user.spawners.items()):
        if spawner.active and not spawner.pending:
            await hub.proxy.delete_user(user, name)
            await user.stop(name)


def _tokens_of_servers(user: User) -> frozenset[str]:
    """Return the hashes of the tokens of a user's servers; a site's own spawner tells none."""
    return frozenset(
        spawner.token_hash
        for spawner in user.spawners.values()
        if spawner.active and isinstance(spawner, KnowsItsToken)
    )
