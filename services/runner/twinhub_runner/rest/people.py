"""People who are deleted: the hub says so."""

from __future__ import annotations

from fastapi import APIRouter, Response, status
from twinhub_kit.deleting import DeletedName, Deleter  # noqa: TC002 - FastAPI reads them

from twinhub_runner.forgetting import forget_person
from twinhub_runner.rest.runs import TheRunner  # noqa: TC001 - FastAPI reads it

router = APIRouter(tags=["people"])


@router.delete("/api/people/{name}", status_code=status.HTTP_204_NO_CONTENT)
def forget(name: DeletedName, runner: TheRunner, caller: Deleter) -> Response:
    """Kill and forget all runs of a user who was deleted in the hub.

    For tokens with the hub's scope `delete:users`. It may be repeated, and is to be where the
    answer is 429: a run of the user's does not end.
    """
    forget_person(runner, name)
    runner.audit.record(caller, "person-forgotten", name)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
