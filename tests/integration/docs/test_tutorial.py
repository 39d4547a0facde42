"""The commands of the tutorial, in the order of the page, in the workspace of a trial user."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.contract.docs.pages import TUTORIAL, Block, blocks
from tests.fixtures.hub_client import HubClient

if TYPE_CHECKING:
    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

USER = "alice"
_ELLIPSIS = "…"
_ENDED = "ended with"


def marked_blocks() -> list[Block]:
    """What is to be typed in the workspace, each followed by what it prints, if the page says."""
    return [block for block in blocks(TUTORIAL) if block.mark in {"workspace", "output"}]


def script_of(typed: list[Block]) -> str:
    """Return one shell session of all commands: one a line, each followed by its exit code."""
    lines = []
    for number, block in enumerate(typed):
        lines.append(f"echo block {number}")
        for command in block.text.strip().splitlines():
            lines += [command, f'echo "{_ENDED} $?: "{shlex.quote(command)}']
    return "\n".join(lines)


def shown_in(printed: str, shown: str) -> bool:
    """Whether the lines that a page shows were printed one after the other.

    A line that is only an ellipsis stands for any lines, an ellipsis in a line for any text.
    """
    lines = []
    for line in shown.splitlines(keepends=True):
        parts = [re.escape(part) for part in line.split(_ELLIPSIS)]
        lines.append(r"(?:.*\n)*" if line.strip() == _ELLIPSIS else ".*".join(parts))
    return re.search("^" + "".join(lines), printed, re.MULTILINE) is not None


@pytest.fixture(scope="module")
def printed(installation: TestInstallation) -> list[str]:
    """What each block of commands printed."""
    with HubClient(installation, USER) as client:
        client.start()
    typed = [block for block in marked_blocks() if block.mark == "workspace"]
    done = installation.container(USER).exec_run(
        ["bash", "-lc", script_of(typed)], user=installation.setting("uid")
    )
    assert isinstance(done.output, bytes)
    return re.split(r"^block \d+\n", done.output.decode(), flags=re.MULTILINE)[1:]


def test_every_command_of_the_tutorial_succeeds(printed: list[str]) -> None:
    ended = [
        line for text in printed for line in text.splitlines() if line.startswith(f"{_ENDED} ")
    ]
    typed = [block for block in marked_blocks() if block.mark == "workspace"]
    assert len(ended) == sum(len(block.text.strip().splitlines()) for block in typed)
    assert [line for line in ended if not line.startswith(f"{_ENDED} 0:")] == []


def test_the_tutorial_shows_what_its_commands_print(printed: list[str]) -> None:
    number, checked = -1, 0
    for block in marked_blocks():
        if block.mark == "workspace":
            number += 1
        else:
            assert shown_in(printed[number], block.text), printed[number]
            checked += 1
    assert checked == sum(block.mark == "output" for block in marked_blocks()) > 0


def test_the_tutorial_leaves_nothing_behind(
    printed: list[str], installation: TestInstallation
) -> None:
    assert printed
    folder = installation.folder(USER)
    assert not (folder / "digital_twins" / "heated-tank").exists()
    assert (folder / "digital_twins" / "README.md").exists()
