"""The routes of long work, the same in every service: ``application.state.operations``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Request
from twinhub_api.operations import Operation, OperationList

from twinhub_kit.application import serve_routes
from twinhub_kit.callers import KnownCaller  # noqa: TC001 - FastAPI reads it
from twinhub_kit.operations import Operations

if TYPE_CHECKING:
    from fastapi import FastAPI

router = APIRouter(prefix="/api/operations", tags=["operations"])


def serve_operations(application: FastAPI, operations: Operations) -> None:
    """Add the routes to an application."""
    application.state.operations = operations
    serve_routes(application, router)


def get_operations(request: Request) -> Operations:
    """Return the operations of the service."""
    operations: Operations = request.app.state.operations
    return operations


TheOperations = Annotated[Operations, Depends(get_operations)]


@router.get("")
def list_operations(
    caller: KnownCaller,
    operations: TheOperations,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: str | None = None,
) -> OperationList:
    """Return your own operations, the newest first."""
    found, more = operations.list(caller, limit=limit, after=after)
    return OperationList(operations=tuple(found), next=more)


@router.get("/{operation_id}")
def get_operation(operation_id: str, caller: KnownCaller, operations: TheOperations) -> Operation:
    """Return one of your operations: how far it is, or how it ended."""
    return operations.get(caller, operation_id)


@router.delete("/{operation_id}")
def cancel_operation(
    operation_id: str, caller: KnownCaller, operations: TheOperations
) -> Operation:
    """Tell one of your operations to end; what has ended stays as it is."""
    return operations.cancel(caller, operation_id)
