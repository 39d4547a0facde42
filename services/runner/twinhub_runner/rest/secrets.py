"""Secrets of twins: given and removed, and told of without their values."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response, status
from twinhub_api.runner.secrets import SecretIn, SecretList
from twinhub_kit.callers import KnownCaller  # noqa: TC002 - read by FastAPI

from twinhub_runner.errors import NoSecretError
from twinhub_runner.rest.runs import TheRunner  # noqa: TC001 - read by FastAPI

router = APIRouter(tags=["secrets"])

Twin = Annotated[str, Query(max_length=1024, description="A twin, as it is named for a run.")]
Name = Annotated[str, Query(max_length=200, description="The secret, as the twin names it.")]


@router.get("/api/secrets")
def list_secrets(
    runner: TheRunner, caller: KnownCaller,
    twin: Annotated[
        str | None,
        Query(max_length=1024, description="Those of this twin, also the ones not given yet."),
    ] = None,
) -> SecretList:  # fmt: skip
    """Return which secrets one has given for which twins; no value is ever told."""
    if twin is None:
        return SecretList(items=tuple(runner.secrets.list_of(caller.name)))
    found = runner.twins.find(caller, twin)
    return SecretList(items=tuple(runner.secrets.list_for(caller.name, found)))


@router.put("/api/secrets", status_code=status.HTTP_204_NO_CONTENT)
def set_secret(asked: SecretIn, runner: TheRunner, caller: KnownCaller) -> Response:
    """Give a twin's secret for one's own runs of it, in place of what was given before."""
    found = runner.twins.find(caller, asked.twin)
    runner.secrets.put(caller, found, asked.name, asked.value.get_secret_value())
    runner.audit.record(caller, "set-secret", found.path, secret=asked.name)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.delete("/api/secrets", status_code=status.HTTP_204_NO_CONTENT)
def remove_secret(runner: TheRunner, caller: KnownCaller, twin: Twin, name: Name) -> Response:
    """Forget what one has given for a secret; the twin need not be there any more."""
    path = runner.twins.path(caller, twin)
    if not runner.secrets.remove(caller.name, path, name):
        raise NoSecretError(f"You have given no secret {name!r} for {path}.")
    runner.audit.record(caller, "remove-secret", path, secret=name)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
