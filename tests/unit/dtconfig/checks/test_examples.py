"""The twins that TwinHub brings along, checked against their library and bound to their models."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from twinhub_dtconfig.assets import AssetTree
from twinhub_dtconfig.binding import write_bound
from twinhub_dtconfig.checks import check_twin
from twinhub_dtconfig.cosimulation import read_cosimulation
from twinhub_dtconfig.loading import load_twin
from twinhub_dtconfig.resolving import choose

from tests.unit.dtconfig.models import write_fmu

CONFIG = Path(__file__).parents[4] / "config"
TWINS = sorted(
    path.parent
    for folder in ("assets", "examples")
    for path in (CONFIG / folder).rglob("twin.yaml")
)


@pytest.fixture(name="library", scope="module")
def _library(tmp_path_factory: pytest.TempPathFactory) -> AssetTree:
    root = tmp_path_factory.mktemp("workspace")
    shutil.copytree(CONFIG / "examples/assets", root, dirs_exist_ok=True)
    shutil.copytree(CONFIG / "assets/common", root / "common", dirs_exist_ok=True)
    for source in (root / "common/models").glob("*/modelDescription.xml"):
        write_fmu(source.parent / f"{source.parent.name}.fmu", source.read_bytes())
    return AssetTree.below(root)


@pytest.mark.parametrize("folder", TWINS, ids=[folder.name for folder in TWINS])
def test_twins_that_come_along_have_no_faults(library: AssetTree, folder: Path) -> None:
    assert check_twin(load_twin(folder / "twin.yaml"), folder, library) == []


def test_each_format_takes_the_values_of_the_same_parameters(
    library: AssetTree, tmp_path: Path
) -> None:
    folder = tmp_path / "twin"
    shutil.copytree(CONFIG / "examples/twins/two-cosimulations", folder)
    loaded = load_twin(folder / "twin.yaml")
    values = choose(loaded.twin) | {"mass": 61}
    for name, cosimulation in loaded.twin.cosimulations.items():
        path = write_bound(loaded, folder, library, name, values=values)
        assert "61" in path.read_text()
        assert "${" not in path.read_text()
        if cosimulation.format != "fmpy":
            bound = read_cosimulation(cosimulation.format, path)
            assert all(Path(model.source).is_file() for model in bound.models.values())
