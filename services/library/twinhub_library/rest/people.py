"""People who are deleted: the hub says so."""

from __future__ import annotations

from fastapi import APIRouter, Response, status
from twinhub_kit.deleting import DeletedName, Deleter  # noqa: TC002 - FastAPI reads them

from twinhub_library.forgetting import forget_person
from twinhub_library.rest.needs import TheLibrary  # noqa: TC001 - FastAPI reads it

router = APIRouter(tags=["people"])


@router.delete("/api/people/{name}", status_code=status.HTTP_204_NO_CONTENT)
def forget(name: DeletedName, library: TheLibrary, caller: Deleter) -> Response:
    """Forget a user who was deleted in the hub; a later one of that name inherits nothing.

    For tokens with the hub's scope `delete:users`. It may be repeated, and is to be where the
    answer is 409 or 429: something of the user's is still under way.
    """
    forget_person(library, name)
    library.audit.record(caller, "person-forgotten", name)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
