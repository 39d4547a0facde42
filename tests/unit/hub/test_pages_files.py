"""The files of the pages: self-contained, and no script inside the markup's attributes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.pages.handlers import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(
    path
    for folder in ("templates", "static")
    for path in (FOLDER / folder).iterdir()
    if path.suffix in {".html", ".css", ".js", ".svg"}
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_names_no_other_host_and_no_inline_handler(path: Path) -> None:
    text = path.read_text("utf-8")
    addresses = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s\"')]*", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<[^>]*\son[a-z]+=", text)
