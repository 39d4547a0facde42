"""The software of a twin as an image: a real broker has it built, and a run finds it."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from twinhub_api.names import environment_image_for
from twinhub_runner.backends.base import SandboxState
from twinhub_runner.backends.docker import DockerBackend
from twinhub_runner.environments.base import NotMadeError, Wanted

from tests.fixtures.engine import IMAGE, MEMORY, UID
from tests.fixtures.installation import engine
from tests.fixtures.sandboxes import ONE, Bench, broker_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_runner.environments.docker import DockerEnvironments

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ADDRESS, OTHER = "a" * 64, "b" * 64
WANTED = Wanted(python=("numpy", "six"), system=("libc6",))


class Site:
    """A broker that allows some packages, and who asks it."""

    def __init__(self, bench: Bench, backend: DockerBackend) -> None:
        self.bench, self.prefix = bench, backend.prefix
        self.environments: DockerEnvironments = backend.make_environments()
        self.lines: list[str] = []

    def make(self, address: str, wanted: Wanted) -> None:
        """Have an environment made."""
        self.environments.make(address, wanted, self.lines.append, Event())


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[Site]:
    prefix, root = f"twinhub-{uuid4().hex[:12]}", tmp_path / "assets"
    with broker_for(root, prefix, ("numpy", "six", "no-such-package-*")) as address:
        backend = DockerBackend(
            address, root / ".runs", prefix, IMAGE, UID, "none", memory_bytes=MEMORY
        )
        bench = Bench(root, lambda _: backend)
        yield Site(bench, backend)
        bench.close()
    for one in (ADDRESS, OTHER):
        tag = environment_image_for(prefix, one)
        if engine().images.list(tag):
            engine().images.remove(tag, force=True)


def test_a_run_has_what_was_built_for_it_until_it_is_removed(site: Site) -> None:
    assert site.environments.base() == engine().images.get(IMAGE).id
    assert not site.environments.has(ADDRESS)
    site.make(ADDRESS, WANTED)
    assert any("six" in line for line in site.lines), site.lines
    assert site.environments.has(ADDRESS)
    assert site.environments.list_made() == {ADDRESS}

    spec = site.bench.make(
        ONE, "python -c 'import six, numpy; print(six.__file__)' > made; id -u >> made"
    )
    site.bench.backend.start(replace(spec, environment=ADDRESS))
    seen = site.bench.wait_for(ONE, SandboxState.ENDED)
    assert seen.status == 0
    made = (site.bench.work / "made").read_text().split()
    assert made[0].startswith("/opt/twin/"), made
    assert made[1] == str(UID)

    site.environments.remove(ADDRESS)
    assert site.environments.has(ADDRESS), "what a container has is kept"
    site.bench.backend.remove(ONE)
    site.environments.remove(ADDRESS)
    assert not site.environments.has(ADDRESS)


def test_a_build_that_fails_leaves_no_image_and_its_lines(site: Site) -> None:
    with pytest.raises(NotMadeError, match="returned a non-zero code"):
        site.make(OTHER, Wanted(python=("no-such-package-4711",)))
    assert any("No matching distribution" in line for line in site.lines), site.lines
    assert not site.environments.has(OTHER)


def test_what_is_not_allowed_is_refused_at_once(site: Site) -> None:
    begun = time.monotonic()
    with pytest.raises(NotMadeError, match="scipy is not among those that this site allows"):
        site.make(OTHER, Wanted(python=("scipy",)))
    assert time.monotonic() - begun < 5
