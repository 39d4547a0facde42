"""One tool of a workspace: what is started for it, and where it is found."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNTIME = "JUPYTER_RUNTIME_DIR"
"""Variable with the folder that only the workspace's user can open."""

CATEGORY = "Tools"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")

TAKEN = frozenset(
    {"api", "custom", "edit", "files", "git", "hub", "kernelspecs", "lab", "login", "logout", "lsp"}
    | {"metrics", "nbconvert", "nbdime", "nbextensions", "notebooks", "proxy", "server-proxy"}
    | {"services", "static", "terminals", "tools", "tree", "twinhub", "view"}
)
"""First parts of addresses that the server and its extensions answer themselves."""


class ToolError(ValueError):
    """A tool that cannot be listed so."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program behind one address of a workspace, started at the first request for it.

    In the command, ``{unix_socket}`` stands for the socket that it has to listen on, ``{port}`` for
    the port of a tool without one, ``{base_url}`` for the server's address with a slash at its end.
    """

    name: str
    """What follows the server's address: ``vscode`` is found at ``<prefix>vscode/``."""
    title: str
    """As people read it."""
    command: Sequence[str] = ()
    """The program and its arguments; what is called is called when the tool is started."""
    is_own: bool = False
    """Whether the server itself answers at its address, and there is no command."""
    description: str = ""
    """In a few words, for `GET services`."""
    icon: Path | None = None
    """An SVG file for the launcher."""
    needs: Sequence[str] = ()
    """Programs and files (paths) without which the tool is not there; at least the first of the
    command."""
    has_socket: bool = True
    """Whether it listens on a socket in a folder of its own; else on a port of 127.0.0.1."""
    keeps_prefix: bool = False
    """Whether it is asked with the whole path; else with what follows its own address."""
    is_raw: bool = False
    """Whether it speaks no HTTP: websockets at its address carry bytes to its socket."""
    page: Path | None = None
    """Of a raw tool, the folder with the files of the page that speaks with it."""
    is_streamed: bool = False
    """Whether requests and answers, of any size, pass through piece by piece; such a tool has a
    socket and keeps the prefix."""
    opens: str = ""
    """What follows its address when somebody opens it: ``?folder=/workspace``."""
    category: str = CATEGORY
    """The launcher's section; empty leaves it out of the launcher."""
    timeout_seconds: float = 20
    """How long it may take until it answers."""
    ready_path: str = ""
    """Path below its address that is asked to see whether it answers."""
    is_work: bool = True
    """Whether requests for it are work, for which the hub keeps a workspace."""

    def __post_init__(self) -> None:
        """Refuse names that the server could not keep apart.

        Raises:
            ToolError: the name is no part of an address, or the server's own.
        """
        if not _NAME.fullmatch(self.name):
            raise ToolError(
                f"tool {self.name!r}: a name has small letters, digits and hyphens only,"
                " and begins with a letter, such as 'vscode'"
            )
        if self.name in TAKEN:
            raise ToolError(
                f"tool {self.name!r}: the server itself answers at this address;"
                f" choose another name, such as 'big-{self.name}'"
            )
        for field in ("command", "needs"):
            object.__setattr__(self, field, tuple(getattr(self, field)))

    @property
    def is_installed(self) -> bool:
        """Return whether all that it needs is there."""
        return all(_is_there(need) for need in (*self.command[:1], *self.needs))

    @property
    def folder(self) -> Path:
        """Return the folder of its socket and its log."""
        return Path(os.environ.get(RUNTIME) or "/tmp/twinhub-runtime") / "tools" / self.name  # noqa: S108

    @property
    def socket(self) -> Path:
        """Return the socket that it listens on."""
        return self.folder / "socket"

    @property
    def log(self) -> Path:
        """Return the file with what it has printed last."""
        return self.folder / "log"

    @property
    def path(self) -> str:
        """Return what opens it, relative to the server's address."""
        return f"{self.name}/{self.opens}"

    def render_command(self, *, base_url: str, port: int = 0) -> list[str]:
        """Return the command with all placeholders filled."""
        values = {"{unix_socket}": str(self.socket), "{port}": str(port), "{base_url}": base_url}
        return [_filled(part, values) for part in self.command]


def _filled(part: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        part = part.replace(name, value)
    return part


def _is_there(need: str) -> bool:
    return Path(need).exists() if "/" in need else shutil.which(need) is not None
