"""Unit tests of the library write to the disk without waiting for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", autouse=True)
def _no_wait_for_the_disk() -> Iterator[None]:
    """Have ``os.fsync`` return at once: no test cuts the power of the machine.

    `CrashPoints` counts the calls, and ends the program at any of them, as before; real servers
    are other processes, which wait.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _return)
        yield


def _return(_: object) -> None:
    """Return at once."""
