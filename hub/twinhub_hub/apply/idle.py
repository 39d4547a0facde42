"""Workspaces are stopped when nothing works in them, which they tell themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from twinhub_hub.idle import REPORT_SECONDS
from twinhub_hub.pages import work

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Have workspaces report to us, and count no traffic of those that do."""
    workspaces = work.Workspaces(timedelta(hours=context.settings.workspace.idle_hours))
    c.JupyterHub.extra_handlers = [
        *c.JupyterHub.get("extra_handlers", []),
        *work.handlers(workspaces),
    ]
    c.JupyterHub.template_vars.update(twinhub_forecasts=workspaces.on_page)
    c.JupyterHub.proxy_class = "twinhub_hub.proxy.TwinHubProxy"
    c.TwinHubProxy.reports = workspaces.has_reported
    c.Spawner.environment = {
        **c.Spawner.get("environment", {}),
        "TWINHUB_REPORT_SECONDS": str(REPORT_SECONDS),
        # instead of JupyterHub's own reports, which count each page that is open
        "JUPYTERHUB_ACTIVITY_INTERVAL": "0",
    }
