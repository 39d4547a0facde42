"""What is said about keys and values that the language does not have, all at once, with places."""

from __future__ import annotations

import pytest

from tests.unit.dtconfig.language.loading.cases import Case, read_cases, said_about

CASES = read_cases("faults.txt")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_what_is_said(case: Case) -> None:
    assert said_about(case.text) == case.said


def test_there_are_cases() -> None:
    assert len(CASES) > 50
    assert all(case.said for case in CASES)
