"""Files that are YAML and no twin: each value of the language may be anything, and is explained."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.changes import value_at, with_value, without_value
from twinhub_dtconfig.documents import dump_document, parse_document
from twinhub_dtconfig.loading import LoadedTwin, TwinError, load_twin, parse_twin

from tests.fuzz.hostile import inputs
from tests.fuzz.hostile.test_contents import check_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.documents import Data, Key

pytestmark = pytest.mark.d4(27)

FULL_FILE = Path(__file__).with_name("full.yaml")
FULL = parse_document(FULL_FILE.read_bytes(), "full.yaml").data
REFUSED = inputs.everything()
MOST_SECONDS = 2.0

WRONG: list[Data] = [
    None,
    True,
    False,
    0,
    -1,
    2**63,
    10**60,
    1.5,
    1e308,
    float("inf"),
    float("nan"),
    "",
    " ",
    "x",
    "x" * 100_000,
    "no",
    "012",
    "-rf",
    "--",
    "/etc/passwd",
    "../../etc/passwd",
    "a/../../b",
    "~root",
    "a\0b",
    "a\nb",
    "\u202etxt.exe",
    "\U0001f600",
    "caf\u00e9",
    "$(reboot)",
    "`reboot`",
    "a; reboot",
    "${",
    "${x.y}",
    "${parameters.nothing}",
    "${secrets.broker_password}",
    "$${a.b}",
    "{{ x }}",
    "%s",
    "http://[::1",
    "file:///etc/passwd",
    "1e999",
    "9" * 5000,
    "-5s",
    "1e9d",
    "(a+)+$",
    "[",
    "*" * 200,
    "common/../../x@1",
    "@",
    "a@>=1,<0",
    "sha256:" + "0" * 64,
    [],
    [None],
    [[[[[]]]]],
    [1, "x"],
    ["x"] * 2000,
    {},
    {"": 1},
    {"x": None},
    {"x": {"x": {"x": {}}}},
    {"a\nb": 1},
    {"x" * 5000: 1},
    {str(number): {} for number in range(2000)},
]


def paths(data: Data, path: tuple[Key, ...] = ()) -> Iterator[tuple[Key, ...]]:
    yield path
    if isinstance(data, dict):
        for key, inner in data.items():
            yield from paths(inner, (*path, key))
    elif isinstance(data, list):
        for index, inner in enumerate(data):
            yield from paths(inner, (*path, index))


def load(data: Data) -> None:
    """Load a twin from the text of data, and check what is said about it."""
    content = dump_document(data).encode()
    started = time.process_time()
    try:
        assert isinstance(parse_twin(content, "f.yaml"), LoadedTwin)
    except TwinError as error:
        check_faults(error, content)
    assert time.process_time() - started < MOST_SECONDS


ALL_PATHS = sorted((path for path in paths(FULL) if path), key=repr)


def test_the_full_twin_loads() -> None:
    assert load_twin(FULL_FILE).twin.name == "heated-tank"


@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("key", sorted({str(path[0]) for path in ALL_PATHS}))
def test_any_value_may_stand_at_any_key_and_is_explained(key: str, first: int) -> None:
    for number, path in enumerate(path for path in ALL_PATHS if path[0] == key):
        value = WRONG[(first * 20 + number * 7) % len(WRONG)]
        load(with_value(FULL, path, value))


@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:20])
def test_a_whole_file_may_be_any_value(value: Data) -> None:
    load(value)
    load({"format": value, "name": value, "phases": value})


def test_any_key_may_be_absent() -> None:
    for path in ALL_PATHS:
        load(without_value(FULL, path))


def test_any_mapping_may_have_a_key_too_many() -> None:
    for path in [(), *ALL_PATHS]:
        if isinstance(value_at(FULL, path), dict):
            load(with_value(FULL, (*path, "colour"), "red"))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_document_is_no_twin(name: str) -> None:
    content, message = REFUSED[name]
    started = time.process_time()
    with pytest.raises(TwinError) as caught:
        parse_twin(content, "f.yaml")
    assert time.process_time() - started < MOST_SECONDS
    assert f"f.yaml:{message}" in str(caught.value)
    check_faults(caught.value, content)


def test_every_beginning_of_a_twin_is_read_or_refused_with_a_place() -> None:
    content = FULL_FILE.read_bytes()
    for size in range(0, len(content), 17):
        try:
            parse_twin(content[:size], "f.yaml")
        except TwinError as error:
            check_faults(error, content[:size])
