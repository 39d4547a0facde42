"""TwinHub's half of the Jupyter server in a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "twinhub_lab"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Start to look for work and to tell the hub, where the hub has asked for it."""
    from twinhub_lab.extension import load  # noqa: PLC0415 - psutil and more only when it serves

    load(server)
