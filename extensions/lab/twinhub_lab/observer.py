"""Looks what works in a workspace, and remembers when something last did."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async

from twinhub_lab.processes import Processes
from twinhub_lab.signs import Report, Sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_server.serverapp import ServerApp

_CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
"""Jupyter Server's event of each use of a file; see its documentation, “Events”."""

_READING = "get"


class Observer:
    """Looks at one server's kernels, terminals, files and processes."""

    def __init__(self, server: ServerApp) -> None:
        """Count from now on."""
        self._server = server
        self._processes = Processes(os.getpid())
        self._last_work = datetime.now(UTC)
        server.event_logger.add_listener(schema_id=_CONTENTS, listener=self._on_file)

    async def look(self) -> Report:
        """Return what works now, and when something last did."""
        kernels = await self._kernels()
        shells = self._terminals()
        pids = [self._pid(identity) for identity in self._server.kernel_manager.list_kernel_ids()]
        found = await asyncio.to_thread(self._processes.look, [p for p in pids if p], shells)
        signs = [*kernels, *found]
        if any(sign.works for sign in signs):
            self._saw_work(datetime.now(UTC))
        return Report(self._last_work, signs)

    def _saw_work(self, at: datetime) -> None:
        self._last_work = max(self._last_work, at)

    async def _kernels(self) -> list[Sign]:
        """Return the kernels; one that has run something since the last look has worked."""
        sessions = await ensure_async(self._server.session_manager.list_sessions())
        paths = {session["kernel"]["id"]: session["path"] for session in sessions}
        signs = []
        for kernel in await ensure_async(self._server.kernel_manager.list_kernels()):
            self._saw_work(datetime.fromisoformat(kernel["last_activity"]))
            state = kernel["execution_state"]
            name = paths.get(kernel["id"]) or kernel["name"]
            signs.append(Sign("kernel", name, state, works=state == "busy"))
        return signs

    def _pid(self, identity: str) -> int | None:
        kernel = self._server.kernel_manager.get_kernel(identity)
        found: int | None = getattr(kernel.provisioner, "pid", None)
        return found

    def _terminals(self) -> dict[str, int]:
        """Return the shells of terminals; what was typed or printed there has been work."""
        manager = self._server.web_app.settings.get("terminal_manager")
        if manager is None:
            return {}
        for terminal in manager.list():
            self._saw_work(datetime.fromisoformat(terminal["last_activity"]))
        return {name: one.ptyproc.pid for name, one in manager.terminals.items()}

    async def _on_file(self, data: Mapping[str, Any], **_others: object) -> None:
        if data.get("action") != _READING:
            self._saw_work(datetime.now(UTC))
