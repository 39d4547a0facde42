"""Puts the parts into a running Jupyter server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_lab.handlers import handlers
from twinhub_lab.reporter import Reporter
from twinhub_lab.ssh.handlers import handlers as ssh_handlers
from twinhub_lab.ssh.tunnel import TunnelHandler
from twinhub_lab.tools import services
from twinhub_lab.tools.ports import shield

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def load(server: ServerApp) -> None:
    """Add the handlers and begin to report, where the hub has asked for reports."""
    base_url = server.web_app.settings["base_url"]
    if not shield(server.web_app):
        server.log.warning(
            "TwinHub: programs at proxy/PORT are passed the cookies of their visitors."
        )
    tools = services.listed_tools(server)
    if "ssh" in tools:
        server.web_app.add_handlers(".*$", ssh_handlers(base_url))
    server.web_app.add_handlers(
        ".*$", services.handlers(base_url, tools, {"ssh": TunnelHandler.open_now})
    )
    reporter = Reporter.from_environment()
    if reporter is not None:
        _report(server, base_url, reporter)


def _report(server: ServerApp, base_url: str, reporter: Reporter) -> None:
    server.web_app.add_handlers(".*$", handlers(base_url, reporter))

    async def begin() -> None:
        from twinhub_lab.observer import Observer  # noqa: PLC0415 - after the server answers

        await reporter.run(Observer(server), server.log)

    server.io_loop.add_callback(begin)
