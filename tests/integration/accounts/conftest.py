"""An installation whose accounts are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.installation import require_engine, running_installation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.installation import TestInstallation


@pytest.fixture(scope="package")
def lab(request: pytest.FixtureRequest) -> Iterator[TestInstallation]:
    """A running installation without any account yet."""
    require_engine()
    with running_installation(settings="auth:\n  method: native\n") as there:
        yield there
