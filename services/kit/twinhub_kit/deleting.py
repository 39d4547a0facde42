"""Who may have a service forget a user: the hub, which says of each user whom it has deleted."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request
from twinhub_api.scopes import ADMIN, DELETE_USERS

from twinhub_kit.callers import Caller, Identity, read_address, read_token
from twinhub_kit.errors import NotAllowedError, NotSignedInError

_SERVICE = "service users"
"""Who does it, for the audit trail, where the token is no person's."""

DeletedName = Annotated[str, Path(min_length=1, max_length=255, description="Name of the user.")]
"""Type of a route's parameter ``name``."""


async def _get_deleter(request: Request, name: DeletedName) -> Caller:
    """Return who may delete users; from here on no token of the deleted one's is remembered.

    Raises:
        NotSignedInError: nobody is known by what came along.
        NotAllowedError: the token may not.
    """
    identity: Identity = request.app.state.identity
    token = read_token(request.scope)
    scopes = await identity.find_scopes(token, read_address(request.scope))
    if scopes is None:
        raise NotSignedInError("Send a token that may delete users: Authorization: token <token>.")
    if not scopes & {ADMIN, DELETE_USERS}:
        raise NotAllowedError("This token may not delete users.")
    caller = await identity.find_caller(token) or Caller(_SERVICE)
    request.state.caller = caller  # for the log of the request
    identity.forget_user(name)
    return caller


Deleter = Annotated[Caller, Depends(_get_deleter)]
"""Type of the parameter of such a route that is who deletes."""
