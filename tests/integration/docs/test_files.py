"""The list of an installation's files equals a real installation."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from tests.contract.docs.pages import REFERENCE

if TYPE_CHECKING:
    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def listed_files() -> dict[str, bool]:
    """The paths of the reference, and whether each is always there."""
    text = (REFERENCE / "files.md").read_text("utf-8").split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \|.*\| (always|later) \|$", text, re.MULTILINE)
    return {path.replace("LABEL", "*"): when == "always" for path, when in rows}


def present_files(installation: TestInstallation) -> set[str]:
    """What is in an installation's folder, two levels deep; `node` is npm's own affair."""
    found = [path for pattern in ("*", "*/*") for path in installation.home.glob(pattern)]
    names = {path.relative_to(installation.home).as_posix() for path in found}
    return {
        name
        for name in names
        if not re.match(r"(?:node|environments|homes|jupyterhub_config\.d)/", name)
    }


def test_what_the_reference_says_is_always_there_is_there(installation: TestInstallation) -> None:
    present = present_files(installation)
    absent = {
        path
        for path, is_always in listed_files().items()
        if is_always and not any(fnmatchcase(name, path) for name in present)
    }
    assert absent == set()


def test_nothing_is_in_an_installation_that_the_reference_does_not_name(
    installation: TestInstallation,
) -> None:
    listed = listed_files()
    unnamed = {
        name
        for name in present_files(installation)
        if not any(fnmatchcase(name, path) for path in listed)
    }
    assert unnamed == set()
