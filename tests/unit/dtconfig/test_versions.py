"""Semantic versions, and pins that choose among them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_dtconfig.versions import BadVersionError, Version, VersionPin, newest

KNOWN = ["0.2.9", "1.0.0", "1.2.0-rc.1", "1.2.0", "1.2.3", "1.3.0", "2.0.0-alpha", "2.0.0"]


@pytest.mark.parametrize(
    ("pin", "picked"),
    [
        ("1", "1.3.0"),
        ("1.2", "1.2.3"),
        ("1.2.0", "1.2.0"),
        ("1.2.0-rc.1", "1.2.0-rc.1"),
        ("^1.2", "1.3.0"),
        ("^1.2.3", "1.3.0"),
        ("^0.2", "0.2.9"),
        ("^0.0.3", None),
        ("^0", "0.2.9"),
        ("~1.2", "1.2.3"),
        ("~1.2.1", "1.2.3"),
        ("~1", "1.3.0"),
        (">=1.2,<2", "1.3.0"),
        (">=1.2, <1.3", "1.2.3"),
        (">1.2", "2.0.0"),
        (">1.2.0,<=1.2", "1.2.3"),
        ("<=1.2.0", "1.2.0"),
        ("<1", "0.2.9"),
        ("=1.2", "1.2.3"),
        ("==1.0.0", "1.0.0"),
        (">=2.0.0-alpha,<2.0.0", "2.0.0-alpha"),
        (">2.0.0-alpha", "2.0.0"),
        ("3", None),
        ("sha256:" + "0" * 64, None),
    ],
)
def test_a_pin_picks_the_newest_version_that_fits(pin: str, picked: str | None) -> None:
    assert VersionPin.parse(pin).pick(KNOWN) == picked


def test_a_pre_release_comes_only_when_it_is_asked_for() -> None:
    assert VersionPin.parse("2").pick(["2.0.0-alpha"]) is None
    assert VersionPin.parse(">=2.0.0-alpha").pick(["2.0.0-alpha", "2.1.0-beta"]) == "2.0.0-alpha"


def test_what_is_no_version_never_fits() -> None:
    assert VersionPin.parse("1").pick(["1", "1.0", "v1.0.0", "latest", "01.0.0"]) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no version"),
        ("latest", "is no version"),
        ("v1.2", "leave out the 'v'"),
        ("1.2.x", "is no version"),
        ("01.2", "is no version"),
        ("1..2", "is no version"),
        ("1.2.3.4", "is no version"),
        (">=1.2,", "is no version"),
        ("!=1.2", "is no version"),
        (">=2,<1", "no version fits"),
        ("^1,2", "no version fits"),
        ("<0", "no version fits"),
        ("sha256:abc", "a digest is 64"),
        ("1." * 200, "has 400 characters"),
        ("9" * 190, "is no version"),
    ],
)
def test_what_is_no_pin_is_refused_with_a_remedy(text: str, words: str) -> None:
    with pytest.raises(BadVersionError, match=words) as caught:
        VersionPin.parse(text)
    assert caught.value.remedy


def test_the_order_is_that_of_the_specification() -> None:
    ordered = [
        "1.0.0-0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
        "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0",
    ]  # fmt: skip
    assert sorted(random.sample(ordered, len(ordered)), key=Version.parse) == ordered


def test_build_metadata_does_not_count() -> None:
    first, second = Version.parse("1.0.0+a"), Version.parse("1.0.0+b")
    assert first == second
    assert hash(first) == hash(second)
    assert str(first) == "1.0.0+a"


def test_the_newest_is_a_release_if_there_is_one() -> None:
    assert newest(["1.0.0", "2.0.0-rc.1", "nonsense"]) == "1.0.0"
    assert newest(["1.0.0-rc.1", "1.0.0-rc.2"]) == "1.0.0-rc.2"
    assert newest(["nonsense"]) is None


NUMBERS = st.integers(0, 5)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_every_form_that_is_built_on_a_version_fits_it(major: int, minor: int, patch: int) -> None:
    whole = f"{major}.{minor}.{patch}"
    for pin in (whole, f"^{whole}", f"~{whole}", f">={whole}", f"<={whole}", str(major)):
        assert VersionPin.parse(pin).matches(whole), pin
    assert not VersionPin.parse(f">{whole}").matches(whole)
