"""The page that shows admins how the installation is, and the same for programs."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.scopes import needs_scope
from tornado.web import authenticated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twinhub_hub.operate.health import Health

    _Look = Callable[[], Health]


def handlers(look: _Look) -> Sequence[tuple[str, type[BaseHandler], dict[str, object]]]:
    """Return the handlers for JupyterHub's ``extra_handlers``; ``look`` may take a while."""
    options: dict[str, object] = {"look": look}
    return [
        (r"/installation", HealthHandler, options),
        (r"/api/installation", HealthApiHandler, options),
    ]


class HealthHandler(BaseHandler):  # type: ignore[misc]
    """`GET /hub/installation`: a page for admins."""

    def initialize(self, look: _Look) -> None:
        """Take what looks."""
        super().initialize()
        self._look = look

    @authenticated
    @needs_scope("admin-ui")
    async def get(self) -> None:
        """Show it; 403 for whoever is no admin."""
        health = await asyncio.to_thread(self._look)
        self.set_header("Cache-Control", "no-store")
        self.finish(
            await self.render_template(
                "health.html", user=self.current_user, health=health, workspaces=_running(self)
            )
        )


class HealthApiHandler(APIHandler):  # type: ignore[misc]
    """`GET /hub/api/installation`: the same for the token of an admin, as JSON."""

    def initialize(self, look: _Look) -> None:
        """Take what looks."""
        super().initialize()
        self._look = look

    @needs_scope("admin-ui")
    async def get(self) -> None:
        """Answer with what the page shows; ``well`` is true without ``problems``."""
        health = await asyncio.to_thread(self._look)
        self.finish({**_as_json(health), "workspaces": _running(self)})


def _as_json(health: Health) -> dict[str, object]:
    docker, certificate = health.docker, health.certificate
    return {
        "well": not health.problems,
        "problems": list(health.problems),
        "processes": [asdict(process) for process in health.processes],
        "docker": docker and {"answers": bool(docker.version), **asdict(docker)},
        "spaces": [
            {"name": space.name, "free_bytes": space.free, "total_bytes": space.total}
            for space in health.spaces
        ],
        "certificate": certificate and {"days_left": certificate.days_left},
        "database_bytes": health.database_bytes,
        "images": [
            {**asdict(image.report), "last_build_failed": image.has_failed}
            for image in health.images
        ],
    }


def _running(handler: BaseHandler) -> int:
    users = handler.users.values()
    return sum(spawner.ready for user in users for spawner in user.spawners.values())
