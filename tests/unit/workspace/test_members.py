"""In an image our packages are found with all that they announce, though nothing installed them."""

from __future__ import annotations

import shutil
from importlib.metadata import distributions, entry_points
from pathlib import Path

import pytest
from twinhub_programs import members

_CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder as the Dockerfile copies it together."""
    for name in ("api", "dtconfig"):
        shutil.copy(_CHECKOUT / "services" / name / "pyproject.toml", tmp_path / f"{name}.toml")
    return tmp_path


def test_packages_have_the_name_version_and_entry_points_of_their_member(folder: Path) -> None:
    assert members.main([str(folder)]) == 0
    found = {one.metadata["Name"]: one for one in distributions(path=[str(folder)])}
    assert set(found) == {"twinhub-api", "twinhub-dtconfig"}
    announced = {entry.name: entry.value for entry in found["twinhub-api"].entry_points}
    installed = entry_points(group="twinhub.twin_commands")
    ours = {e.name: e.value for e in installed if e.value.startswith("twinhub_api.")}
    assert announced == ours
    assert found["twinhub-api"].version == found["twinhub-dtconfig"].version


def test_nothing_else_is_left_of_the_description(folder: Path) -> None:
    members.main([str(folder)])
    assert list(folder.glob("*.toml")) == []


def test_the_dockerfile_copies_every_member_that_the_image_has() -> None:
    text = (_CHECKOUT / "images" / "workspace" / "Dockerfile").read_text("utf-8")
    for name in ("api", "dtconfig"):
        assert f"COPY services/{name}/pyproject.toml /opt/twinhub/members/{name}.toml" in text
        assert f"COPY services/{name}/twinhub_{name}/ /opt/twinhub/members/twinhub_{name}/" in text
