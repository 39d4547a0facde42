"""A workspace without a container engine: one process tree under bubblewrap, for one user only."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyterhub.spawner import Spawner
from jupyterhub.traitlets import Command
from jupyterhub.utils import random_port
from traitlets import Integer, Unicode, default
from twinhub_api import names

from twinhub_hub.acting import PolledByTheHub
from twinhub_hub.sandbox.command import Sandbox, sandbox_command
from twinhub_hub.sandbox.edition import current_edition, environment_of
from twinhub_hub.sandbox.logs import WorkspaceLog
from twinhub_hub.sandbox.processes import (
    SandboxProcess,
    find_sandboxes,
    identify,
    is_serving,
    stop_sandbox,
)
from twinhub_hub.spawners.readiness import (
    NotListeningError,
    Stages,
    StartFailedError,
    wait_until_listening,
)
from twinhub_hub.spawners.teams import HasTeams
from twinhub_hub.spawners.tokens import KnowsItsToken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

_REAP_SECONDS = 5
_LOOPBACK = "127.0.0.1"
_ONE_ONLY = "Process mode runs one workspace at a time."
_REMEDY = "Its last lines are below; try again or show them to an admin."


class BubblewrapSpawner(HasTeams, KnowsItsToken, PolledByTheHub, Spawner):  # type: ignore[misc]
    """Starts the one workspace of the process mode; it outlives the hub and is found again."""

    assets = Unicode(help="Assets root.").tag(config=True)
    environments = Unicode(help="Folder of the editions, see `sandbox.edition`.").tag(config=True)
    homes = Unicode(help="Folder of the homes.").tag(config=True)
    logs = Unicode(help="Folder of the workspaces' logs.").tag(config=True)
    uid = Integer(1000, help="Who a workspace runs as.").tag(config=True)
    shared_memory = Integer(256 * 2**20, help="Size of /dev/shm in bytes.").tag(config=True)
    ready_timeout = Integer(120, help="Seconds until a start counts as failed.").tag(config=True)
    grace_seconds = Integer(10, help="Seconds between asking and killing.").tag(config=True)

    cmd = Command(["/opt/twinhub/bin/start-workspace"]).tag(config=True)

    _sandbox: SandboxProcess | None = None
    _monitor: subprocess.Popen[bytes] | None = None

    @default("env_keep")
    def _env_keep_default(self) -> list[str]:
        """Let nothing of the hub's own environment through."""
        return []

    @property
    def label(self) -> str:
        """The user's label: name of folder, home and log."""
        return names.label_for(self.user.name)

    @property
    def home(self) -> Path:
        """Folder of the host that is the user's home."""
        return Path(self.homes).resolve() / self.label

    @property
    def log_file(self) -> WorkspaceLog:
        """What the workspace prints."""
        return WorkspaceLog(Path(self.logs) / f"workspace-{self.label}.log")

    def get_state(self) -> dict[str, Any]:
        """Keep what tells the sandbox from any other process."""
        state: dict[str, Any] = super().get_state()
        if self._sandbox is not None:
            kept = self._sandbox
            state["sandbox"] = {"pid": kept.pid, "started": kept.started, "boot": kept.boot}
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the sandbox of an earlier hub again."""
        super().load_state(state)
        if "sandbox" in state:
            self._sandbox = SandboxProcess(**state["sandbox"])

    def clear_state(self) -> None:
        """Forget the sandbox."""
        super().clear_state()
        self._sandbox = self._monitor = None

    @cached_property
    def _stages(self) -> Stages:
        return Stages()

    async def start(self) -> tuple[str, int]:
        """Start the sandbox and return its address once it listens.

        Raises:
            StartFailedError: with the reason, what to do, and the last lines of the log.
        """
        with self._stages.of_one_start() as stages:
            return await self._start(stages)

    async def _start(self, stages: Stages) -> tuple[str, int]:
        await stages.reach(10, "Checking what is there")
        edition = self._check_edition()
        await self._check_alone()
        await stages.reach(20, "Starting the sandbox")
        self.ip, self.port = _LOOPBACK, random_port()
        await self._launch(edition)
        await stages.reach(50, "JupyterLab is starting")
        try:
            await wait_until_listening(
                self.ip, self.port, is_alive=self._is_running, timeout_seconds=self.ready_timeout
            )
        except NotListeningError as error:
            raise await self._give_up(str(error)) from error
        await stages.reach(95, "Opening")
        return self.ip, self.port

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the stages of the start that is under way."""
        async for event in self._stages.follow():
            yield event

    async def poll(self) -> int | None:
        """Return None while the workspace runs, else its exit status (0 when unknown).

        What its user left in the background ends with it, as in a container.
        """
        if self._sandbox is None:
            return 0
        if await asyncio.to_thread(is_serving, self._sandbox):
            await asyncio.to_thread(self.log_file.cap)
            return None
        await asyncio.to_thread(stop_sandbox, self._sandbox, grace_seconds=0)
        return await asyncio.to_thread(self._exit_status)

    async def stop(self, now: bool = False) -> None:  # noqa: FBT001, FBT002 - JupyterHub's signature
        """End the sandbox with everything in it: first ask, then kill; at once when told so."""
        if self._sandbox is not None:
            grace = 0 if now else self.grace_seconds
            if not await asyncio.to_thread(stop_sandbox, self._sandbox, grace_seconds=grace):
                self.log.error("sandbox does not end pid=%d", self._sandbox.pid)
        await asyncio.to_thread(self._exit_status)

    def _exit_status(self) -> int:
        """Return how bubblewrap ended, which it does with the sandbox; 0 when nobody knows."""
        if self._monitor is None:
            return 0
        with suppress(subprocess.TimeoutExpired):
            return self._monitor.wait(_REAP_SECONDS)
        return 0

    def _check_edition(self) -> Path:
        try:
            return current_edition(Path(self.environments))
        except FileNotFoundError as error:
            raise StartFailedError(
                "The environments of the process mode are not on this machine.",
                remedy="An administrator can make them with `twinhub up`.",
            ) from error

    async def _check_alone(self) -> None:
        """End what an earlier start of this user left behind; refuse beside anybody else's."""
        if self.name:
            raise StartFailedError(_ONE_ONLY, remedy="Use your default server.")
        for found in await asyncio.to_thread(find_sandboxes, Path(self.homes)):
            if found.home != self.home:
                raise StartFailedError(_ONE_ONLY, remedy=f"The one of {found.label} is running.")
            self.log.warning("sandbox left behind label=%s pid=%d", found.label, found.process.pid)
            await asyncio.to_thread(stop_sandbox, found.process, grace_seconds=self.grace_seconds)

    async def _launch(self, edition: Path) -> None:
        self._sandbox = self._monitor = None
        environment = {**environment_of(edition), **self.get_env()}
        command = [*self.cmd, *self.get_args()]
        try:
            await asyncio.to_thread(self._run, edition, command, environment)
        except OSError as error:
            self.log.exception("sandbox cannot be started user=%s", self.user.name)
            raise StartFailedError(
                "The workspace's sandbox could not be started.",
                remedy="Tell an administrator; the hub's log has the reason.",
            ) from error

    def _run(self, edition: Path, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start bubblewrap, and keep which process is the sandbox's first."""
        self._ensure_home()
        sandbox = Sandbox(
            edition=edition,
            home=self.home,
            private=Path(self.assets) / self.label,
            common=Path(self.assets) / "common",
            teams={team: Path(self.team_folders) / team for team in self.teams},
            uid=self.uid,
            shared_memory=self.shared_memory,
        )
        ours, theirs = os.pipe()
        with os.fdopen(ours, "rb") as info, self.log_file.start() as log:
            try:
                self._monitor = subprocess.Popen(
                    sandbox_command(sandbox, command, operator_uid=os.geteuid(), info_fd=theirs),
                    env={**environment}, cwd="/", pass_fds=[theirs], start_new_session=True,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                )  # fmt: skip
            finally:
                os.close(theirs)
            told = info.read()  # it ends when bubblewrap has told, or has ended
        self._sandbox = identify(json.loads(told)["child-pid"]) if told else None

    def _ensure_home(self) -> None:
        self.home.parent.mkdir(mode=0o700, exist_ok=True)
        if not self.home.is_dir():
            self.home.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(self.home, self.uid, self.uid, follow_symlinks=False)

    async def _is_running(self) -> bool:
        """Return whether a start goes on: bubblewrap ends with the server, be it there or not."""
        return self._monitor is not None and self._monitor.poll() is None

    async def _give_up(self, reason: str) -> StartFailedError:
        """End what was started, and return what to raise."""
        await self.stop(now=True)
        log = await asyncio.to_thread(self.log_file.tail)
        self.log.error("start failed user=%s reason=%r log:\n%s", self.user.name, reason, log)
        return StartFailedError(reason, remedy=_REMEDY, log=log)
