"""What must stand nowhere in the checkout, and what must be the same everywhere."""

from __future__ import annotations

import re
import tomllib

from twinhub_hub.settings.models import Settings

from tests.contract.docs.pages import CHECKOUT, pages, tracked_files

# In two halves, so that this file does not hold what it looks for.
_REGISTRIES = [
    ".".join(halves)
    for halves in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"),
        ("deb.debian", "org"), ("security.debian", "org"),
        ("yarnpkg", "com"), ("anaconda", "org"), ("crates", "io"), ("golang", "org"),
        ("registry-1.docker", "io"), ("hub.docker", "com"), ("ghcr", "io"), ("quay", "io"),
    )
]  # fmt: skip

_SOMEBODYS_FOLDER = re.compile(r"(?<![\w.~}])/(?:home/(?!twin\b)\w|Users/\w|root/(?!assets\b)\w)")


def texts() -> dict[str, str]:
    """Every tracked text by its path in the checkout."""
    return {
        path.relative_to(CHECKOUT).as_posix(): path.read_text("utf-8", "replace")
        for path in tracked_files()
    }


def test_no_file_names_the_host_of_a_package_registry() -> None:
    found = {
        f"{path}: {host}" for path, text in texts().items() for host in _REGISTRIES if host in text
    }
    assert found == set()


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    here = f"{CHECKOUT}/" if len(CHECKOUT.parts) > 2 else None
    found = {
        path
        for path, text in texts().items()
        if _SOMEBODYS_FOLDER.search(text) or (here and here in text)
    }
    assert found == set()


def test_all_members_have_the_same_version() -> None:
    members = {
        path.relative_to(CHECKOUT).as_posix(): tomllib.loads(path.read_text("utf-8"))["project"]
        for path in tracked_files()
        if path.name == "pyproject.toml"
    }
    assert len(members) > 2
    versions = {path: project["version"] for path, project in members.items()}
    assert len(set(versions.values())) == 1, versions
    asked = {
        requirement
        for project in members.values()
        for requirement in project.get("dependencies", [])
        if requirement.startswith("twinhub-")
    }
    version = next(iter(versions.values()))
    assert {requirement.split("~=")[1] for requirement in asked} == {version}


def test_every_page_and_the_settings_name_the_image_of_this_version() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    image = f"twinhub/workspace:{project['version']}"
    assert Settings().workspace.images[0].image == image
    named = {
        f"{page.relative_to(CHECKOUT)}: {found}"
        for page in pages()
        for found in re.findall(r"twinhub/workspace:[0-9][\w.-]*", page.read_text("utf-8"))
    }
    assert {line for line in named if not line.endswith(f" {image}")} == set()
