"""The reference of the `twin` command equals the command, and its guide shows what it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from twinhub_api.cli.command import find_commands

from tests.contract.docs.pages import CHECKOUT, REFERENCE, blocks, code, first_cells, pages, section

_PAGE = REFERENCE / "twin-command.md"
_GUIDE = CHECKOUT / "docs" / "howto" / "check-a-twin.md"
_TWIN = str(Path(sys.executable).with_name("twin"))
_NAMES = sorted(command.name for command in find_commands()[0])


def arguments_of(name: str) -> set[str]:
    """The options and the named arguments of a sub-command, but `--help`."""
    done = subprocess.run([_TWIN, name, "--help"], capture_output=True, text=True, check=True)
    pattern = r"^  (?:-[a-z], )?(--[a-z-]+|[A-Z]+)\b"
    return set(re.findall(pattern, done.stdout, re.MULTILINE)) - {"--help"}


def test_the_reference_has_every_sub_command_and_no_other() -> None:
    listed = re.findall(r"^## `twin ([a-z-]+)`$", _PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == _NAMES


@pytest.mark.parametrize("name", _NAMES)
def test_the_reference_has_every_argument_of_a_sub_command(name: str) -> None:
    listed = first_cells(section(_PAGE, f"## `twin {name}`"))
    assert set(listed) == arguments_of(name)


def test_every_sub_command_that_a_page_names_exists() -> None:
    pattern = re.compile(r"(?:^|[;&|(/] ?)twin ([a-z][a-z-]*)(?![\w/.:])", re.MULTILINE)
    named = {
        name: page.relative_to(CHECKOUT).as_posix()
        for page in pages()
        for text in code(page)
        for name in pattern.findall(text)
    }
    assert {"validate", "explain"} <= set(named)
    assert {name: page for name, page in named.items() if name not in _NAMES} == {}


def test_the_guide_shows_faults_as_they_are_printed(tmp_path: Path) -> None:
    shown = next(block.text for block in blocks(_GUIDE) if block.language == "text")
    line = next(line for line in shown.splitlines() if line.startswith("    5 | "))
    text = f"format: 1\nname: tank\n\nphases:\n{line.removeprefix('    5 | ')}\n"
    (tmp_path / "twin.yaml").write_text(text)
    done = subprocess.run(
        [_TWIN, "validate"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == shown.strip()
