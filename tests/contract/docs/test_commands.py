"""The reference of commands equals the commands, and no page names one that is not there."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from images.builder.labels import Facts, render_labels
from images.builder.manifest import Contents, Manifest
from tests.contract.docs.pages import (
    CHECKOUT,
    REFERENCE,
    TUTORIAL,
    blocks,
    code,
    first_cells,
    pages,
    section,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = REFERENCE / "commands.md"
TWINHUB = str(Path(sys.executable).with_name("twinhub"))
BUILD = (sys.executable, str(CHECKOUT / "images" / "build.py"))


def help_of(command: Sequence[str]) -> str:
    """What a command says about itself, and that it can be asked."""
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    return done.stdout


def arguments_of(command: Sequence[str]) -> set[str]:
    """The options and the named arguments that a command has, but `--help`."""
    listed = re.findall(
        r"^  (?:-[a-z] [A-Z]+, )?(--[a-z-]+|[A-Z]+)\b", help_of(command), re.MULTILINE
    )
    return set(listed) - {"--help"}


def sub_commands() -> set[str]:
    """The sub-commands of `twinhub`."""
    return set(re.findall(r"^    ([a-z-]+)\s", help_of([TWINHUB]), re.MULTILINE))


def targets() -> set[str]:
    """The targets of the Makefile that are meant for people."""
    return set(re.findall(r"^([a-z-]+):.*##", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))


def named_after(word: str) -> dict[str, str]:
    """What follows a command's name in any page's code, with the page that names it."""
    pattern = re.compile(rf"(?:^|[\s;&|(/]){word} ([a-z][a-z-]*)(?![\w/.])", re.MULTILINE)
    return {
        name: page.relative_to(CHECKOUT).as_posix()
        for page in pages()
        for text in code(page)
        for name in pattern.findall(text)
    }


def test_the_reference_has_every_target_of_make_and_no_other() -> None:
    listed = [name.removeprefix("make ") for name in first_cells(section(COMMANDS, "## `make`"))]
    assert len(listed) == len(set(listed))
    assert set(listed) == targets()


def test_the_reference_has_every_sub_command_and_no_other() -> None:
    listed = re.findall(r"^### `twinhub ([a-z-]+)`$", COMMANDS.read_text("utf-8"), re.MULTILINE)
    assert set(listed) == sub_commands()


@pytest.mark.parametrize("name", sorted(sub_commands()))
def test_the_reference_has_every_argument_of_a_sub_command(name: str) -> None:
    listed = first_cells(section(COMMANDS, f"### `twinhub {name}`"))
    assert set(listed) == arguments_of([TWINHUB, name])


@pytest.mark.parametrize("word", ["make", "twinhub"])
def test_every_command_that_a_page_names_exists(word: str) -> None:
    known = {"make": targets, "twinhub": sub_commands}[word]()
    named = named_after(word)
    assert {"up", "down"} <= set(named)
    assert {name: page for name, page in named.items() if name not in known} == {}


def images() -> dict[str, str]:
    """The tag of each image, as the list of images has it."""
    text = (CHECKOUT / "images" / "hierarchy.yaml").read_text("utf-8")
    names = re.findall(r"^  - name: (\S+)", text, re.MULTILINE)
    assert names
    given = dict(re.findall(r"^  - name: (\S+)\n    provides: (\S+)", text, re.MULTILINE))
    return {name: given.get(name, f"twinhub/{name}:{version('twinhub-hub')}") for name in names}


def test_the_reference_has_every_image_with_its_tag_and_no_other() -> None:
    text = section(REFERENCE / "images.md", "# Images")
    listed = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", text, re.MULTILINE)
    assert dict(listed) == images()


def test_the_reference_has_every_argument_of_the_image_builder() -> None:
    listed = first_cells(section(REFERENCE / "images.md", "## `images/build.py`"))
    assert set(listed) == arguments_of(BUILD)


def test_the_readme_starts_twinhub_as_the_tutorial_does() -> None:
    def starts(page: Path) -> list[str]:
        commands = [b.text.strip() for b in blocks(page) if b.language == "sh"]
        return [command for command in commands if command.startswith("make up")]

    assert starts(CHECKOUT / "README.md") == starts(TUTORIAL)
    assert len(starts(TUTORIAL)) == 1


def test_no_page_or_message_of_the_hub_names_make_since_only_a_checkout_has_it() -> None:
    package = CHECKOUT / "hub" / "twinhub_hub"
    named = [
        line.strip()
        for kind in ("*.py", "*.html")
        for file in package.rglob(kind)
        for line in file.read_text("utf-8").splitlines()
        if re.search(r"\bmake (?:up|down|status|logs|purge)\b", line)
        and "In a checkout: make down" not in line  # the last line of `twinhub up`
    ]
    assert named == []


def test_the_table_of_sizes_names_every_image_and_no_other() -> None:
    listed = first_cells(section(REFERENCE / "images.md", "## Sizes and build times"))
    assert listed == list(images())


def test_the_reference_has_every_label_of_an_image_and_no_other() -> None:
    facts = Facts(
        name="a", summary="b", version="c", inputs="d", parent="e", uid=1, jupyterhub="f",
        revision="g",
    )  # fmt: skip
    listed = first_cells(section(REFERENCE / "images.md", "## Labels"))
    assert set(listed) == set(render_labels(facts))


def test_the_reference_has_every_field_of_a_manifest_and_no_other() -> None:
    listed = first_cells(section(REFERENCE / "images.md", "## Manifests"))
    fields = {name for name in Manifest.model_fields if name != "contents"}
    assert set(listed) == fields | {f"contents.{name}" for name in Contents.model_fields}
