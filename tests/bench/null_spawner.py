"""A spawner that starts nothing: every server is one process that answers 200 to everybody.

It shows what the hub itself takes for a start. Both hubs that are compared load it.
"""

from __future__ import annotations

from jupyterhub.spawner import Spawner
from traitlets import Integer


class NullSpawner(Spawner):  # type: ignore[misc]
    """Answers with a port of loopback."""

    server_port = Integer(help="Port of the one server.").tag(config=True)
    _started = False

    async def start(self) -> tuple[str, int]:
        """Return the address of the one server."""
        self._started = True
        return "127.0.0.1", self.server_port

    async def poll(self) -> int | None:
        """Return None while it counts as started."""
        return None if self._started else 0

    async def stop(self, now: bool = False) -> None:  # noqa: FBT001, FBT002 - as JupyterHub calls it
        """Count as stopped."""
        self._started = False

    def get_state(self) -> dict[str, object]:
        """Return what a restarted hub needs to know."""
        return {**super().get_state(), "started": self._started}

    def load_state(self, state: dict[str, object]) -> None:
        """Take it back."""
        super().load_state(state)
        self._started = bool(state.get("started"))
