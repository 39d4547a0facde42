"""The pages of a workspace have the colours of the hub's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_LAB = _ROOT / "extensions" / "lab" / "twinhub_lab"
_HUB = _ROOT / "hub" / "twinhub_hub" / "pages" / "static" / "twinhub.css"
_PAGES = (
    _LAB / "ssh" / "page" / "page.css",
    _LAB / "monitor" / "page.css",
    _LAB / "tools" / "pages.py",
    _ROOT / "images" / "workspace-desktop" / "desktop" / "page" / "desktop.css",
)


def _colors(page: Path, name: str) -> list[str]:
    """Return the values of a variable: for light pages, then for dark ones."""
    return re.findall(rf"--{name}: (#[0-9a-f]+);", page.read_text("utf-8"))


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_ROOT)))
def test_pages_of_the_workspace_have_one_palette(page: Path) -> None:
    reference = _PAGES[0]
    assert _colors(page, "text") == _colors(reference, "text")
    assert _colors(page, "line") == _colors(reference, "line")
    assert _colors(page, "accent")[0] == _colors(_HUB, "twinhub-accent")[0]
