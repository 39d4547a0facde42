"""An older format is brought to the newest one, and comments stay."""

from __future__ import annotations

import pytest
from twinhub_dtconfig.documents import DocumentError, parse_document
from twinhub_dtconfig.editing import rename_key, set_value
from twinhub_dtconfig.faults import Fault
from twinhub_dtconfig.loading import parse_twin
from twinhub_dtconfig.migrations import MIGRATIONS, Migration, MigrationError, migrate_text
from twinhub_dtconfig.models.twin import FORMAT

_OLD = """\
# The tank of the first floor.
format: 0   # made up for this test
name: tank
steps:      # what can be done
  execute: ./run   # simulates
"""


def _rename_steps(text: str, file: str) -> str:
    return rename_key(text, ("steps",), "phases", file=file)


def _refuse(text: str, file: str) -> str:
    line, column = parse_document(text.encode(), file).position_of(("steps",))
    raise DocumentError([Fault(file, line, column, "steps cannot be brought along")])


_FIRST = Migration(0, "steps are phases", _rename_steps)


def test_there_is_a_step_from_every_format_to_the_newest() -> None:
    assert [migration.before for migration in MIGRATIONS] == list(range(1, FORMAT))


def test_the_newest_format_is_left_as_it_is_byte_for_byte() -> None:
    text = "format:   1 # x\r\nname: a\r\nphases: {execute: b}"
    migrated = migrate_text(text, migrations=MIGRATIONS)
    assert (migrated.text, migrated.done) == (text, ())


def test_an_older_format_becomes_a_good_twin_with_its_comments() -> None:
    migrated = migrate_text(_OLD, migrations=[_FIRST])
    assert migrated.text == _OLD.replace("format: 0", "format: 1").replace("steps:", "phases:")
    assert parse_twin(migrated.text.encode()).twin.name == "tank"
    assert migrated.done == ("format 0 to 1: steps are phases",)
    assert (migrated.before, migrated.after) == (0, 1)


def test_steps_follow_one_another() -> None:
    second = Migration(1, "titles", lambda text, _: set_value(text, ("title",), "Tank"))
    migrated = migrate_text(_OLD, migrations=[_FIRST, second], newest=2)
    assert len(migrated.done) == 2
    assert "format: 2   # made up" in migrated.text
    assert "title: Tank" in migrated.text


def test_migrating_twice_changes_nothing_more() -> None:
    once = migrate_text(_OLD, migrations=[_FIRST])
    assert migrate_text(once.text, migrations=[_FIRST]).done == ()


def test_a_step_that_cannot_be_done_says_where() -> None:
    with pytest.raises(DocumentError, match=r"twin.yaml:5:3: steps cannot be brought along"):
        migrate_text(_OLD, migrations=[Migration(0, "", _refuse)])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("format: 9\n", r"1:9: format 9 is newer than TwinHub \d.*use the TwinHub that brought"),
        ("name: a\n", r"1:1: the file does not say its format; write `format: 1`"),
        ("format: new\n", r"1:9: format must be a number, not 'new'"),
        ("format: true\n", r"1:9: format must be a number"),
        ("format: 0\n", r"1:9: format 0 is not known"),
        ("[]\n", r"1:1: the file is no twin"),
    ],
)
def test_a_format_that_cannot_be_migrated_is_refused_with_its_place(text: str, what: str) -> None:
    with pytest.raises(MigrationError, match=what):
        migrate_text(text, migrations=[])
