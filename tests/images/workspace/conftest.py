"""Every image that stands on the workspace, started as the hub starts it."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import docker
import pytest
from docker.errors import DockerException, ImageNotFound, NotFound

from images.builder.hierarchy import load_hierarchy
from tests.fixtures.requirements import missing
from tests.fixtures.stub_hub import StubHub, running_stub_hub
from tests.images.workspace.running import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.images import Image
    from docker.models.networks import Network

HIERARCHY = load_hierarchy(Path(__file__).resolve().parents[3] / "images" / "hierarchy.yaml")
TAGS = [
    f"{os.environ.get('TWINHUB_TEST_TAG_PREFIX', 'twinhub')}/{image.name}:{version('twinhub-hub')}"
    for image in HIERARCHY.descendants("workspace")
    if image.shipped
]


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
        stack.callback(_remove, self.engine, str(container.id))
        return Workspace(container, self.hub, prefix).wait_until_ready()


class StartWorkspace(Protocol):
    """Starts a workspace that is gone after the test."""

    def __call__(self, *, prefix: str = ..., **options: Any) -> Workspace:  # noqa: ANN401
        """Start a container with further options of docker-py, and wait until it answers."""


class MakeVolume(Protocol):
    """Makes an empty volume that is gone after the test."""

    def __call__(self) -> str:
        """Return the volume's name."""


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The Docker engine."""
    try:
        client = docker.from_env()
        client.ping()
    except DockerException as error:
        missing("a Docker engine", f"start one ({error})")
    yield client
    client.close()


@pytest.fixture(scope="session", params=TAGS)
def image(request: pytest.FixtureRequest, engine: docker.DockerClient) -> Image:
    """Each image in turn that has to keep the promises of a workspace."""
    try:
        return engine.images.get(request.param)
    except ImageNotFound:
        missing(f"the image {request.param}", "run `python images/build.py`")


@pytest.fixture(scope="session")
def network(engine: docker.DockerClient) -> Iterator[Network]:
    """A bridge of the tests' own."""
    bridge = engine.networks.create(f"twinhub-test-{uuid.uuid4().hex[:12]}", driver="bridge")
    bridge.reload()
    yield bridge
    bridge.remove()


@pytest.fixture(scope="session")
def hub(network: Network) -> Iterator[StubHub]:
    """A stub of the hub, where containers reach it: at the bridge's address on this machine."""
    gateway = network.attrs["IPAM"]["Config"][0]["Gateway"]
    with running_stub_hub(version("jupyterhub"), address=gateway) as stub:
        yield stub


@pytest.fixture(scope="session")
def starting(engine: docker.DockerClient, network: Network, hub: StubHub) -> Starting:
    """What every start needs."""
    return Starting(engine, network, hub)


@pytest.fixture(scope="module")
def workspace(starting: Starting, image: Image) -> Iterator[Workspace]:
    """One workspace for tests that leave it as it is."""
    with ExitStack() as stack:
        yield starting.start(image, stack)


@pytest.fixture
def start(starting: Starting, image: Image) -> Iterator[StartWorkspace]:
    """Starts workspaces of a test's own."""
    with ExitStack() as stack:

        def start_one(*, prefix: str = "/user/ann/", **options: Any) -> Workspace:  # noqa: ANN401
            return starting.start(image, stack, prefix=prefix, **options)

        yield start_one


@pytest.fixture
def make_volume(engine: docker.DockerClient) -> Iterator[MakeVolume]:
    """Makes volumes of a test's own; asked for before ``start``, they go after the containers."""
    with ExitStack() as stack:

        def make_one() -> str:
            volume = engine.volumes.create(f"twinhub-test-{uuid.uuid4().hex[:12]}")
            stack.callback(volume.remove)
            return str(volume.name)

        yield make_one


def _remove(engine: docker.DockerClient, container_id: str) -> None:
    try:
        engine.api.remove_container(container_id, force=True, v=True)
    except NotFound:
        return
