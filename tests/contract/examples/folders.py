"""Where the examples are, and the library that they stand in."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
EXAMPLES = CHECKOUT / "config" / "examples"
COMMON = CHECKOUT / "config" / "assets" / "common"
TWINS = sorted(EXAMPLES.glob("twins/*/twin.yaml"))
SAMPLES = sorted(COMMON.glob("digital_twins/*/twin.yaml"))


def make_library(root: Path) -> Path:
    """Lay out a workspace's library: the common assets, those of the examples, the examples.

    FMUs hold their description alone, so that nothing is compiled.
    """
    shutil.copytree(COMMON, root / "common")
    shutil.copytree(EXAMPLES / "assets", root, dirs_exist_ok=True)
    shutil.copytree(EXAMPLES / "twins", root / "digital_twins")
    for model in (root / "common" / "models").iterdir():
        with zipfile.ZipFile(model / f"{model.name}.fmu", "w") as archive:
            archive.write(model / "modelDescription.xml", "modelDescription.xml")
    return root


def with_port(folder: Path, old: int, new: int) -> Path:
    """Give the twin another port than the one of its file, which may be taken here."""
    file = folder / "twin.yaml"
    text = file.read_text("utf-8")
    assert f"port: {old}" in text
    file.write_text(text.replace(f"port: {old}", f"port: {new}"), "utf-8")
    return folder
