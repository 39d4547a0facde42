"""The tools of a workspace as programs see them, and where tools were before."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from twinhub_lab.tools.tool import Tool

_SERVERS_OWN: dict[str, dict[str, object]] = {
    "notebook": {
        "name": "Jupyter Notebook",
        "description": "Notebooks, in JupyterLab",
        "endpoint": "lab",
        "running": True,
    },
    "lab": {
        "name": "Jupyter Lab",
        "description": "JupyterLab: notebooks, terminals and files",
        "endpoint": "lab",
        "running": True,
    },
}

_OLD_NAMES = {
    "vnc": "desktop",
    "code": "vscode",
    "ungit": "git-page",
    "git": "git-page",
    "glances": "monitor",
    "netdata": "monitor",
    "filebrowser": "big-files",
}
"""What tools are called in the addresses of other workspaces, where it is not their own name."""

_LAB = frozenset({"jupyter", "jupyterlab", "lab", "notebook"})

_SPEAKS_OF_ITS_PAGE = frozenset({"desktop"})
"""Tools whose old page took parameters that mean nothing to the new one."""


def describe(tools: Iterable[Tool], running: Collection[str]) -> dict[str, dict[str, object]]:
    """Return what there is to open; each endpoint is relative to the workspace's address."""
    described: dict[str, dict[str, object]] = {
        tool.name: {
            "name": tool.title,
            "description": tool.description,
            "endpoint": tool.path,
            "running": tool.name in running,
        }
        for tool in tools
    }
    return described | _SERVERS_OWN


def tile(tool: Tool) -> dict[str, object]:
    """Return what JupyterLab shows of a tool; an icon that cannot be read is none."""
    icon = None
    if tool.icon is not None:
        with suppress(OSError, UnicodeDecodeError):
            icon = tool.icon.read_text("utf-8")
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "endpoint": tool.path,
        "category": tool.category,
        "icon": icon,
    }


def new_address(name: str, rest: str, query: str, tools: Mapping[str, Tool]) -> str | None:
    """Return what stands for ``tools/<name>/<rest>?<query>``; None where nothing does."""
    if name in _LAB:
        return "lab"
    if name.isdecimal():
        return f"proxy/{name}/{rest}" + (f"?{query}" if query else "")
    tool = tools.get(_OLD_NAMES.get(name, name))
    if tool is None:
        return None
    if tool.name in _SPEAKS_OF_ITS_PAGE or not (rest or query):
        return tool.path
    return f"{tool.name}/{rest}" + (f"?{query}" if query else "")
