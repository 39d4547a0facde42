"""Building on a real engine: once for equal inputs, again for others; what was built stays."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from images.builder.errors import BuildError
from tests.fixtures.waiting import wait_for
from tests.images.builder.conftest import PARENT

if TYPE_CHECKING:
    from tests.images.builder.conftest import Trial

pytestmark = pytest.mark.docker


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
    trial.client.images.remove(trial.tag, noprune=True)
    assert trial.build()[0] != child.id


def test_failed_step_keeps_the_output_and_the_tag(trial: Trial) -> None:
    first, _ = trial.build()
    trial.write("FROM ${PARENT}\nRUN echo reason >&2; exit 3\n", "x")
    with pytest.raises(BuildError, match="returned a non-zero code: 3") as failure:
        trial.build()
    assert "reason" in failure.value.output
    assert trial.client.images.get(trial.tag).id == first


def test_fresh_build_runs_each_step_again_and_keeps_labels_and_the_image_before(
    trial: Trial,
) -> None:
    trial.write("FROM ${PARENT}\nCOPY content /content\nRUN cat /proc/uptime > /when\n", "x")
    first, _ = trial.build()
    second, _ = trial.build(fresh=True)
    assert second != first
    old, new = trial.client.images.get(first), trial.client.images.get(second)
    assert old.labels == new.labels
    assert [build.cached_steps for build in trial.builds] == [0, 0]
    assert trial.builds[1].before == first
    assert trial.builder().state_of(trial.image) == "current"


def test_steps_from_the_cache_are_counted(trial: Trial) -> None:
    trial.write("FROM ${PARENT}\nCOPY content /content\nRUN true\n", "x")
    trial.build()
    trial.write("FROM ${PARENT}\nCOPY content /content\nRUN true\nRUN false || true\n", "x")
    trial.build()
    assert [build.cached_steps for build in trial.builds] == [0, 2]


def test_labels_say_what_was_built_of_what(trial: Trial) -> None:
    built, _ = trial.build()
    labels = trial.client.images.get(built).labels
    assert re.fullmatch("[0-9a-f]{64}", labels.pop("org.twinhub.inputs"))
    assert labels == {
        "org.twinhub.image": "trial",
        "org.twinhub.uid": "1000",
        "org.twinhub.version": "1",
        "org.opencontainers.image.base.name": "debian:bookworm-slim",
        "org.opencontainers.image.description": "An image for tests",
        "org.opencontainers.image.licenses": "BSD-3-Clause",
        "org.opencontainers.image.title": "TwinHub trial",
        "org.opencontainers.image.version": "1",
    }


_KILLED_BUILD = """
import sys
from pathlib import Path
import docker
from images.builder.building import Builder, Options
from images.builder.engine import Engine
from images.builder.hierarchy import Hierarchy, Image

folder, prefix, parent = sys.argv[1:]
image = Image(name="trial", parent="root", context="trial")
hierarchy = Hierarchy(images=(Image(name="root", provides=parent), image))
options = Options(uid=1000, tag_prefix=prefix, version="1", foundation_seconds=1,
                  certificates=(), proxies={})
builder = Builder(Engine(docker.from_env().api), Path(folder), hierarchy=hierarchy, options=options)
builder.build([image], step=print, output=lambda line: print(line, flush=True))
"""


def test_killed_build_leaves_no_tag_and_no_container_and_the_next_one_works(trial: Trial) -> None:
    steps = "FROM ${PARENT}\nCOPY content /content\nRUN cat /content; echo; sleep 300\n"
    trial.write(steps, "reached")
    arguments = (str(trial.context.parent), trial.prefix, trial.client.images.get(PARENT).tags[0])
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED_BUILD, *arguments], stdout=subprocess.PIPE, text=True
    ) as build:
        assert build.stdout is not None
        lines = iter(build.stdout.readline, "")
        assert any(line.startswith(f"reached {trial.prefix}") for line in lines)
        build.kill()
    wait_for(lambda: not _sleepers(trial), seconds=30, what="the step is stopped and removed")
    assert trial.builder().state_of(trial.image) == "absent"
    trial.write(steps.replace("; echo; sleep 300", ""), "reached")
    _, output = trial.build()
    assert any(line.startswith("reached") for line in output)


def _sleepers(trial: Trial) -> list[str]:
    every = trial.client.api.containers(all=True)
    return [container["Id"] for container in every if "sleep 300" in container["Command"]]
