"""Tools as jupyter-server-proxy takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server_proxy.config import ServerProcess

from twinhub_lab.tools.cookies import confine_response
from twinhub_lab.tools.handlers import RawToolHandler, ToolHandler
from twinhub_lab.tools.program import program_of
from twinhub_lab.tools.streamed import StreamedToolHandler

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_lab.tools.tool import Tool


class ToolProcess(ServerProcess):  # type: ignore[misc]
    """A tool in ``c.ServerProxy.servers``, whose program is ours to start and to end."""

    tool: Tool

    @classmethod
    def of(cls, tool: Tool) -> ToolProcess:
        """Return the tool's entry."""
        process = cls(
            name=tool.name,
            unix_socket=str(tool.socket) if tool.has_socket else None,
            absolute_url=tool.keeps_prefix,
            launcher_entry={"enabled": False},  # labextension shows them, with their icons
            raw_socket_proxy=tool.is_raw,
            update_last_activity=tool.is_work,
            rewrite_response=confine_response,
        )
        process.tool = tool
        return process

    def get_proxy_base_class(self) -> tuple[type | None, dict[str, object]]:
        """Return our handler in place of the one that knows neither failures nor restarts."""
        if self.tool.is_own:
            return None, {}
        handler = RawToolHandler if self.tool.is_raw else ToolHandler
        if self.tool.is_streamed:
            handler = StreamedToolHandler
        return handler, {"program": program_of(self.tool)}


def render(tools: Iterable[Tool]) -> dict[str, ToolProcess]:
    """Return the entries of the tools that are installed, in their order."""
    return {tool.name: ToolProcess.of(tool) for tool in tools if tool.is_installed}
