"""The runner as a process of an installation: ``python -m twinhub_runner.service``.

All that it is told comes in its environment: ``TWINHUB_RUNNER_SETTINGS`` as JSON, and its token and
keys in variables of their own. They are taken out of there before anything else is started.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from twinhub_api.scopes import USE_RUNNER
from twinhub_kit.hub import HubIdentity
from twinhub_kit.hub_groups import HubGroups
from twinhub_kit.hub_users import HubUsers
from twinhub_kit.process import run_process, take_settings
from twinhub_kit.serving import serve

from twinhub_runner.backends.base import Mount
from twinhub_runner.backends.docker import DockerBackend
from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.egress import Network  # noqa: TC001 - pydantic reads it
from twinhub_runner.environments.process import ProcessEnvironments
from twinhub_runner.leaving import watch_people
from twinhub_runner.main import make_runner_application
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from twinhub_runner.backends.base import Backend
    from twinhub_runner.environments.base import Maker

_log = logging.getLogger(__name__)

NAME = "runner"


@dataclass(frozen=True)
class ContainerSettings:
    """What containers of runs are made with, see `DockerBackend`."""

    socket: Path
    """Where the broker answers."""
    prefix: str
    image: str
    network: str
    networks: dict[str, Network] = field(default_factory=dict)


@dataclass(frozen=True)
class ServiceSettings:
    """What the process is told beside what the runner is told."""

    runner: RunnerSettings
    port: int
    """On loopback; the edge is before it."""
    uid: int
    """Who it works as, when root starts it; and who runs run as."""
    docker: ContainerSettings | None = None
    """None where there is no engine."""
    may_compile: bool = False
    """Without an engine: whether Python packages may be built when they are installed."""
    build_seconds: float = 1800
    """Without an engine: how long the software of a twin may take to be installed."""
    system: dict[str, str] = field(default_factory=dict)
    """What a sandbox of the back end ``process`` sees of this machine: place, and what is there."""
    needed: tuple[Path, ...] = ()
    """Further folders that it reads, or shows to sandboxes."""
    token: str = field(default="", repr=False)
    """Its own token at the hub."""

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> Self:
        """Take the settings out of an environment.

        Raises:
            ServiceSettingsError: something is missing or wrong.
        """
        told = take_settings(NAME, cls, environment)
        runner = replace(told.settings.runner, crypt_keys=told.crypt_keys)
        return replace(told.settings, token=told.token, runner=runner)

    @property
    def writable(self) -> tuple[Path, ...]:
        """Folders that it writes to."""
        return (self.runner.root, self.runner.state)


def make_backend(settings: ServiceSettings) -> tuple[Backend, Maker]:
    """Return where runs run, and what makes the software of twins there."""
    runs = settings.runner.runs
    if (docker := settings.docker) is not None:
        containers = DockerBackend(
            f"unix://{docker.socket}", runs, docker.prefix, docker.image, settings.uid,
            docker.network, networks=docker.networks,
        )  # fmt: skip
        return containers, containers.make_environments()
    system = tuple(Mount(Path(source), target) for target, source in settings.system.items())
    processes = ProcessBackend(runs, system=system)
    return processes, ProcessEnvironments(
        processes, settings.runner.variables, settings.may_compile, settings.build_seconds
    )


async def run(settings: ServiceSettings) -> None:
    """Serve a runner until told to end; runs go on."""
    backend, maker = make_backend(settings)
    async with contextlib.AsyncExitStack() as opened:
        identity = await opened.enter_async_context(
            HubIdentity(settings.runner.hub_api_url, scope=USE_RUNNER)
        )
        runner = opened.enter_context(open_runner(settings.runner, backend, maker))
        hub = (settings.runner.hub_api_url, settings.token)
        users, groups = opened.enter_context(HubUsers(*hub)), opened.enter_context(HubGroups(*hub))
        watch_people(runner, users.has_left, users.groups_of, groups.has)
        application = make_runner_application(runner, identity)
        _log.info("runner opened port=%d backend=%s", settings.port, backend.name)
        await serve(application, port=settings.port, websockets=True, ending=runner.followers.end)
        _log.info("runner ends")


def main() -> int:
    """Run the process; return its exit code."""
    return run_process(NAME, ServiceSettings.from_environment, run)


if __name__ == "__main__":
    sys.exit(main())
