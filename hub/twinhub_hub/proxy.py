"""The hub's end of the proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyterhub.proxy import ConfigurableHTTPProxy
from traitlets import Callable

if TYPE_CHECKING:
    from collections.abc import Mapping


class TwinHubProxy(ConfigurableHTTPProxy):  # type: ignore[misc]
    """Takes traffic for activity only of workspaces that do not tell themselves what works.

    A forgotten page of JupyterLab asks its server for news as long as it is open.
    """

    reports = Callable(
        lambda _user, _server: False, help="Whether a user's server tells what works in it."
    ).tag(config=True)

    async def get_all_routes(self) -> Mapping[str, Any]:
        """Return the routes; what JupyterHub finds no activity in, it leaves alone."""
        routes: Mapping[str, Any] = await super().get_all_routes()
        for route in routes.values():
            data = route["data"]
            if self.reports(data.get("user"), data.get("server_name")):
                data.pop("last_activity", None)
        return routes
