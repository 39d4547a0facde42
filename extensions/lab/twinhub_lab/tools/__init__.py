"""Tools of a workspace: programs that are started when somebody first opens their page.

An image lists them with `Tool` and gives the list to the server with `servers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_lab.tools.tool import Tool, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_lab.tools.rendering import ToolProcess

__all__ = ["Tool", "ToolError", "servers"]


def servers(tools: Iterable[Tool]) -> dict[str, ToolProcess]:
    """Return those of the tools that are installed, as ``c.ServerProxy.servers`` takes them."""
    from twinhub_lab.tools.rendering import render  # noqa: PLC0415 - needs the server's packages

    return render(tools)
