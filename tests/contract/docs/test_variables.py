"""Every variable that changes what tests and measurements do is described."""

from __future__ import annotations

import re

from tests.contract.docs.pages import CHECKOUT, code, tracked_files

_PAGE = CHECKOUT / "docs" / "explanation" / "conventions.md"
_VARIABLE = re.compile(r"\b(?:TWINHUB_TEST_[A-Z_]+|TWINHUB_SCREENSHOTS\w*|BENCH_[A-Z_]+)\b")


def test_variables_of_tests_are_described_and_there_are_no_others() -> None:
    tests = [path for path in tracked_files() if path.is_relative_to(CHECKOUT / "tests")]
    texts = [path.read_text("utf-8") for path in tests if path.suffix in {".py", ".sh"}]
    used = {name for text in texts for name in _VARIABLE.findall(text)}
    described = {name for span in code(_PAGE) for name in _VARIABLE.findall(span)}
    assert described == used
