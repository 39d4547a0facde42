"""Which copy a run works in, and that nobody has in one what they may not read any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_kit.callers import Caller
from twinhub_kit.files.errors import FileError
from twinhub_runner.copies.copies import Copies
from twinhub_runner.copies.workshop import Chosen, Workshop
from twinhub_runner.errors import BadSubmissionError, BadTwinError
from twinhub_runner.twins import Twins

if TYPE_CHECKING:
    from pathlib import Path

MEMBER, LEAVER = Caller("alice", frozenset({"pumps"})), Caller("alice")
TWIN = "format: 1\nname: tank\nuses: {pump: teams/pumps/models/pump}\nphases: {execute: ./run}\n"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = tmp_path / "assets"
    (root / "alice/digital_twins/tank").mkdir(parents=True)
    (root / "alice/digital_twins/tank/twin.yaml").write_text(TWIN)
    (root / "teams/pumps/models").mkdir(parents=True)
    (root / "teams/pumps/models/pump").write_text("pump\n")
    (root / "bob").mkdir()
    (root / "bob/secret").write_text("secret\n")
    return root


@pytest.fixture(name="workshop")
def _workshop(root: Path) -> Workshop:
    return Workshop(root, Copies(root, root / ".runs/copies"))


def choose(workshop: Workshop, caller: Caller) -> Chosen:
    """Return where a run of the twin is to work."""
    return workshop.choose(caller, Twins(workshop.root).find(caller, "tank"), "execute")


def make(workshop: Workshop, chosen: Chosen) -> None:
    """Make the copy that was chosen."""
    text = str(chosen.as_data()["text"])
    workshop.copies.make(chosen.copy, chosen.found.place, chosen.required, text)


def test_copy_is_kept_until_a_twin_without_create_is_changed(
    workshop: Workshop, root: Path
) -> None:
    first = choose(workshop, MEMBER)
    make(workshop, first)
    again = choose(workshop, MEMBER)
    assert (first.is_fresh, again.is_fresh, again.copy) == (True, False, first.copy)
    (root / "alice/digital_twins/tank/run").write_text("changed\n")
    assert choose(workshop, MEMBER).is_fresh


def test_who_has_left_a_team_has_no_copy_with_its_files_any_more(workshop: Workshop) -> None:
    make(workshop, choose(workshop, MEMBER))
    with pytest.raises(BadSubmissionError, match="there is no team 'pumps'"):
        choose(workshop, LEAVER)


def test_description_that_was_changed_while_a_run_waited_is_not_taken_for_the_old_one(
    workshop: Workshop, root: Path
) -> None:
    chosen = choose(workshop, MEMBER)
    (root / "alice/digital_twins/tank/twin.yaml").write_text(f"{TWIN}title: Another\n")
    with pytest.raises(BadTwinError, match="was changed while the run waited"):
        make(workshop, chosen)
    assert workshop.copies.find(chosen.copy) is None


def test_input_that_has_become_a_link_out_of_its_area_is_not_copied(
    workshop: Workshop, root: Path
) -> None:
    chosen = choose(workshop, MEMBER)
    (root / "teams/pumps/models/pump").unlink()
    (root / "teams/pumps/models/pump").symlink_to("../../../bob/secret")
    with pytest.raises(FileError, match="leads out of its area"):
        make(workshop, chosen)
    assert "secret" not in "".join(
        one.read_text() for one in (root / ".runs").rglob("*") if one.is_file()
    )
