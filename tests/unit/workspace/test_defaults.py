"""Defaults of a home: laid once, replaced while unchanged, else kept with the new one beside."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from twinhub_programs.defaults import lay_defaults

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Place:
    """An image's parts and a home."""

    parts: Path
    home: Path

    @property
    def state(self) -> Path:
        return self.home / ".local/share/twinhub"

    def edition(self, **files: str) -> None:
        """Make the image one with these dotfiles, and start a workspace of it."""
        lines = []
        for name, content in files.items():
            path = self.parts / "skel" / f".{name.replace('__', '/')}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            digest = sha256(content.encode()).hexdigest()
            lines.append(f"{digest}  {path.relative_to(self.parts)}\n")
        (self.parts / "digests").write_text("".join(lines))
        lay_defaults(str(self.parts), str(self.home), str(self.state), tutorials=False)

    def names(self) -> set[str]:
        return {name for name in os.listdir(self.home) if name != ".local"}  # noqa: PTH208


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "parts", tmp_path / "home")
    found.state.mkdir(parents=True)
    (found.parts / "skel").mkdir(parents=True)
    return found


def test_an_empty_home_gets_them_with_their_folders(place: Place) -> None:
    place.edition(bashrc="1", config__app__rc="2")
    assert (place.home / ".bashrc").read_text() == "1"
    assert (place.home / ".config/app/rc").read_text() == "2"


def test_an_unchanged_one_is_replaced(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    place.edition(bashrc="1")
    place.edition(bashrc="2")
    assert (place.home / ".bashrc").read_text() == "2"
    assert place.names() == {".bashrc"}
    assert ".bashrc" in capfd.readouterr().err


def test_a_changed_one_stays_and_the_new_one_lies_beside_once(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    place.edition(bashrc="1")
    (place.home / ".bashrc").write_text("mine")
    place.edition(bashrc="2")
    assert (place.home / ".bashrc").read_text() == "mine"
    assert (place.home / ".bashrc.twinhub-new").read_text() == "2"
    assert ".bashrc.twinhub-new" in capfd.readouterr().err
    (place.home / ".bashrc.twinhub-new").unlink()
    place.edition(bashrc="2")
    place.edition(bashrc="1")
    place.edition(bashrc="2")
    assert place.names() == {".bashrc"}


def test_a_removed_one_stays_away(place: Place) -> None:
    place.edition(bashrc="1", profile="1")
    (place.home / ".profile").unlink()
    place.edition(bashrc="1", profile="2")
    assert place.names() == {".bashrc"}


def test_going_back_to_the_image_before_brings_its_file_back(place: Place) -> None:
    for content in ("1", "2", "1"):
        place.edition(bashrc=content)
    assert (place.home / ".bashrc").read_text() == "1"
    assert place.names() == {".bashrc"}


def test_a_home_of_an_image_without_records_keeps_what_it_has(place: Place) -> None:
    (place.state / "edition").write_text("earlier\n")
    (place.home / ".bashrc").write_text("mine")
    place.edition(bashrc="1", profile="1", inputrc="1")
    assert (place.home / ".bashrc").read_text() == "mine"
    assert place.names() == {".bashrc", ".bashrc.twinhub-new", ".inputrc"}


@pytest.mark.parametrize("trap", ["link", "fifo", "folder", "dangling"])
@pytest.mark.parametrize(
    "name", [".bashrc", ".bashrc.twinhub-new", ".local/share/twinhub/defaults"]
)
@pytest.mark.timeout(20)
def test_nothing_in_the_way_hangs_or_leads_elsewhere(
    place: Place, tmp_path: Path, name: str, trap: str
) -> None:
    place.edition(bashrc="1")
    outside = tmp_path / "outside"
    outside.write_text("untouched")
    (place.home / ".bashrc").write_text("mine")
    target = place.home / name
    target.unlink(missing_ok=True)
    if trap == "fifo":
        os.mkfifo(target)
    elif trap == "folder":
        target.mkdir()
    else:
        target.symlink_to(outside if trap == "link" else tmp_path / "absent")
    place.edition(bashrc="2")
    assert outside.read_text() == "untouched"
    assert not (tmp_path / "absent").exists()


def test_a_folder_that_is_a_link_is_not_written_through(place: Place, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (place.home / ".config").symlink_to(tmp_path / "elsewhere")
    place.edition(config__rc="1")
    assert list((tmp_path / "elsewhere").iterdir()) == []
