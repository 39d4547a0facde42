"""The wheels: they hold what a TwinHub without a checkout needs, and work without one."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UV = Path(sys.executable).with_name("uv")
MEMBERS = (
    "hub", "services/dtconfig", "services/api", "services/kit", "services/library",
    "services/runner",
)  # fmt: skip


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of all members, built from this tree."""
    folder = tmp_path_factory.mktemp("wheels")
    for member in MEMBERS:
        subprocess.run(
            [UV, "build", "-q", "--wheel", "-o", folder, ROOT / member], check=True, timeout=300
        )
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels unpacked as an installer does it, for PYTHONPATH."""
    target = tmp_path_factory.mktemp("installed")
    command: list[str | Path] = [
        UV,
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        target,
        *wheels,
    ]
    subprocess.run(command, check=True, timeout=300)
    return target


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the unpacked wheels before anything else."""
    return subprocess.run(
        [sys.executable, *arguments], env=os.environ | {"PYTHONPATH": str(installed)},
        cwd=installed, text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_hubs_wheel_holds_images_assets_and_locks(wheels: list[Path]) -> None:
    hub = next(wheel for wheel in wheels if wheel.name.startswith("twinhub_hub"))
    with zipfile.ZipFile(hub) as archive:
        names = set(archive.namelist())
        modes = {name: archive.getinfo(name).external_attr >> 16 for name in names}
    share = "twinhub_hub/share/"
    twin = f"{share}config/assets/common/digital_twins/heated-tank/lifecycle/"
    for name in (
        f"{share}images/build.py", f"{share}images/hierarchy.yaml", f"{twin}execute",
        f"{share}images/layer/Dockerfile", f"{share}images/layer/install-layer",
        f"{share}images/environment/Dockerfile", f"{share}images/environment/install-environment",
        f"{share}requirements/workspace.txt",
        f"{share}services/api/pyproject.toml", f"{share}requirements/proxy/package-lock.json",
        "twinhub_hub/pages/templates/page.html", "twinhub_hub/py.typed",
    ):  # fmt: skip
        assert name in names
    assert all(modes[name] & 0o111 for name in names if name.startswith(twin))
    assert not [name for name in names if name.endswith((".fmu", ".crt", ".pyc"))]


def test_an_installed_twinhub_uses_what_its_wheel_holds(installed: Path, tmp_path: Path) -> None:
    code = "from twinhub_hub.installation import share; print(share())"
    done = run(installed, "-c", code)
    assert done.stdout.strip() == str(installed / "twinhub_hub" / "share"), done.stderr
    settings = tmp_path / "twinhub.yaml"
    settings.write_text("version: 1\n")
    assert run(installed, "-m", "twinhub_hub.cli.main", "check", str(settings)).returncode == 0
    listed = run(installed, str(installed / "twinhub_hub/share/images/build.py"), "--list")
    assert "workspace" in listed.stdout, listed.stderr


def test_an_installed_twinhub_has_all_that_a_site_layer_is_built_from(installed: Path) -> None:
    code = (
        "from twinhub_hub.installation import share\n"
        "from twinhub_hub.layers.recipe import Sources, make_recipe\n"
        "from twinhub_hub.settings.layers import Layer\n"
        "layer = Layer(name='a', title='A', system=('tree',))\n"
        "sources = Sources(share(), share(), 'th', 1000)\n"
        "print(make_recipe(layer, sources, base='b:1', base_id='c').tag)\n"
    )
    done = run(installed, "-c", code)
    assert done.stdout.startswith("th/layer-a:"), done.stderr
