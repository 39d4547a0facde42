"""Every image with the tests that it has to pass, and how its containers are started."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

from images.builder.hierarchy import load_hierarchy
from tests.fixtures.requirements import missing
from tests.fixtures.stub_hub import StubHub, running_stub_hub
from tests.images.selection import TESTED, select_tags
from tests.images.starting import MakeVolume, Starting, StartWorkspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.images import Image
    from docker.models.networks import Network

    from tests.images.workspace.running import Workspace

HIERARCHY = load_hierarchy(Path(__file__).resolve().parents[2] / "images" / "hierarchy.yaml")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for an ``image`` with every image that its folder binds."""
    if "image" in metafunc.fixturenames:
        tags = select_tags(
            HIERARCHY,
            metafunc.definition.path.parent.name,
            is_once=metafunc.definition.get_closest_marker("once") is not None,
            wanted=os.environ.get(TESTED, ""),
        )
        metafunc.parametrize("image", tags, indirect=True, scope="session")


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


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest, engine: docker.DockerClient) -> Image:
    """Each image in turn that has to pass the tests of a folder: see ``pytest_generate_tests``."""
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
