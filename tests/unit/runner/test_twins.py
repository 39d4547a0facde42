"""Twins are found by those who may read them, and nothing outside of an area is ever read."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.callers import Caller
from twinhub_kit.files.errors import FileError
from twinhub_runner.errors import BadTwinError, NoTwinError
from twinhub_runner.twins import Twins

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Caller("alice", frozenset({"pumps"}))
TWIN = "format: 1\nname: {name}\nphases: {{execute: ./run}}\n"


def put(root: Path, path: str, name: str = "tank") -> Path:
    """Put a described twin at a path; return its folder."""
    folder = root / path
    folder.mkdir(parents=True)
    (folder / "twin.yaml").write_text(TWIN.format(name=name))
    return folder


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = tmp_path / "assets"
    put(root, "alice/digital_twins/tank")
    put(root, "bob/digital_twins/secret", "secret")
    put(root, "teams/pumps/digital_twins/pump", "pump")
    put(root, "common/.store/1", "cooler")
    (root / "common/digital_twins").mkdir()
    for name in ("cooler", "cooler@1.2.0"):
        (root / "common/digital_twins" / name).symlink_to("../.store/1")
    return root


@pytest.mark.parametrize(
    ("text", "path", "inside"),
    [
        ("tank", "alice/digital_twins/tank", "/workspace/digital_twins/tank"),
        ("digital_twins/tank", "alice/digital_twins/tank", "/workspace/digital_twins/tank"),
        ("alice/digital_twins/tank", "alice/digital_twins/tank", "/workspace/digital_twins/tank"),
        (
            "teams/pumps/digital_twins/pump", "teams/pumps/digital_twins/pump",
            "/workspace/teams/pumps/digital_twins/pump",
        ),
        (
            "common/digital_twins/cooler@^1.1", "common/digital_twins/cooler@1.2.0",
            "/workspace/common/digital_twins/cooler@1.2.0",
        ),
    ],
)  # fmt: skip
def test_twin_is_found_by_name_path_and_version(
    root: Path, text: str, path: str, inside: str
) -> None:
    found = Twins(root).find(ALICE, text)
    assert (found.path, found.inside, found.is_described) == (path, inside, True)


@pytest.mark.parametrize(
    "text",
    [
        "", "..", "../bob/digital_twins/secret", "bob/digital_twins/secret", "tank\0", "a/../b",
        "teams/robots/digital_twins/x", "teams", "common", ".runs/x", "digital_twins/.hidden",
        "alice/../bob/digital_twins/secret", "x" * 5000, "\ud800",
    ],
)  # fmt: skip
def test_what_a_caller_may_not_read_is_not_there(root: Path, text: str) -> None:
    with pytest.raises(NoTwinError, match="There is no twin"):
        Twins(root).find(ALICE, text)


def test_unknown_name_gets_the_nearest_known(root: Path) -> None:
    with pytest.raises(NoTwinError, match=r"There is no twin tnk\. Did you mean 'tank'\?"):
        Twins(root).find(ALICE, "tnk")


@pytest.mark.parametrize("target", ["../../bob/digital_twins/secret", "/etc"])
def test_folder_that_is_a_link_out_of_its_area_is_refused(root: Path, target: str) -> None:
    (root / "alice/digital_twins/out").symlink_to(target)
    with pytest.raises(FileError, match="leads out of its area"):
        Twins(root).find(ALICE, "out")


def test_folder_that_is_a_link_within_its_area_is_followed(root: Path) -> None:
    put(root, "alice/elsewhere/tank", "other")
    (root / "alice/digital_twins/other").symlink_to("../elsewhere/tank")
    assert Twins(root).find(ALICE, "other").twin.name == "other"


@pytest.mark.parametrize("target", ["../../../bob/digital_twins/secret/twin.yaml", "/etc/passwd"])
def test_description_that_is_a_link_out_of_its_folder_is_refused(root: Path, target: str) -> None:
    file = root / "alice/digital_twins/tank/twin.yaml"
    file.unlink()
    file.symlink_to(target)
    with pytest.raises(FileError, match=r"twin\.yaml leads out of its area"):
        Twins(root).find(ALICE, "tank")


def test_description_that_is_a_pipe_is_refused_at_once(root: Path) -> None:
    file = root / "alice/digital_twins/tank/twin.yaml"
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(FileError, match="no file with content"):
        Twins(root).find(ALICE, "tank")


def test_fault_of_a_description_names_its_place_in_the_library(root: Path) -> None:
    (root / "alice/digital_twins/tank/twin.yaml").write_text("format: 1\nname: tank\nphase: {}\n")
    with pytest.raises(BadTwinError) as refused:
        Twins(root).find(ALICE, "tank")
    assert str(refused.value).startswith("alice/digital_twins/tank/twin.yaml:")
    assert str(root) not in str(refused.value)


def test_folder_without_description_is_inferred_without_what_its_links_lead_to(root: Path) -> None:
    lifecycle = root / "alice/digital_twins/plain/lifecycle"
    lifecycle.mkdir(parents=True)
    (lifecycle / "execute").write_text("#!/bin/sh\necho run\n")
    (lifecycle / "execute").chmod(0o755)
    (lifecycle / "clean").symlink_to("/bin/true")
    (root / "alice/digital_twins/plain/README.md").symlink_to("/etc/passwd")

    found = Twins(root).find(ALICE, "plain")
    assert (found.is_described, found.twin.name) == (False, "plain")
    assert "execute" in found.twin.phases
    assert "root:" not in found.text


@pytest.mark.parametrize("place", ["digital_twins/swapped", "digital_twins/swapped/twin.yaml"])
def test_nothing_outside_is_read_while_a_name_is_swapped_for_a_link(root: Path, place: str) -> None:
    put(root, "alice/digital_twins/swapped", "mine")
    path = root / "alice" / place
    link, spare = root / "alice/link", root / "alice/spare"
    secret = root / "bob/digital_twins/secret"
    link.symlink_to(secret if path.is_dir() else secret / "twin.yaml")
    is_over = threading.Event()

    def swap() -> None:
        while not is_over.is_set():
            path.rename(spare)
            link.rename(path)
            path.rename(link)
            spare.rename(path)

    swapper = threading.Thread(target=swap)
    swapper.start()
    names = set()
    try:
        for _ in range(1000):
            try:
                names.add(Twins(root).find(ALICE, "swapped").twin.name)
            except (FileError, NoTwinError):
                continue
    finally:
        is_over.set()
        swapper.join()
    assert "secret" not in names
