"""Every twin that a page shows loads, and every command does what the page says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from twinhub_dtconfig.loading import TwinError, load_twin, parse_twin

from tests.contract.docs.twin_pages import (
    commands_of,
    is_printed,
    steps_of,
    twin_pages,
    whole,
)

PAGES = twin_pages()
SNIPPETS = [
    pytest.param(step.text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, step in enumerate(steps_of(page))
    if step.kind == "twin"
]


def type_in(command: str, folder: Path, home: Path) -> tuple[str, Path]:
    """Return what a command prints, and the folder that it leaves one in."""
    state = home / ".folder"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    done = subprocess.run(
        ["bash", "-c", f'{command}\npwd > "$STATE"'],
        cwd=folder, env={"PATH": path, "HOME": str(home), "STATE": str(state)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.stdout, Path(state.read_text("utf-8").strip())


def test_there_are_pages_of_every_kind() -> None:
    assert {page.parent.name for page in PAGES} >= {"tutorial", "howto", "explanation"}
    assert len(SNIPPETS) >= 10


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_twin_that_a_page_shows_loads(snippet: str) -> None:
    assert parse_twin(whole(snippet).encode()).warnings == ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_says_to_do_works(page: Path, tmp_path: Path) -> None:
    folder = tmp_path
    for step in steps_of(page):
        if step.kind == "file":
            target = folder / step.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.text, "utf-8")
        elif step.kind == "console":
            for command, shown in commands_of(step.text):
                printed, folder = type_in(command, folder, tmp_path)
                assert is_printed(printed, shown), f"$ {command}\n{printed}"


def test_the_tutorial_ends_with_a_twin_without_a_doubt(tmp_path: Path) -> None:
    page = next(page for page in PAGES if page.stem == "describe-a-twin")
    files = [step for step in steps_of(page) if step.file == "twin.yaml"]
    for number, step in enumerate(files):
        file = tmp_path / f"{number}.yaml"
        file.write_text(step.text, "utf-8")
        if number == 1:  # the page shows what is wrong there
            with pytest.raises(TwinError):
                load_twin(file)
        else:
            assert load_twin(file).warnings == ()
