"""The library as an application: the parts, the routes and who may call."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from twinhub_kit.application import make_application, serve_routes
from twinhub_kit.health import serve_health
from twinhub_kit.metrics import serve_metrics
from twinhub_kit.operation_routes import serve_operations
from twinhub_kit.pages import serve_pages

from twinhub_library.graphql.endpoint import serve_graphql
from twinhub_library.opening.pages import PageRoute
from twinhub_library.rest import (
    archives,
    asset_parts,
    assets,
    bins,
    collection_pages,
    collections,
    events,
    files,
    folders,
    grants,
    imports,
    open_links,
    opening,
    opening_work,
    people,
    previous,
    proposals,
    publishing,
    repositories,
    search,
    teams,
    usage,
)
from twinhub_library.rest.uploads import serve_uploads

if TYPE_CHECKING:
    from fastapi import FastAPI
    from twinhub_kit.callers import Identity
    from twinhub_kit.sign_in import SignIn

    from twinhub_library.library import Library

_ROUTERS = (
    files.router,  # what is asked most first: routes are looked through in order
    folders.router,
    search.router,
    archives.router,
    bins.router,
    collection_pages.router,
    collections.router,
    events.router,
    grants.router,
    imports.router,
    open_links.router,
    open_links.pages,
    opening.router,
    opening_work.router,
    people.router,
    previous.router,
    proposals.router,
    publishing.router,
    repositories.router,
    teams.router,
    usage.router,
    asset_parts.router,
    assets.router,
    opening.others,
    assets.catch_all,  # last: it takes in what begins like it
)


def make_library_application(
    library: Library, identity: Identity, *, sign_in: SignIn | None = None
) -> FastAPI:
    """Return the application that serves a library to those whom the identity knows.

    With ``sign_in`` browsers that look at its pages sign in by the hub.
    """
    application = make_application(
        "TwinHub library", version=version("twinhub-library"), identity=identity,
        background=library.background,
    )  # fmt: skip
    application.state.library = library
    serve_graphql(application, library)
    serve_operations(application, library.operations)
    serve_health(application, library.health)
    serve_metrics(application, library.metrics)
    serve_pages(application, sign_in, route_class=PageRoute)
    for router in _ROUTERS:
        serve_routes(application, router)
    serve_uploads(application, library)
    return application
