"""A hierarchy of one small image, built on the real engine and gone afterwards."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import docker
import pytest
from docker.errors import DockerException

from images.builder.building import Build, Builder, Options
from images.builder.engine import Engine
from images.builder.hierarchy import Hierarchy, Image
from tests.fixtures.requirements import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARENT = "debian:bookworm-slim"


class Trial:
    """A hierarchy of one image in a folder of its own."""

    def __init__(self, client: docker.DockerClient, folder: Path) -> None:
        """Write an image of one small file."""
        self.client = client
        self.context = folder / "images" / "trial"
        self.context.mkdir(parents=True)
        self.made: list[str] = []
        self.builds: list[Build] = []
        self.prefix = f"twinhub-test-{uuid.uuid4().hex[:12]}"
        self.write("FROM ${PARENT}\nCOPY content /content\n", "one")
        self.image = Image(
            name="trial", summary="An image for tests", parent="root", context="trial"
        )
        root = Image(name="root", provides=PARENT)
        self.other = Image(name="other-one", parent="root", context="trial")
        self.copier = Image(name="copier", parent="root", copies=("other-one",), context="copier")
        self.hierarchy = Hierarchy(images=(root, self.image, self.other, self.copier))

    def write(self, steps: str, content: str) -> None:
        """Change the inputs."""
        (self.context / "Dockerfile").write_text(f"ARG PARENT\n{steps}")
        # No two trials share a layer, or one could not remove its own.
        (self.context / "content").write_text(f"{content} {self.prefix}")

    def builder(self, uid: int = 1000, *, fresh: bool = False) -> Builder:
        """Return the builder of an installation."""
        options = Options(
            uid=uid, tag_prefix=self.prefix, version="1", foundation_seconds=10,
            certificates=(), proxies={}, fresh=fresh,
        )  # fmt: skip
        folder = self.context.parent
        return Builder(Engine(self.client.api), folder, hierarchy=self.hierarchy, options=options)

    @property
    def tag(self) -> str:
        """The tag of the image."""
        return f"{self.prefix}/trial:1"

    def build(self, uid: int = 1000, *, fresh: bool = False) -> tuple[str, list[str]]:
        """Build, and return the image's id and the output of the build."""
        output: list[str] = []
        self.builder(uid, fresh=fresh).build(
            [self.image], step=lambda _: None, output=output.append, built=self.builds.append
        )
        built = str(self.client.images.get(self.tag).id)
        self.made.append(built)
        return built, output

    def build_copier(self) -> str:
        """Build an image that copies the small file from another, and return its id."""
        context = self.context.with_name("copier")
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text(
            "ARG PARENT\nARG OTHER_ONE\nFROM ${OTHER_ONE} AS other\n"
            "FROM ${PARENT}\nCOPY --from=other /content /copied\n"
        )
        images = self.hierarchy.lineage(["copier"])
        self.builder().build(images, step=lambda _: None, output=lambda _: None)
        ids = [str(self.client.images.get(f"{self.prefix}/{i.name}:1").id) for i in images[1:]]
        self.made += ids
        return ids[-1]


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """A trial whose images are gone afterwards."""
    try:
        client = docker.from_env()
    except DockerException as error:
        missing("a Docker engine", f"start one ({error})")
    if not client.images.list(PARENT):
        missing(f"the image {PARENT}", "run `python images/build.py foundation`")
    trial = Trial(client, tmp_path)
    yield trial
    for made in reversed(dict.fromkeys(trial.made)):
        client.images.remove(made, force=True)
    client.close()
