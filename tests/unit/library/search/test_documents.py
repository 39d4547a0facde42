"""What of an asset's files is found, within limits that hold for any content."""

from __future__ import annotations

import io
import json
import os
import zipfile
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_library.catalogue import find_asset
from twinhub_library.index.documents import read_document, survey
from twinhub_library.index.texts import MOST_CHARACTERS, MOST_CHARACTERS_OF_A_FILE
from twinhub_library.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_library.index.base import Document

_FMU = """<?xml version="1.0"?>
<fmiModelDescription fmiVersion="2.0" modelName="HeatedTank" guid="1">
  <CoSimulation modelIdentifier="tank"/>
  <ModelVariables>
    <ScalarVariable name="tank.inflowRate" valueReference="0"><Real/></ScalarVariable>
  </ModelVariables>
  <ModelStructure/>
</fmiModelDescription>
"""


@pytest.fixture(name="asset")
def _asset(tmp_path: Path) -> Path:
    asset = tmp_path / "alice/digital_twins/tank"
    asset.mkdir(parents=True)
    return asset


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Iterator[Tree]:
    with Tree(tmp_path) as tree:
        yield tree


def _read(tree: Tree, path: str = "alice/digital_twins/tank") -> Document:
    asset = find_asset(tree, RelativePath.parse(path))
    assert asset is not None
    return read_document(tree, asset, survey(tree, asset))


def test_metadata_are_those_of_the_asset(tree: Tree, asset: Path) -> None:
    (asset / "twin.yaml").write_text(
        "format: 1\nname: tank\ntitle: Heated tank\nsummary: Keeps warm\nlicence: MIT\n"
        "keywords: [Heat]\nuses: {m: common/models/tank@1.2}\nparameters: {power_limit: 3}\n"
        "phases: {execute: ./run}\n"
    )
    document = _read(tree)
    assert (document.title, document.summary, document.licence) == (
        "Heated tank",
        "Keeps warm",
        "MIT",
    )
    assert document.keywords == ("heat",)
    assert document.requires == ("common/models/tank",)
    assert (document.owner, document.kind) == ("alice", "digital_twins")
    assert "power_limit" in document.text


def test_of_a_notebook_the_sources_are_found_and_the_outputs_are_not(
    tree: Tree, asset: Path
) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Explore ", "levels"]},
        {"cell_type": "code", "source": "plot(levels)", "outputs": [{"text": "outputword"}]},
        {"cell_type": "code", "source": 3}, "no cell",
    ]  # fmt: skip
    (asset / "sub").mkdir()
    (asset / "sub/explore.ipynb").write_text(json.dumps({"cells": cells}))
    document = _read(tree)
    assert "# Explore levels" in document.text
    assert "plot(levels)" in document.text
    assert "outputword" not in document.text


def test_variables_of_an_fmu_are_found(tree: Tree, tmp_path: Path) -> None:
    models = tmp_path / "alice/models"
    models.mkdir(parents=True)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("modelDescription.xml", _FMU)
    (models / "tank.fmu").write_bytes(content.getvalue())
    (models / "tank.md").write_text("# A tank beside\n")
    document = _read(tree, "alice/models/tank.fmu")
    assert "HeatedTank\ntank.inflowRate" in document.text
    assert document.title == "A tank beside"


@pytest.mark.parametrize("name", ["x.fmu", "x.ipynb", "x.yaml", "README.md", "twin.yaml"])
@pytest.mark.parametrize(
    "content",
    [
        b"", b"\0" * 100, b"\xff\xfe", b"[" * 100_000, b'{"cells": [{}, 1]}', b"PK\x03\x04",
        b"\xef\xbb\xbf#",
    ],
    ids=["empty", "zeros", "no text", "deep", "odd cells", "no archive", "mark"],
)  # fmt: skip
def test_any_content_has_a_document(tree: Tree, asset: Path, name: str, content: bytes) -> None:
    (asset / name).write_bytes(content)
    assert _read(tree).name == "tank"


def test_what_is_no_file_is_left_out(tree: Tree, asset: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("secretword")
    os.mkfifo(asset / "README.md")
    (asset / "link.md").symlink_to(tmp_path / "outside.md")
    (asset / "way-out").symlink_to(tmp_path)
    assert "secretword" not in _read(tree).text


def test_text_is_bounded(tree: Tree, asset: Path) -> None:
    for at in range(20):
        (asset / f"{at:02}.md").write_text("word " * 20_000)
    text = _read(tree).text
    assert MOST_CHARACTERS_OF_A_FILE < len(text) <= MOST_CHARACTERS + 100


def test_names_are_bounded_and_hidden_ones_left_out(tree: Tree, asset: Path) -> None:
    for at in range(700):
        (asset / f"file-{at:03}.csv").touch()
    (asset / ".hidden.md").write_text("hiddenword")
    text = _read(tree).text
    assert "file-000.csv" in text
    assert "file-699.csv" not in text
    assert "hiddenword" not in text


@pytest.mark.parametrize("change", ["content", "new file", "less", "companion"])
def test_a_stamp_changes_with_whatever_the_document_is_made_of(
    tree: Tree, asset: Path, change: str
) -> None:
    (asset / "README.md").write_text("# One\n")
    (asset / "data.csv").write_text("1")
    found = find_asset(tree, RelativePath.parse("alice/digital_twins/tank"))
    assert found is not None
    before = survey(tree, found).stamp
    assert survey(tree, found).stamp == before
    match change:
        case "content":
            (asset / "README.md").write_text("# Other\n")
        case "new file":
            (asset / "more.csv").touch()
        case "less":
            (asset / "data.csv").unlink()
        case "companion":
            asset.with_suffix(".md").write_text("# Beside\n")
            found = find_asset(tree, RelativePath.parse("alice/digital_twins/tank"))
            assert found is not None
    assert survey(tree, found).stamp != before
