"""Building FMUs: complete, the same bytes every time, and only when something changed."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest
from fmpy.validation import validate_fmu
from twinhub_hub.assets.errors import BuildError
from twinhub_hub.assets.fmus import build_fmu, built_digest, source_digest

from tests.integration.twin.conftest import SOURCE

if TYPE_CHECKING:
    from pathlib import Path

MODELS = ("heated-tank", "pi-controller")
SHARED = SOURCE / "tools" / "fmi2-slave"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiler's cache, so that only the first build of the session is slow."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The sources of the controller, free to be changed."""
    return shutil.copytree(SOURCE / "models" / "pi-controller", tmp_path / "model")


@pytest.mark.parametrize("name", MODELS)
def test_fmpy_finds_no_fault(common: Path, name: str) -> None:
    assert validate_fmu(str(common / "models" / name / f"{name}.fmu")) == []


@pytest.mark.parametrize("name", MODELS)
def test_an_fmu_holds_all_its_sources_and_its_licence(common: Path, name: str) -> None:
    with zipfile.ZipFile(common / "models" / name / f"{name}.fmu") as fmu:
        names = set(fmu.namelist())
        licence = fmu.read("documentation/licenses/license.txt").decode()

    identifier = name.replace("-", "_")
    assert names == {
        "modelDescription.xml",
        "documentation/licenses/license.txt",
        f"binaries/linux64/{identifier}.so",
        *(f"sources/{file}" for file in (f"{identifier}.c", "slave.c", "slave.h", "fmi2.h")),
    }
    assert licence.startswith("BSD 3-Clause License")


def test_two_builds_in_two_places_are_the_same_bytes(
    common: Path, model: Path, tmp_path: Path, cache: Path
) -> None:
    target = tmp_path / "elsewhere" / "controller.fmu"
    build_fmu(model, target, shared=SHARED, cache=cache)

    installed = common / "models" / "pi-controller" / "pi-controller.fmu"
    assert target.read_bytes() == installed.read_bytes()


def test_an_fmu_is_built_again_only_when_its_sources_changed(
    model: Path, tmp_path: Path, cache: Path
) -> None:
    target = tmp_path / "controller.fmu"
    assert build_fmu(model, target, shared=SHARED, cache=cache)
    assert not build_fmu(model, target, shared=SHARED, cache=cache)

    source = model / "sources" / "pi_controller.c"
    source.write_text(source.read_text().replace("2000.0", "1000.0"))
    assert build_fmu(model, target, shared=SHARED, cache=cache)
    assert built_digest(target) == source_digest(model, shared=SHARED)


def test_a_source_that_does_not_compile_is_named_and_leaves_the_old_fmu(
    model: Path, tmp_path: Path, cache: Path
) -> None:
    target = tmp_path / "controller.fmu"
    target.write_text("old")
    (model / "sources" / "pi_controller.c").write_text("int main(void) { return missing; }\n")

    with pytest.raises(BuildError, match=r"pi_controller\.c:1:25: error"):
        build_fmu(model, target, shared=SHARED, cache=cache)
    assert target.read_text() == "old"


def test_a_source_that_is_missing_is_named(model: Path, tmp_path: Path) -> None:
    (model / "sources" / "pi_controller.c").unlink()

    with pytest.raises(BuildError, match=r"pi_controller\.c is in none of .*sources"):
        build_fmu(model, tmp_path / "controller.fmu", shared=SHARED)
