"""An edit changes the bytes of one value and no other, however the file is formatted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twinhub_dtconfig.changes import (
    same_data,
    value_at,
    with_key,
    with_value,
    without_value,
)
from twinhub_dtconfig.documents import parse_document
from twinhub_dtconfig.editing import EditError, remove_value, rename_key, set_value

from tests.unit.dtconfig.formatted import SCALARS, Formatted, Path, formatted

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_dtconfig.documents import Data

EXAMPLES = int(os.environ.get("TWINHUB_FUZZ_EXAMPLES", "150"))
thorough = settings(
    deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow]
)
NEW: st.SearchStrategy[Any] = (
    SCALARS
    | st.text(max_size=12)
    | st.lists(SCALARS, max_size=2)
    | st.dictionaries(st.sampled_from(["p", "q r", "no"]), SCALARS | st.lists(SCALARS), max_size=2)
)


def attempt(edit: Callable[[], str]) -> str | EditError:
    try:
        return edit()
    except EditError as error:
        return error


def read(text: str) -> Data:
    return parse_document(text.encode(), "f.yaml").data


def is_repeated(document: Formatted, path: Path) -> bool:
    """Whether a change at the path would show elsewhere, or stands where an alias is."""
    inside = {target[: len(path)] == path for target in document.shared}
    around = any(path[: len(target)] == target for target in document.shared)
    behind = any(path[: len(alias)] == alias != path for alias in document.aliases)
    return True in inside or around or behind


@thorough
@given(formatted())
def test_the_generator_knows_what_it_writes(document: Formatted) -> None:
    assert same_data(read(document.text), document.data)


@thorough
@given(formatted(), st.data(), NEW)
def test_setting_a_value_changes_only_the_bytes_of_that_value(
    document: Formatted, data: st.DataObject, new: Data
) -> None:
    path = data.draw(st.sampled_from(sorted(document.values, key=repr)))
    changed = attempt(lambda: set_value(document.text, path, new))
    if isinstance(changed, EditError):
        assert is_repeated(document, path) or not can_be_written(new), str(changed)
        return
    assert same_data(read(changed), with_value(document.data, path, new))
    if same_data(value_at(document.data, path), new):
        assert changed == document.text
    else:
        assert_only_the_value_changed(document, path, changed)


def can_be_written(value: Data) -> bool:
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def assert_only_the_value_changed(document: Formatted, path: Path, changed: str) -> None:
    value, text = document.values[path], document.text
    before, after = text[: value.start], text[value.end :]
    if value.form == "block":  # the comment behind its last line is its own
        after = after.lstrip(" \t")
        if after.startswith("#"):
            after = after[len(after.split("\n")[0].split("\r")[0]) :]
        assert without_blanks(changed).endswith(without_blanks(after))
        rest = without_blanks(changed)[: -len(without_blanks(after)) or None]
        assert is_within(without_blanks(before), rest)
    elif value.form == "empty":
        same = equal_at_start(text, changed) + equal_at_start(text[::-1], changed[::-1])
        assert same >= len(text)  # something is put in, nothing taken out
    else:
        assert changed.startswith(before)
        assert changed.endswith(after)


def equal_at_start(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (x, y) in pairs if x != y), min(len(one), len(other)))


def without_blanks(text: str) -> str:
    return "".join(text.split())


def is_within(some: str, text: str) -> bool:
    """Whether the characters stand in the text in this order."""
    characters = iter(text)
    return all(character in characters for character in some)


@thorough
@given(formatted(), st.data(), NEW)
def test_adding_a_key_or_an_item_takes_nothing_out(
    document: Formatted, data: st.DataObject, new: Data
) -> None:
    path = data.draw(st.sampled_from(sorted(document.values, key=repr)))
    container = value_at(document.data, path)
    path = (*path, len(container) if isinstance(container, list) else "new key")
    changed = attempt(lambda: set_value(document.text, path, new))
    if isinstance(changed, EditError):
        has_room = container is None or isinstance(container, dict | list)
        assert not has_room or is_repeated(document, path) or not can_be_written(new), str(changed)
        return
    assert same_data(read(changed), with_value(document.data, path, new))
    if isinstance(container, dict | list) and path[:-1] not in document.aliases:
        assert is_within(document.text, changed)


@thorough
@given(formatted(), st.data())
def test_removing_a_value_puts_nothing_in(document: Formatted, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(document.values, key=repr)))
    changed = attempt(lambda: remove_value(document.text, path))
    if isinstance(changed, EditError):
        assert not path or is_repeated(document, path), str(changed)
        return
    assert same_data(read(changed), without_value(document.data, path))
    others = value_at(document.data, path[:-1])
    if isinstance(others, dict | list) and len(others) > 1:
        assert is_within(changed, document.text)


@thorough
@given(formatted(), st.data(), st.sampled_from(["new", "new key", "1", "no", "a: b", "# x"]))
def test_renaming_a_key_changes_only_the_bytes_of_that_key(
    document: Formatted, data: st.DataObject, name: str
) -> None:
    paths = [path for path in document.values if path and isinstance(path[-1], str)]
    if not paths:
        return
    path = data.draw(st.sampled_from(sorted(paths, key=repr)))
    others = value_at(document.data, path[:-1])
    is_taken = isinstance(others, dict) and name in others
    changed = attempt(lambda: rename_key(document.text, path, name))
    if isinstance(changed, EditError):
        assert is_taken or is_repeated(document, path), str(changed)
        return
    assert same_data(read(changed), with_key(document.data, path, name))
    assert changed.endswith(document.text[document.values[path].end :])
