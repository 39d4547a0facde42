"""Ending a user's access: sessions, tokens, servers. Files stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyterhub import orm

if TYPE_CHECKING:
    from jupyterhub.app import JupyterHub
    from jupyterhub.user import User
    from sqlalchemy.orm import Session


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


async def end_access(hub: JupyterHub, user: User) -> None:
    """Take every session, token, group and server from a user; may be repeated.

    A server that is just starting is left to the next call.
    """
    end_sessions(hub.db, user)
    user.admin = False
    user.sync_groups([])
    for kind in (orm.APIToken, orm.OAuthCode):
        for one in hub.db.query(kind).filter_by(user_id=user.id):
            hub.db.delete(one)
    hub.db.commit()
    for name, spawner in list(user.spawners.items()):
        if spawner.active and not spawner.pending:
            await hub.proxy.delete_user(user, name)
            await user.stop(name)
