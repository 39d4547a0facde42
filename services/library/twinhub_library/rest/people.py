"""People who are deleted: the hub says so."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response, status
from twinhub_api.scopes import ADMIN, DELETE_USERS
from twinhub_kit.callers import Caller, Identity, read_address, read_token
from twinhub_kit.errors import NotAllowedError, NotSignedInError

from twinhub_library.forgetting import forget_person
from twinhub_library.rest.needs import TheLibrary  # noqa: TC001 - FastAPI reads it

router = APIRouter(tags=["people"])

_SERVICE = "service users"
"""Who does it, for the audit trail, where the token is no person's."""

_Name = Annotated[str, Path(min_length=1, max_length=255, description="Name of the user.")]


async def _get_deleter(request: Request, name: _Name) -> Caller:
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


@router.delete("/api/people/{name}", status_code=status.HTTP_204_NO_CONTENT)
def forget(
    name: _Name, library: TheLibrary, caller: Annotated[Caller, Depends(_get_deleter)]
) -> Response:
    """Forget a user who was deleted in the hub; a later one of that name inherits nothing.

    For tokens with the hub's scope `delete:users`. It may be repeated, and is to be where the
    answer is 409 or 429: something of the user's is still under way.
    """
    forget_person(library, name)
    library.audit.record(caller, "person-forgotten", name)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
