"""A workspace whose desktop was started, as the tool list starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.images.workspace_desktop.desktop import Desktop

if TYPE_CHECKING:
    from tests.images.workspace.running import Workspace


@pytest.fixture(scope="module")
def desktop(workspace: Workspace) -> Desktop:
    """The desktop of a running workspace, once it answers."""
    return Desktop(workspace).start()
