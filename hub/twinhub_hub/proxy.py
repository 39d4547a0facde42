"""The hub's end of the proxy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.utils import url_escape_path, url_path_join
from traitlets import Callable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyterhub.user import User

_TO_HUB = "twinhub"
"""Marks routes of ours, which JupyterHub does not see: it would take them for stale ones."""


class TwinHubProxy(ConfigurableHTTPProxy):  # type: ignore[misc]
    """Counts work and not traffic, and leads to the hub where a further workspace does not run.

    A forgotten page of JupyterLab asks its server for news as long as it is open, so traffic counts
    only for workspaces that do not tell themselves what works.

    The addresses of a user's further workspaces lie below that of the first, which would answer
    404 for them; the hub says that they do not run, and starts them.
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

    async def add_user(self, user: User, server_name: str = "") -> None:
        """Lead to a workspace; with the first one, lead the others that do not run to the hub."""
        await super().add_user(user, server_name)
        if not server_name:
            stopped = [name for name in user.orm_user.orm_spawners if _is_stopped(user, name)]
            await asyncio.gather(*(self._lead_to_hub(self._path(user, name)) for name in stopped))

    async def delete_user(self, user: User, server_name: str = "") -> None:
        """Lead no longer to a workspace, but to the hub."""
        await super().delete_user(user, server_name)
        if server_name:
            await self._lead_to_hub(self._path(user, server_name))

    async def lead_nowhere(self, user: User, server_name: str) -> None:
        """Take back that a workspace that did not run led to the hub: it was removed."""
        path = self._path(user, server_name)
        if path in await self._led_to_hub():
            await self.api_request(path, method="DELETE")

    async def check_routes(
        self, user_dict: Mapping[object, User], *arguments: object, **options: object
    ) -> None:
        """Repair the routes, ours too: the proxy may have lost them, or the hub have moved."""
        await super().check_routes(user_dict, *arguments, **options)
        there = await self._led_to_hub()
        for user in list(user_dict.values()):
            for name in list(user.orm_user.orm_spawners):
                path = self._path(user, name)
                is_right = there.get(path) == self.hub.host
                # asked here, as it may have been started since the one before was led to the hub
                if user.spawner.ready and _is_stopped(user, name) and not is_right:
                    await self._lead_to_hub(path)

    def _path(self, user: User, server_name: str) -> str:
        spec = url_path_join(user.proxy_spec, url_escape_path(server_name), "/")
        return str(self._routespec_to_chp_path(spec))

    async def _lead_to_hub(self, path: str) -> None:
        await self.api_request(path, method="POST", body={"target": self.hub.host, _TO_HUB: True})

    async def _led_to_hub(self) -> Mapping[str, str]:
        """Return the addresses that lead to the hub because of us, and where that was."""
        answer = await self.api_request("")
        routes: Mapping[str, Any] = await answer.json()
        return {path: route["target"] for path, route in routes.items() if route.get(_TO_HUB)}


def _is_stopped(user: User, server_name: str) -> bool:
    """Return whether this is a further workspace that does not run."""
    spawner = user.spawners.get(server_name)
    return bool(server_name) and not (spawner and spawner.active)
