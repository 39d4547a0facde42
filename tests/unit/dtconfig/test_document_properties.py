"""What holds for every document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from twinhub_dtconfig.documents import Document, DocumentError, dump_document, parse_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.documents import Data, Key

# Without what JSON writes bare and YAML refuses bare: DEL, C1, line separators, noncharacters.
BARE = st.characters(
    codec="utf-8",
    exclude_categories=("Cc", "Cs", "Zl", "Zp"),
    exclude_characters="\ufeff\ufffe\uffff",
)
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False)


def json_like(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | NUMBERS | text
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=12,
    )


def leaves(data: Data, path: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Data]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from leaves(value, (*path, index))
    else:
        yield path, data


def read(content: bytes) -> Document | DocumentError:
    try:
        return parse_document(content, "f.yaml")
    except DocumentError as error:
        return error


def is_located(error: DocumentError) -> bool:
    places = [(fault.line, fault.column) for fault in error.faults]
    lines = str(error).splitlines()
    return bool(places) and places == sorted(places) and len(lines) == len(places)


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_read_or_refused_with_a_place(content: bytes) -> None:
    result = read(content)
    assert isinstance(result, Document) or is_located(result)


@settings(deadline=None)
@given(st.text(alphabet="ab01.:-[]{}&*!|>'\"#%@`,?~<= \n\t\\", max_size=60))
def test_any_yaml_like_text_is_read_or_refused_with_a_place(text: str) -> None:
    result = read(text.encode())
    if isinstance(result, DocumentError):
        assert is_located(result)
        return
    lines = [*text.split("\n"), ""]  # a value left out at the end is on the line after it
    for path, _ in leaves(result.data):
        line, column = result.position_of(path)
        assert 1 <= column <= len(lines[line - 1]) + 1


@settings(deadline=None)
@given(json_like(st.text(BARE, max_size=20)))
def test_json_reads_as_json_and_every_value_is_where_it_is_said_to_be(data: Data) -> None:
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) if _finite(data) else "1"
    expected = data if _finite(data) else 1
    document = parse_document(text.encode(), "f.yaml")
    assert document.data == expected
    lines = text.split("\n")
    for path, leaf in leaves(expected):
        line, column = document.position_of(path)
        assert lines[line - 1][column - 1 :].startswith(json.dumps(leaf, ensure_ascii=False))


def _finite(data: Data) -> bool:
    return all(leaf not in (float("inf"), float("-inf")) for _, leaf in leaves(data))


@settings(deadline=None)
@given(json_like(st.text(max_size=20)))
def test_what_is_written_reads_as_it_was(data: Data) -> None:
    assert parse_document(dump_document(data).encode(), "f.yaml").data == data


@settings(deadline=None)
@given(json_like(st.text(max_size=20)))
def test_quoted_yaml_reads_as_pyyaml_reads_it(data: Data) -> None:
    text = yaml.safe_dump(data, default_style='"', allow_unicode=False)
    assert parse_document(text.encode(), "f.yaml").data == yaml.safe_load(text) == data
