"""What the command answers about images without building any."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import docker
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from docker.errors import DockerException, ImageNotFound

from images.builder.hierarchy import load_hierarchy
from images.builder.table import BEGIN, END
from tests.fixtures.requirements import missing
from tests.images.builder.conftest import PARENT

pytestmark = pytest.mark.docker

IMAGES = Path(__file__).resolve().parents[3] / "images"
NAMES = [image.name for image in load_hierarchy(IMAGES / "hierarchy.yaml").images]


@pytest.fixture(scope="module", autouse=True)
def _foundation() -> None:
    try:
        client = docker.from_env()
        client.images.get(PARENT)
        client.close()
    except DockerException as error:
        wanted = "the image" if isinstance(error, ImageNotFound) else "a Docker engine"
        missing(f"{wanted} {PARENT}", f"run `python images/build.py foundation` ({error})")


def _ask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(IMAGES / "build.py"), "--tag-prefix=twinhub-test-none"]
    environment = os.environ | {"XDG_STATE_HOME": str(folder / "state")}
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_manifest_is_json_and_keeps_nothing(tmp_path: Path) -> None:
    found = json.loads(_ask(tmp_path, "--manifest", "foundation").stdout)
    assert (found["image"], found["tag"], found["seconds"]) == ("foundation", PARENT, None)
    assert "dpkg" in found["contents"]["debian"]
    assert not (tmp_path / "state").exists()


def test_bill_of_materials_goes_into_the_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "foundation.cdx.json"
    asked = _ask(tmp_path, "--sbom", "foundation", "-o", str(file))
    assert (asked.returncode, asked.stdout) == (0, ""), asked.stderr
    text = file.read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert any(c["purl"].startswith("pkg:deb/debian/dpkg@") for c in json.loads(text)["components"])


def test_table_names_every_image_measured_or_not(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{BEGIN}\n{END}\n", "utf-8")
    asked = _ask(tmp_path, "--table", str(page))
    assert asked.stdout == f"{page}: 1 images measured\n", asked.stderr
    rows = page.read_text("utf-8").splitlines()
    assert [row.split("`")[1] for row in rows if row.startswith("| `")] == NAMES


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--manifest", "worksapce"), "there is no image 'worksapce': choose from foundation, "),
        (("--manifest", "workspace"), "there is no image twinhub-test-none/workspace:"),
        (("--diff", "workspace"), "0 of the 2 builds to compare are recorded"),
        (("--table", "none.md"), "none.md cannot be written: No such file"),
        (("--sbom", "foundation", "-o", "/proc/none"), "/proc/none cannot be written: "),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_line(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    asked = _ask(tmp_path, *arguments)
    assert asked.returncode == 1
    assert said in asked.stderr
    assert asked.stderr.startswith("error: ")


def test_two_questions_at_once_are_refused(tmp_path: Path) -> None:
    assert _ask(tmp_path, "--list", "--diff", "workspace").returncode == 2
