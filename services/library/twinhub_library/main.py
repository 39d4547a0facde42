"""The library as an application: the parts, the routes and who may call."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from twinhub_kit.application import make_application

from twinhub_library.rest import assets, folders, teams

if TYPE_CHECKING:
    from fastapi import FastAPI
    from twinhub_kit.callers import Identity

    from twinhub_library.library import Library

_ROUTERS = (
    folders.router,
    assets.router,
    teams.router,
    assets.catch_all,  # last: it takes in what begins like it
)


def make_library_application(library: Library, identity: Identity) -> FastAPI:
    """Return the application that serves a library to those whom the identity knows."""
    application = make_application(
        "TwinHub library", version=version("twinhub-library"), identity=identity
    )
    application.state.library = library
    for router in _ROUTERS:
        application.include_router(router)
    return application
