"""What a document holds, where it holds it, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from twinhub_dtconfig import documents
from twinhub_dtconfig.documents import (
    Document,
    DocumentError,
    Position,
    dump_document,
    load_document,
    parse_document,
)

if TYPE_CHECKING:
    from pathlib import Path


def parse(text: str) -> Document:
    return parse_document(text.encode(), "f.yaml")


def refuse(text: str | bytes) -> list[str]:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(DocumentError) as caught:
        parse_document(content, "f.yaml")
    assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]
    return [str(fault) for fault in caught.value.faults]


def test_plain_data_comes_without_any_class_of_the_parser() -> None:
    document = parse("site:\n  port: 8000\n  names: [a, 1.5, true, null]\n")
    assert document.data == {"site": {"port": 8000, "names": ["a", 1.5, True, None]}}
    assert type(document.data) is dict


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "---\n...\n"])
def test_an_empty_document_is_null(text: str) -> None:
    document = parse(text)
    assert document.data is None
    assert document.position_of(("site", "port")).line >= 1


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "Y", "NO", "2026-11-23", "12:30", "0b1"]
)
def test_words_of_yaml_1_1_are_text(word: str) -> None:
    assert parse(f"a: {word}").data == {"a": word}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None),
        ("NULL", None),
        ("True", True),
        ("FALSE", False),
        ("+12", 12),
        ("0o17", 15),
        ("0xff", 255),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("'8000'", "8000"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("!!str 8000", "8000"),
        ("!!int '8000'", 8000),
        ("!!float 3", 3.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!seq [1]", [1]),
        ("!!map {b: 1}", {"b": 1}),
        ("! [1]", [1]),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    assert parse(f"a: {text}").data == {"a": value}


def test_nan_is_a_number() -> None:
    data = parse("a: .NaN").data
    assert isinstance(data, dict)
    assert data["a"] != data["a"]  # as NaN does


def test_keys_are_text_even_when_they_look_like_numbers() -> None:
    assert parse("1883: a\ntrue: b\n~: c\n? d\n").data == {
        "1883": "a",
        "true": "b",
        "~": "c",
        "d": None,
    }


def test_aliases_repeat_a_value_without_sharing_it() -> None:
    data = parse("a: &x {b: [1]}\nc: *x\nd: [*x]\n").data
    assert data == {"a": {"b": [1]}, "c": {"b": [1]}, "d": [{"b": [1]}]}
    assert isinstance(data, dict)
    assert data["a"] is not data["c"]


def test_an_alias_may_repeat_a_key() -> None:
    assert parse("&a b: *a").data == {"b": "b"}


DOCUMENT = """\
site:
  port: 8000
auth:
  accounts:
    - name: alice
    - {name: bob, role: user}
again: &x
  deep: [1, 2]
same: *x
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), (1, 1), (1, 1)),
        (("site",), (2, 3), (1, 1)),
        (("site", "port"), (2, 9), (2, 3)),
        (("auth", "accounts"), (5, 5), (4, 3)),
        (("auth", "accounts", 0), (5, 7), (5, 7)),
        (("auth", "accounts", 1, "role"), (6, 25), (6, 19)),
        (("same",), (9, 7), (9, 1)),
        (("same", "deep", 1), (8, 13), (8, 13)),
    ],
)
def test_every_value_and_key_has_a_position(
    path: tuple[str | int, ...], value: tuple[int, int], key: tuple[int, int]
) -> None:
    document = parse(DOCUMENT)
    assert document.position_of(path) == Position(*value)
    assert document.key_position_of(path) == Position(*key)


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        (("site", "prt"), ("site",)),
        (("site", "port", "x", 0), ("site", "port")),
        (("site", 0), ("site",)),
        (("auth", "accounts", 2, "name"), ("auth", "accounts")),
        (("auth", "accounts", -1), ("auth", "accounts")),
        (("auth", "accounts", "0"), ("auth", "accounts")),
        (("nothing",), ()),
    ],
)
def test_what_is_absent_is_where_its_nearest_parent_is(
    path: tuple[str | int, ...], nearest: tuple[str | int, ...]
) -> None:
    document = parse(DOCUMENT)
    assert document.position_of(path) == document.position_of(nearest)
    assert document.key_position_of(path) == document.key_position_of(nearest)


def test_columns_count_characters_and_a_byte_order_mark_is_none() -> None:
    document = parse('\ufeffé: {"日本": 😀}\r\nb: 1\r\n')
    assert document.position_of(("é", "日本")) == Position(1, 11)
    assert document.key_position_of(("b",)) == Position(2, 1)


def test_a_document_gives_the_line_of_a_position() -> None:
    document = parse("\ufeffa: 1\r\nb: [x,\r  y]\n")
    assert [document.line_of(n) for n in range(6)] == ["", "a: 1", "b: [x,", "  y]", "", ""]


@pytest.mark.parametrize("text", ["a: 1\nb: [\n", "a: 1\nb: [&x 1, &x 2]\n", "a: 1\nb: [\0\n"])
def test_a_refused_document_gives_the_line_of_a_position_too(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(text)
    assert caught.value.line_of(2).startswith("b: [")


@pytest.mark.d4(27)
def test_all_duplicate_keys_are_named_with_both_places() -> None:
    assert refuse("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n") == [
        "f.yaml:2:11: the key 'c' is written twice, first at 2:5; keep one",
        "f.yaml:3:1: the key 'a' is written twice, first at 1:1; keep one",
        "f.yaml:4:1: the key 'a' is written twice, first at 1:1; keep one",
    ]


def test_long_keys_are_shortened_in_faults() -> None:
    (fault,) = refuse(f"? {'k' * 5000}\n: 1\n? {'k' * 5000}\n: 2\n")
    assert len(fault) < 150


def test_faults_that_do_not_stop_the_reading_come_with_the_document() -> None:
    with pytest.raises(DocumentError) as caught:
        parse("a: 1\na: 2\nb: 007\nc: !secret x\n")
    assert caught.value.document is not None
    assert caught.value.document.data == {"a": 1, "b": "007", "c": "x"}
    assert [fault.line for fault in caught.value.faults] == [2, 3, 4]


def test_faults_before_broken_yaml_are_kept() -> None:
    with pytest.raises(DocumentError) as caught:
        parse("a: 1\na: 2\nb: [1\n")
    assert caught.value.document is None
    assert [(fault.line, fault.column) for fault in caught.value.faults] == [(2, 1), (3, 4)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 0755", "1:4: 0755 begins with 0, so it may be read as octal or as decimal; write 755"),
        ("a: -08", "1:4: -08 begins with 0"),
        ("a: 00", "1:4: 00 begins with 0, so it may be read as octal or as decimal; write 0 for"),
        (f"a: {'9' * 65}", "1:4: a number has 65 characters; put it in quotes if it is text"),
        ("a: 1e999", "1:4: 1e999 is too large for a number"),
        ("a: !!int x", "1:4: 'x' is no !!int; remove the tag"),
        ("a: !!int true", "1:4: 'true' is no !!int"),
        ("a: !!float true", "1:4: 'true' is no !!float"),
        ("a: !!binary aGk=", "1:4: the tag !!binary is not supported; remove it"),
        ("a: !!python/name:os.system x", "1:4: the tag !!python/name:os.system is not supported"),
        ("a: !include b.yaml", "1:4: the tag !include is not supported; remove it"),
        ("a: !!set {b}", "1:4: the tag !!set is not supported here; remove it"),
        ("a: !!omap [b: 1]", "1:4: the tag !!omap is not supported here; remove it"),
        ("!!int 1: a", "1:1: the tag !!int is not supported here; remove it"),
        ("a: 1\n<<: {b: 2}", "2:1: merge keys ('<<') are not supported; write the keys out"),
        ("a: &x 1\nb: &x 2", "2:4: the anchor &x is set twice; rename one"),
        ("a: *x", "1:4: the alias *x repeats nothing: no anchor above has its name"),
        ("a: &x [*x]", "1:8: the alias *x stands inside what it repeats; remove it"),
        ("[a]: 1", "1:1: a key must be text, not a list, a mapping or an alias"),
        ("a: &x b\n*x : 1", "2:1: a key must be text, not a list, a mapping or an alias"),
        ("a: 1\n---\nb: 2", "2:1: a second document begins here; keep one"),
    ],
)
def test_what_yaml_allows_and_configuration_does_not_is_refused(text: str, message: str) -> None:
    (fault,) = refuse(text)
    assert fault.startswith(f"f.yaml:{message}")


def test_a_quoted_merge_key_is_an_ordinary_key() -> None:
    assert parse("'<<': 1").data == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1\n", "2:1: a tab cannot indent YAML; use spaces"),
        ("a:\n  b: 1\n\tc: 1\n", "3:1: a tab cannot indent YAML; use spaces"),
        ("a: @b\n", "1:4: text cannot begin with '@'; put it in quotes"),
        ("a: `b`\n", "1:4: text cannot begin with a backtick; put it in quotes"),
        ("a: %b\n", "1:4: text cannot begin with '%'; put it in quotes"),
        ("a: b: c\n", "1:5: a ':' cannot stand here"),
        ("a\nb: 1\n", "2:2: a ':' cannot stand here"),
        ("x: 1\na: 'b\n", "2:4: quoted text begins here and does not end (noticed at 3:1)"),
        ("a: [1,\nb: 2\n", "1:4: a list begins here with '[' and does not end (noticed at 3:1)"),
        ("a: {b: 1\n", "1:4: keys begin here with '{' and do not end (noticed at 2:1)"),
        ("a: *.example.org\n", "1:4: a '*' or '&' begins no name here"),
        ('a: "\\d"\n', "1:5: a backslash begins no known escape here"),
        ("a: 1\nb\n", "2:1: a key has no ':' after it (noticed at 3:1)"),
        ("a: !b!c d\n", "1:4: a tag begins here that is not supported"),
        ("%FOO\n---\na: 1\n", "1:5: a directive begins here that is not supported"),
        ("a:\n  b: 1\n c: 2\n", "3:2: this is neither a key of the section above nor a new one"),
        ("a:\n  - b\n  c: 1\n", "3:3: this is no item of the list above"),
        ("a: 'it's'\n", "1:8: text goes on after its closing quote; put all of it in one pair of"),
        ("a: [1]]\n", "1:7: this ']' closes nothing; remove it, or put the text in quotes"),
        ("a: [1,,2]\n", "1:7: a value is missing before this ','"),
        ("a: - b\n", "1:4: a list cannot begin here; begin it on a line of its own"),
        ("a: | b\n", "1:6: text stands behind '|' or '>'; begin the text on the next line"),
        ('a: "\\ud800"\n', "1:7: an escape with '\\x', '\\u' or '\\U' names no character"),
        ("a: &x &y 1\n", "1:7: a '&' cannot stand here"),
        ("a: %b]\n", "1:4: text cannot begin with '%'"),
        ("a: 1\n...\nb\n", "3:1: the file should have ended before this"),
        ("a: }\n", "1:4: a value is missing before this '}'; add it, or put the text in quotes"),
    ],
)
def test_broken_yaml_is_explained_in_plain_words(text: str, message: str) -> None:
    (fault,) = refuse(text)
    assert fault.startswith(f"f.yaml:{message}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \x00\n", "2:4: the invisible character U+0000 is not allowed; remove it"),
        (b"a: \x1b[2J\n", "1:4: the invisible character U+001B is not allowed"),
        ("a: b\u2028c\n".encode(), "1:5: the invisible character U+2028 is not allowed"),
        ("a: b\ufeffc\n".encode(), "1:5: the invisible character U+FEFF is not allowed"),
        (b"a: 1\r\nb: caf\xe9\n", "2:7: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"\xef\xbb\xbfa: \xc0\xaf\n", "1:4: the byte 0xc0 is not UTF-8"),
        ("a: 1".encode("utf-16"), "1:1: the file is in UTF-16 or UTF-32; save the file as UTF-8"),
        ("a: 1".encode("utf-32"), "1:1: the file is in UTF-16 or UTF-32; save the file as UTF-8"),
        (
            "a: 1".encode("utf-16-le"),
            "1:1: the file is in UTF-16 or UTF-32; save the file as UTF-8",
        ),
    ],
)
def test_bytes_that_are_no_plain_utf_8_text_are_refused(content: bytes, message: str) -> None:
    (fault,) = refuse(content)
    assert fault.startswith(f"f.yaml:{message}")


def test_a_file_is_read_under_the_name_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: [")
    with pytest.raises(DocumentError, match=r"a\.yaml:1:5: the file ends within a list or mapping"):
        load_document(path)
    path.write_text("a: []")
    assert load_document(path).data == {"a": []}


def test_a_missing_file_is_a_fault_of_its_first_line(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        load_document(tmp_path / "none.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/none.yaml:1:1: the file does not exist; give the path of a YAML file"
    )


@pytest.mark.parametrize("text", ["yes", "1e3", "0o17", "007", "<<", "a: b", "~", "", "x" * 500])
def test_text_is_written_so_that_it_stays_text(text: str) -> None:
    data: documents.Data = {"a": text, text: [text]}
    assert parse(dump_document(data)).data == data


def test_the_pure_parser_gives_the_same_where_libyaml_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = parse(DOCUMENT)
    monkeypatch.setattr(documents, "_LOADER", yaml.SafeLoader)
    document = parse(DOCUMENT)
    assert document.data == expected.data
    assert document.position_of(("same", "deep", 1)) == Position(8, 13)
    assert refuse("a:\n\tb: 1\n") == ["f.yaml:2:1: a tab cannot indent YAML; use spaces"]
