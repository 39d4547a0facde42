"""What the guides of the library say to type does what they say."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import sys
import textwrap
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from twinhub_api.cli.assets_command import VERBS
from twinhub_api.cli.main import main
from twinhub_api.client.library import LibraryClient
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_library.areas import Area

from tests.contract.docs.pages import CHECKOUT, blocks, section
from tests.contract.docs.twin_pages import commands_of, is_printed
from tests.fixtures.library import CALLERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient
    from twinhub_api.cli.assets_verbs import Verb
    from twinhub_library.library import Library

    Clients = Callable[[str], TestClient]
    Twin = Callable[[str, str], str]

_HOWTO = CHECKOUT / "docs" / "howto"
_BLOCK = re.compile(
    rf"^ *<!-- test: (?P<user>{'|'.join(CALLERS)}) -->\n"
    r"^(?P<indent> *)```console\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_ASSETS = {
    "data/weather/levels.csv": "time,level\n0,1.5\n",
    "models/heated-tank/asset.yaml": "title: Heated tank\nkeywords: [tank]\n",
}
PAGES = [page for page in sorted(_HOWTO.glob("*.md")) if _BLOCK.search(page.read_text("utf-8"))]


@pytest.fixture(name="twin")
def _twin(
    client_of: Clients, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Twin:
    def twin(user: str, command: str) -> str:
        monkeypatch.setattr(
            LibraryClient, "here", lambda *_: LibraryClient(client_of(user), name="library")
        )
        monkeypatch.setenv("JUPYTERHUB_USER", user)
        program, *arguments = shlex.split(command)
        assert program == "twin"
        code = main(arguments)
        said = capsys.readouterr()
        assert code == 0, f"$ {command}\n{said.out}{said.err}"
        return said.out

    return twin


@pytest.fixture(name="beginning")
def _beginning(library_root: Path, library: Library, client_of: Clients, twin: Twin) -> None:
    """Alice has published two versions of a tank; a snapshot has been taken, a file deleted."""
    tank = library_root / "alice" / "models" / "tank"
    twin("admin", "twin assets team pumps --on")
    twin("admin", "twin assets grant --user alice --kind models --name tank")
    for version in ("1.2.0", "1.3.0"):
        (tank / "asset.yaml").write_text(f"title: Heated tank\nversion: {version}\n")
        if version == "1.2.0":
            twin("alice", "twin assets publish models/tank")
    (tank / "model.txt").write_text("level = inflow * 2 - 10\n")
    library.snapshots.take(Area(AreaKind.PRIVATE, "alice"), threading.Event())
    assert client_of("alice").delete("/api/files/alice/data/levels.csv").status_code == 200


@pytest.mark.usefixtures("beginning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_guide_says_to_type_does_what_it_says(page: Path, twin: Twin) -> None:
    if page.stem in {"import-and-update", "hand-out-a-link"}:
        twin("alice", "twin assets publish models/tank")
    for block in _BLOCK.finditer(page.read_text("utf-8")):
        for command, shown in commands_of(textwrap.dedent(block["text"])):
            printed = twin(block["user"], command)
            assert is_printed(printed, shown), f"$ {command}\n{printed}"


@pytest.fixture(name="workspace")
def _workspace(
    library_root: Path, tmp_path: Path, twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A workspace with what the guide on notebooks uses: data and a model that are published."""
    for name, text in _ASSETS.items():
        file = library_root / "instructor" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for name in ("data/weather", "models/heated-tank"):
        twin("instructor", f"twin assets publish {name} --version 1.0.0")
    twin("admin", "twin assets grant --user bob --kind models")
    for own in ("alice", "bob"):
        (library_root / own / "models" / "my-tank").mkdir(parents=True)
        (library_root / own / "models" / "my-tank" / "notebook.ipynb").write_text("{}")
    workspace = tmp_path / "workspace"
    shutil.copytree(library_root / "common", workspace / "common", symlinks=True)
    monkeypatch.setenv("TWINHUB_WORKSPACE", str(workspace))
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(read_csv=Path.read_text))
    return workspace


@pytest.mark.usefixtures("workspace")
def test_the_guide_on_notebooks_works_in_a_notebook_and_in_a_shell(
    twin: Twin,
) -> None:
    found = blocks(_HOWTO / "assets-in-notebooks.md")
    twin("alice", "twin assets usage")  # from here on alice asks
    names: dict[str, object] = {}
    for block in found:
        if block.language == "python":
            exec(compile(block.text, "the guide", "exec"), names)  # noqa: S102 - a page of ours
    assert names["levels"] == _ASSETS["data/weather/levels.csv"]
    commands = [line for one in found if one.language == "sh" for line in one.text.splitlines()]
    assert len(commands) > 5
    for command in commands:
        twin("bob", command)


def test_there_are_guides_of_every_part() -> None:
    found = {page.stem for page in PAGES}
    assert found >= {"import-and-update", "previous-versions", "publish", "teams"}


def test_the_reference_names_every_verb() -> None:
    text = section(CHECKOUT / "docs" / "reference" / "twin-command.md", "## `twin assets`")
    missing = {one.name for one in VERBS if not re.search(rf"`{one.name}\b", text)}
    assert missing == set()


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_example_of_a_verb_is_one(verb: Verb) -> None:
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    name, *arguments = shlex.split(verb.example)
    assert name == verb.name
    parser.parse_args(arguments)
