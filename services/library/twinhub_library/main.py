"""The library as an application: the parts, the routes and who may call."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from starlette.routing import Route
from twinhub_kit.application import make_application
from twinhub_kit.operation_routes import serve_operations

from twinhub_library.graphql.endpoint import GraphQLEndpoint
from twinhub_library.rest import events, folders, search

if TYPE_CHECKING:
    from fastapi import FastAPI
    from twinhub_kit.callers import Identity

    from twinhub_library.library import Library

_ROUTERS = (
    events.router,
    folders.router,
    search.router,
)


def make_library_application(library: Library, identity: Identity) -> FastAPI:
    """Return the application that serves a library to those whom the identity knows."""
    application = make_application(
        "TwinHub library", version=version("twinhub-library"), identity=identity,
        background=library.background,
    )  # fmt: skip
    application.state.library = library
    serve_operations(application, library.operations)
    for router in _ROUTERS:
        application.include_router(router)
    application.router.routes.insert(0, Route("/lib", GraphQLEndpoint(library)))
    return application
