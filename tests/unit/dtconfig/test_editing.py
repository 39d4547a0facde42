"""What an edit makes of each form of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.documents import DocumentError
from twinhub_dtconfig.editing import EditError, remove_value, rename_key, set_value

if TYPE_CHECKING:
    from twinhub_dtconfig.documents import Data, Key

Path = tuple["Key", ...]


@pytest.mark.parametrize(
    ("text", "path", "value", "changed"),
    [
        ("a: 1 # c\nb: 2\n", ("a",), 5, "a: 5 # c\nb: 2\n"),
        ("\ufeffa: 1\r\nb: 2\r\n", ("b",), 5, "\ufeffa: 1\r\nb: 5\r\n"),
        ("a: 1", ("a",), 5, "a: 5"),
        ("a: 'x'\n", ("a",), "it's", "a: 'it''s'\n"),
        ('a: "x"\n', ("a",), "y", 'a: "y"\n'),
        ("a: x\n", ("a",), "1.5", "a: '1.5'\n"),
        ("a: x\n", ("a",), "no", "a: 'no'\n"),
        ("a: x\n", ("a",), "2026-11-26", "a: '2026-11-26'\n"),
        ("a: x\n", ("a",), "1.2.0", "a: 1.2.0\n"),
        ("a: x\n", ("a",), "u\nv\n", "a: |\n  u\n  v\n"),
        ("a: x # c\n", ("a",), "u\nv\n", 'a: "u\\nv\\n" # c\n'),
        ("{a: x}\n", ("a",), "u\nv", '{a: "u\\nv"}\n'),
        ("a: |  # c\n  x\n  y\n\nb: 2\n", ("a",), "u\nv\n", "a: |  # c\n  u\n  v\n\nb: 2\n"),
        ("a: >-\n  x\n  y\n\n# k\nb: 2\n", ("a",), 5, "a: 5\n\n# k\nb: 2\n"),
        ("a: {b: [1, x y], c: 2}\n", ("a", "b", 1), "z, w", "a: {b: [1, 'z, w'], c: 2}\n"),
        ("{a, b: 2}\n", ("a",), 5, "{a: 5, b: 2}\n"),
        ("a:\nb: 2\n", ("a",), 5, "a: 5\nb: 2\n"),
        ("a: # none yet\n", ("a",), {"b": 1}, "a: # none yet\n  b: 1\n"),
        ("- \n- x\n", (0,), 5, "- 5 \n- x\n"),
        ("? a\n: 1\n? b\n", ("b",), 5, "? a\n: 1\n? b\n: 5\n"),
        ("a: &x 1\nb: *x\n", ("b",), 5, "a: &x 1\nb: 5\n"),
        ("a: !!str 1\n", ("a",), 5, "a: 5\n"),
        ("a: 1\n", ("a",), {"b": [1, {}]}, "a: {b: [1, {}]}\n"),
        ("a:\n  b: 1\n  c: 2 # z\nd: 3\n", ("a",), 5, "a: 5\nd: 3\n"),
        ("a: # k\n- 1\n- 2\nb: 1\n", ("a",), [], "a: [] # k\nb: 1\n"),
        ("a:\n- 1\nb: 1\n", ("a",), {"c": {"d": 1}}, "a: {c: {d: 1}}\nb: 1\n"),
    ],
)
def test_a_value_is_changed_in_its_own_form(
    text: str, path: Path, value: Data, changed: str
) -> None:
    assert set_value(text, path, value) == changed


@pytest.mark.parametrize(
    ("text", "path", "value", "changed"),
    [
        ("", ("a", "b"), 1, "a:\n  b: 1\n"),
        ("# only this", ("a",), 1, "# only this\na: 1\n"),
        ("--- # it\n...\n", ("a",), 1, "--- # it\na: 1\n...\n"),
        ("a: 1", ("b",), [1, 2], "a: 1\nb: [1, 2]\n"),
        ("a:\n    b: 1 # c\n# d\n", ("a", "x"), 1, "a:\n    b: 1 # c\n    x: 1\n# d\n"),
        ("a: {}\n", ("a", "x"), 1, "a: {x: 1}\n"),
        ("a: {b: 1, # c\n}\n", ("a", "x"), 1, "a: {b: 1, x: 1, # c\n}\n"),
        ("a: ~\n", ("a", "x"), 1, "a: {x: 1}\n"),
        ("- 1\n", (1,), {"a": 1, "b": 2}, "- 1\n- a: 1\n  b: 2\n"),
        ("a: [1]\n", ("a", 1), "x", "a: [1, x]\n"),
        ("a: |+\n  x\n\n", ("b",), 1, "a: |+\n  x\n\nb: 1\n"),
        ("a: |\n  x", ("b",), 1, "b: 1\na: |\n  x"),
        ("a: 1\n", ("s", "run"), "u\nv\n", "a: 1\ns:\n  run: |\n    u\n    v\n"),
        ("a: 1\n", ("b c", "<<"), None, "a: 1\nb c:\n  '<<': null\n"),
    ],
)
def test_what_is_missing_is_added_at_the_end(
    text: str, path: Path, value: Data, changed: str
) -> None:
    assert set_value(text, path, value) == changed


@pytest.mark.parametrize(
    ("text", "path", "changed"),
    [
        ("a: 1 # k\n# of b\nb: 2 # l\n", ("a",), "# of b\nb: 2 # l\n"),
        ("a:\n  b: |\n    x\n  c: 2\nd: 3", ("a",), "d: 3"),
        ("a:\n  b: 1\nc: 2\n", ("a", "b"), "a: {}\nc: 2\n"),
        ("- a: 1\n  b: 2\n", (0, "a"), "- b: 2\n"),
        ("- 1\n# - k\n- 2\n", (0,), "# - k\n- 2\n"),
        ("{a: 1, b: 2, c: 3}", ("a",), "{b: 2, c: 3}"),
        ("{a: 1, b: 2, c: 3}", ("c",), "{a: 1, b: 2}"),
        ("[1,]", (0,), "[]"),
    ],
)
def test_an_entry_is_removed_with_its_line(text: str, path: Path, changed: str) -> None:
    assert remove_value(text, path) == changed


def test_a_key_is_renamed_where_it_stands() -> None:
    assert rename_key("a: {'b': 1} # c\n", ("a", "b"), "x: y") == "a: {'x: y': 1} # c\n"


@pytest.mark.parametrize("text", ["a: 012\n", "a: [1\n", "a: 1\na: 2\n"])
def test_a_file_with_faults_is_not_changed(text: str) -> None:
    with pytest.raises(DocumentError, match=r"^f\.yaml:\d:\d: ") as caught:
        set_value(text, ("a",), 1, file="f.yaml")
    assert not isinstance(caught.value, EditError)


def test_setting_what_is_there_changes_nothing_even_behind_an_alias() -> None:
    text = "a: &x 0x10\nb: *x\n"
    assert set_value(text, ("a",), 16) == text
    assert set_value("a: 1.0\n", ("a",), 1) == "a: 1\n"  # 1 is another value than 1.0


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (
            "a: &x 1\nb: *x\n", ("a",),
            "1:4: what is to be changed is repeated by *x at 2:4; write the value out there first",
        ),
        ("a: &x {c: 1}\nb: *x\n", ("a", "c"), "1:4: what is to be changed is repeated by *x"),
        ("a: [&x 1]\nb: *x\n", ("a",), "1:4: what is to be changed is repeated by *x at 2:4"),
        (
            "a: &x {c: 1}\nb: *x\n", ("b", "c"),
            "2:4: the value repeats &x, from 1:4; change it there, or write it out here",
        ),
        ("a: text\n", ("a", "b"), "1:4: 'a.b' is not there: 'a' has no keys; remove 'a' first"),
        ("a: [1]\n", ("a", 3), "1:4: 'a[3]' is not there: 'a' has 1 items; "),
        ("a: [1]\n", ("a", "b"), "1:4: 'a.b' is not there: 'a' has no keys"),
        ("a: 1\n", (0,), "1:1: '[0]' is not there: the document is no list"),
        ("a: 1\n", ("b", 1), "1:1: 'b[1]' is not there"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_is_refused_with_its_place(
    text: str, path: Path, message: str
) -> None:
    with pytest.raises(EditError) as caught:
        set_value(text, path, 5, file="f.yaml")
    assert str(caught.value).startswith(f"f.yaml:{message}")


def test_a_value_that_no_yaml_holds_is_refused() -> None:
    for value in ("\ud800", 10**80):
        with pytest.raises(EditError, match="'a' cannot be changed so"):
            set_value("a: 1\n", ("a",), value)


def test_a_misspelt_path_names_the_nearest_key() -> None:
    with pytest.raises(EditError, match=r"1:1: 'titel' is not there; did you mean 'title'\?"):
        remove_value("title: x\n", ("titel",))
    with pytest.raises(EditError, match="'b' is here already"):
        rename_key("a: 1\nb: 2\n", ("a",), "b")
