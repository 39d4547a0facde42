"""Containers of an image, started as the hub starts them, and gone after the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from docker.errors import NotFound

from tests.images.workspace.running import Result, Workspace

if TYPE_CHECKING:
    from contextlib import ExitStack

    import docker
    from docker.models.containers import Container
    from docker.models.images import Image
    from docker.models.networks import Network

    from tests.fixtures.stub_hub import StubHub


@dataclass(frozen=True)
class Starting:
    """Starts containers with the restrictions that the hub puts on them."""

    engine: docker.DockerClient
    network: Network
    hub: StubHub

    def start(
        self,
        image: Image,
        stack: ExitStack,
        *,
        prefix: str = "/user/ann/",
        environment: dict[str, str] | None = None,
        **options: Any,  # noqa: ANN401 - docker-py's own
    ) -> Workspace:
        """Return a workspace that answers; its container goes with the stack."""
        container = self.engine.containers.run(
            image,
            detach=True,
            network=self.network.name,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            environment={**self.hub.environment(prefix=prefix), **(environment or {})},
            **options,
        )
        stack.callback(remove_container, self.engine, str(container.id))
        return Workspace(container, self.hub, prefix).wait_until_ready()


class StartWorkspace(Protocol):
    """Starts a workspace that is gone after the test."""

    def __call__(self, *, prefix: str = ..., **options: Any) -> Workspace:  # noqa: ANN401
        """Start a container with further options of docker-py, and wait until it answers."""


class MakeVolume(Protocol):
    """Makes an empty volume that is gone after the test."""

    def __call__(self) -> str:
        """Return the volume's name."""


def remove_container(engine: docker.DockerClient, container_id: str) -> None:
    """Remove a container, running or not, with its volumes; it may be gone already."""
    try:
        engine.api.remove_container(container_id, force=True, v=True)
    except NotFound:
        return


def run_in(container: Container, *command: str) -> Result:
    """Run a command in a container as its user; it may fail."""
    status, output = container.exec_run(list(command))
    assert isinstance(output, bytes)
    return Result(status or 0, output.decode())
