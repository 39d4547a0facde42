"""What is said between the keys of a twin, and that what is good is left alone."""

from __future__ import annotations

import pytest

from tests.unit.dtconfig.language.loading.cases import Case, read_cases, said_about

CASES = read_cases("rules.txt")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_what_is_said(case: Case) -> None:
    assert said_about(case.text) == case.said


def test_there_are_good_and_bad_twins() -> None:
    assert sum(not case.said for case in CASES) >= 5
    assert sum(bool(case.said) for case in CASES) >= 40
