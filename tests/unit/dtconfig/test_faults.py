"""How faults read, and which key a person meant."""

from __future__ import annotations

import pytest
from twinhub_dtconfig.faults import Fault, nearest_key

KEYS = ("title", "domain", "port", "wildcard", "start_timeout_seconds")


def test_a_fault_names_place_nearest_key_and_remedy_in_one_line() -> None:
    fault = Fault("a.yaml", 2, 3, "unknown key\n'prot'", "rename it", "port")
    assert str(fault) == "a.yaml:2:3: unknown key 'prot'; did you mean 'port'?; rename it"


def test_a_fault_can_be_printed_whatever_the_file_and_the_text() -> None:
    fault = Fault("a\udcff\x1b.yaml", 1, 1, "the key\n'\u202e\0é'\tis unknown")
    assert str(fault) == r"a\udcff\x1b.yaml:1:1: the key '\u202e\x00é'\tis unknown"


def test_a_fault_says_no_more_than_it_knows() -> None:
    assert str(Fault("a.yaml", 1, 1, "the file is empty")) == "a.yaml:1:1: the file is empty"


def test_a_warning_says_so_before_what_is_wrong() -> None:
    fault = Fault("a.yaml", 2, 3, "no unit", "add one", severity="warning")
    assert str(fault) == "a.yaml:2:3: warning: no unit; add one"


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("prot", "port"),
        ("PORT", "port"),
        ("wild-card", "wildcard"),
        ("startTimeoutSeconds", "start_timeout_seconds"),
        ("start_timeout", "start_timeout_seconds"),
        ("domian", "domain"),
        ("colour", None),
        ("", None),
        ("p" * 100_000, None),
    ],
)
def test_the_nearest_key_is_one_that_a_person_may_have_meant(word: str, meant: str | None) -> None:
    assert nearest_key(word, KEYS) == meant


def test_there_is_no_nearest_of_nothing() -> None:
    assert nearest_key("port", ()) is None
