"""Loads server extensions after the server's first answer instead of before it.

Importing them takes a third of the time until a workspace answers, for panels and formats that most
sessions open later or never. Loading blocks the server once, for that time, right after an answer:
what a page asks of them waits, and nothing is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp
    from tornado.web import RequestHandler

LATE = ("jupyterlab_git", "jupyterlab_jupytext", "nbdime")
"""What is loaded late, by the names that the extensions give themselves."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "twinhub_late"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Wait for the first answer of the server."""
    settings = server.web_app.settings
    log_request = settings["log_function"]

    def log_first(handler: RequestHandler) -> None:
        settings["log_function"] = log_request
        log_request(handler)
        server.io_loop.add_callback(load, server)

    settings["log_function"] = log_first


def load(server: ServerApp) -> None:
    """Load them all; one that fails is in the log, and keeps none of the others away."""
    manager = server.extension_manager
    for name in LATE:
        if manager.add_extension(name, enabled=True):
            manager.link_extension(name)
            manager.load_extension(name)
