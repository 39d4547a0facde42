"""Contents that are refused: each with a place and a remedy, in little time and memory."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.documents import Document, DocumentError, parse_document

from tests.fuzz.hostile import inputs

if TYPE_CHECKING:
    from twinhub_dtconfig.loading import TwinError

pytestmark = pytest.mark.d4(27)

REFUSED = inputs.everything()
MOST_SECONDS = 2.0  # of a processor that others keep busy; about 0.5 at the most on a quiet one
MOST_BYTES = 256 * 2**20

# Reads each content within a limit on memory; libyaml's own is counted too.
_LIMITED = f"""
import resource
from tests.fuzz.hostile import inputs
from twinhub_dtconfig.documents import DocumentError, parse_document

table = inputs.everything()
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + {MOST_BYTES}
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
refused = 0
for content, _ in table.values():
    try:
        parse_document(content, "f.yaml")
    except DocumentError:
        refused += 1
print(refused)
"""


def refuse(content: bytes) -> DocumentError:
    started = time.process_time()
    with pytest.raises(DocumentError) as caught:
        parse_document(content, "f.yaml")
    assert time.process_time() - started < MOST_SECONDS
    return caught.value


def check_faults(error: DocumentError | TwinError, content: bytes) -> None:
    """Check that each fault has a place in the content, a remedy, and one line of decent length."""
    lines = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for fault in error.faults:
        assert fault.what
        assert fault.remedy or fault.nearest or " must be " in fault.what
        assert 1 <= fault.line <= len(lines)
        assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1
    for line in str(error).split("\n"):
        assert line.startswith("f.yaml:")
        assert len(line) < 1000
        assert line.isprintable()


def test_there_are_more_than_two_hundred_contents() -> None:
    assert len(REFUSED) > 230


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_content_is_refused_with_place_and_remedy(name: str) -> None:
    content, message = REFUSED[name]
    error = refuse(content)
    assert str(error).startswith(f"f.yaml:{message}")
    check_faults(error, content)


def test_every_beginning_of_a_file_is_read_or_refused_with_a_place() -> None:
    refused = 0
    for content, _ in inputs.prefixes().values():
        try:
            assert isinstance(parse_document(content, "f.yaml"), Document)
        except DocumentError as error:
            check_faults(error, content)
            refused += 1
    assert refused > 300


@pytest.mark.parametrize("cut", range(0, len(inputs.VALID.encode()), 10))
def test_a_file_without_ten_of_its_bytes_is_read_or_refused_with_a_place(cut: int) -> None:
    whole = inputs.VALID.encode()
    content = whole[:cut] + whole[cut + 10 :]
    try:
        assert isinstance(parse_document(content, "f.yaml"), Document)
    except DocumentError as error:
        check_faults(error, content)


def test_no_content_takes_more_memory_than_a_bounded_amount() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stderr == ""
    assert int(done.stdout) == len(REFUSED)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("YES", "YES"),
        ("off", "off"),
        ("y", "y"),
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        ("1_000", "1_000"),
        ("0x1F", 31),
        ("0X1F", "0X1F"),
        ("0o17", 15),
        ("0b11", "0b11"),
        ("+1", 1),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5e-3", -0.0005),
        ("0", 0),
        ("-0", 0),
        ("0.10", 0.1),
        ("1.2.3", "1.2.3"),
        ("12:30:45", "12:30:45"),
        ("2026-11-26", "2026-11-26"),
        ("2026-11-26T12:00:00Z", "2026-11-26T12:00:00Z"),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("inf", "inf"),
        ("NaN", "NaN"),
        ("~", None),
        ("nil", "nil"),
        ("None", "None"),
        ("tRUE", "tRUE"),
        ("=", "="),
        ("<<", "<<"),
        ("٣", "٣"),
        ("😀👩‍🚀🇩🇰", "😀👩‍🚀🇩🇰"),
        ("e\u0301", "e\u0301"),
        ("\u202eabc", "\u202eabc"),
        ("a\u200bb", "a\u200bb"),
        ("'\\n'", "\\n"),
        ('"\\u2028\\0"', "\u2028\0"),
        ("a # b", "a"),
        ("a#b", "a#b"),
        ("http://x:1/#y", "http://x:1/#y"),
        ("C:\\data", "C:\\data"),
        ("9" * 64, int("9" * 64)),
    ],
)
def test_a_misleading_value_is_what_it_looks_like(text: str, value: object) -> None:
    data = parse_document(f"a: {text}".encode(), "f.yaml").data
    assert repr(data) == repr({"a": value})  # 1 is neither 1.0 nor true here


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_change_nothing(newline: str, mark: str) -> None:
    text = mark + inputs.VALID.replace("\n", newline)
    document = parse_document(text.encode(), "f.yaml")
    plain = parse_document(inputs.VALID.encode(), "f.yaml")
    assert document.data == plain.data
    for path in [("name",), ("phases", "execute", "processes", "simulator", "script"), ("again",)]:
        assert document.position_of(path) == plain.position_of(path)
        assert document.line_of(3) == plain.line_of(3) == "name: heated-tank"
