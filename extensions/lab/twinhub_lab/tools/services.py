"""What programs ask: which tools there are; and the addresses that tools had elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from twinhub_lab.tools.program import program_of
from twinhub_lab.tools.rendering import ToolProcess
from twinhub_lab.tools.state import describe, new_address, tile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jupyter_server.serverapp import ServerApp

    from twinhub_lab.tools.tool import Tool

_RESOURCE = "server"


def listed_tools(server: ServerApp) -> dict[str, Tool]:
    """Return the tools that this server's configuration lists and that are installed."""
    listed: Mapping[str, object] = server.config.get("ServerProxy", {}).get("servers", {})
    return {p.tool.name: p.tool for p in listed.values() if isinstance(p, ToolProcess)}


def handlers(
    base_url: str, tools: Mapping[str, Tool], connections: Mapping[str, Collection[object]]
) -> list[tuple[object, ...]]:
    """Return the handlers below a server's address.

    ``connections`` holds what is open now of the tools that the server answers itself.
    """
    given = {"tools": tools}
    live = {"tools": tools, "connections": connections}
    return [
        (url_path_join(base_url, "services"), ServicesHandler, live),
        (url_path_join(base_url, "twinhub/tools"), ToolsHandler, given),
        (url_path_join(base_url, r"tools/([^/]+)/?(.*)"), OldAddressHandler, given),
    ]


class ServicesHandler(APIHandler):  # type: ignore[misc]
    """`GET services`: what there is to open, and what of it runs."""

    auth_resource = _RESOURCE

    def initialize(
        self, tools: Mapping[str, Tool], connections: Mapping[str, Collection[object]]
    ) -> None:
        """Take the tools, and what is open of those that are the server's own."""
        self._tools, self._connections = tools, connections

    @authenticated
    @authorized
    def get(self) -> None:
        """Answer without starting anything."""
        running = {name for name, tool in self._tools.items() if self._is_running(tool)}
        self.finish(json.dumps(describe(self._tools.values(), running)))

    def _is_running(self, tool: Tool) -> bool:
        if tool.is_own:
            return bool(self._connections.get(tool.name))
        return program_of(tool).is_running


class ToolsHandler(APIHandler):  # type: ignore[misc]
    """`GET twinhub/tools`: the tools as JupyterLab shows them, in the order of the list."""

    auth_resource = _RESOURCE

    def initialize(self, tools: Mapping[str, Tool]) -> None:
        """Take the tools."""
        self._tools = tools

    @authenticated
    @authorized
    def get(self) -> None:
        """Answer with tiles for the launcher."""
        self.finish(json.dumps([tile(tool) for tool in self._tools.values()]))


class OldAddressHandler(JupyterHandler):  # type: ignore[misc]
    """`GET tools/…`: where workspaces of other platforms had their tools."""

    auth_resource = _RESOURCE

    def initialize(self, tools: Mapping[str, Tool]) -> None:
        """Take the tools."""
        self._tools = tools

    @authenticated
    @authorized
    def get(self, name: str, rest: str) -> None:
        """Send the browser to where the tool is.

        Raises:
            HTTPError: 404, there is no such tool here.
        """
        found = new_address(name, quote(rest), self.request.query, self._tools)
        if found is None:
            raise HTTPError(404, f"This workspace has no tool at tools/{name}.")
        self.redirect(url_path_join(self.base_url, found))
