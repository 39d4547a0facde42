"""Building on a real engine: once for equal inputs, again for others; what was built stays."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import docker
import pytest
from docker.errors import DockerException

from images.builder.building import Builder, Options
from images.builder.engine import Engine
from images.builder.errors import BuildError
from images.builder.hierarchy import Hierarchy, Image
from tests.fixtures.requirements import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.docker

PARENT = "debian:bookworm-slim"


class Trial:
    """A hierarchy of one image in a folder of its own."""

    def __init__(self, client: docker.DockerClient, folder: Path) -> None:
        """Write an image of one small file."""
        self.client = client
        self.context = folder / "images" / "trial"
        self.context.mkdir(parents=True)
        self.made: list[str] = []
        self.prefix = f"twinhub-test-{uuid.uuid4().hex[:12]}"
        self.write("FROM ${PARENT}\nCOPY content /content\n", "one")
        self.image = Image(name="trial", parent="root", context="trial")
        root = Image(name="root", provides=PARENT)
        self.other = Image(name="other-one", parent="root", context="trial")
        self.copier = Image(name="copier", parent="root", copies=("other-one",), context="copier")
        self.hierarchy = Hierarchy(images=(root, self.image, self.other, self.copier))

    def write(self, steps: str, content: str) -> None:
        """Change the inputs."""
        (self.context / "Dockerfile").write_text(f"ARG PARENT\n{steps}")
        # No two trials share a layer, or one could not remove its own.
        (self.context / "content").write_text(f"{content} {self.prefix}")

    def builder(self, uid: int = 1000) -> Builder:
        """Return the builder of an installation."""
        options = Options(
            uid=uid, tag_prefix=self.prefix, version="1", foundation_seconds=10,
            certificates=(), proxies={},
        )  # fmt: skip
        folder = self.context.parent
        return Builder(Engine(self.client.api), folder, hierarchy=self.hierarchy, options=options)

    def build(self, uid: int = 1000) -> tuple[str, list[str]]:
        """Build, and return the image's id and the output of the build."""
        output: list[str] = []
        self.builder(uid).build([self.image], step=lambda _: None, output=output.append)
        built = str(self.client.images.get(f"{self.prefix}/trial:1").id)
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


def test_equal_inputs_are_built_once(trial: Trial) -> None:
    assert trial.builder().state_of(trial.image) == "absent"
    first, output = trial.build()
    assert output
    assert trial.builder().state_of(trial.image) == "current"
    assert trial.build() == (first, [])


def test_changed_inputs_are_built_and_the_image_before_stays(trial: Trial) -> None:
    first, _ = trial.build()
    trial.write("FROM ${PARENT}\nCOPY content /content\n", "two")
    assert trial.builder().state_of(trial.image) == "outdated"
    second, _ = trial.build()
    assert second != first
    assert trial.client.images.get(first)


def test_other_uid_is_another_image(trial: Trial) -> None:
    trial.build(uid=1000)
    assert trial.builder(uid=1001).state_of(trial.image) == "outdated"


def test_image_follows_what_it_copies_from(trial: Trial) -> None:
    first = trial.build_copier()
    assert trial.build_copier() == first
    trial.write("FROM ${PARENT}\nCOPY content /content\n", "two")
    assert trial.builder().state_of(trial.copier) == "current"
    assert trial.build_copier() != first


def test_image_built_on_top_is_never_taken_for_it(trial: Trial) -> None:
    first, _ = trial.build()
    container = trial.client.containers.create(first, "true")
    child = container.commit(f"{trial.prefix}/child", "1")
    container.remove()
    trial.made.append(str(child.id))
    trial.client.images.remove(f"{trial.prefix}/trial:1", noprune=True)
    assert trial.build()[0] != child.id


def test_failed_step_keeps_the_output_and_the_tag(trial: Trial) -> None:
    first, _ = trial.build()
    trial.write("FROM ${PARENT}\nRUN echo reason >&2; exit 3\n", "x")
    with pytest.raises(BuildError, match="returned a non-zero code: 3") as failure:
        trial.build()
    assert "reason" in failure.value.output
    assert trial.client.images.get(f"{trial.prefix}/trial:1").id == first
