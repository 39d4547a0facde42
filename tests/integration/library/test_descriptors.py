"""A server that was started with few descriptors has as many as the system allows."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fixtures.library import RunningLibrary

pytest_plugins = ("tests.fixtures.library",)


@pytest.fixture
def few() -> Iterator[int]:
    """Have programs begin with few descriptors; return how many they may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_it_takes_more_connections_than_a_shell_gives_descriptors(
    few: int, library_root: Path, running_library: Callable[[Path], RunningLibrary]
) -> None:
    process = psutil.Process(running_library(library_root).process.pid)
    assert process.rlimit(psutil.RLIMIT_NOFILE) == (few, few)
