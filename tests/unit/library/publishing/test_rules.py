from __future__ import annotations

import pytest
from twinhub_library.publishing.errors import NotPublishableError, VersionTakenError
from twinhub_library.publishing.rules import check_version, choose_version


@pytest.mark.parametrize(
    ("version", "taken"),
    [
        ("1.0.0", []), ("1.0.1", ["1.0.0"]), ("1.1.0", ["1.0.5"]), ("2.0.0", ["1.9.0"]),
        ("1.0.6", ["1.0.5", "1.1.0", "2.0.0"]), ("1.2.0", ["1.1.0", "2.0.0"]),
        ("1.0.0", ["1.0.0-rc.1"]), ("1.0.0-rc.2", ["1.0.0-rc.1"]), ("1.0.0", ["2.0.0"]),
    ],
)  # fmt: skip
def test_version_that_is_the_highest_of_its_line_is_free(version: str, taken: list[str]) -> None:
    check_version(version, taken)


@pytest.mark.parametrize(
    ("version", "taken", "remedy"),
    [
        ("1.0.0", ["1.0.0"], "1.0.1 is free"), ("1.0.0", ["1.0.1"], "1.0.2 is free"),
        ("1.1.0", ["1.0.0", "1.2.0"], "1.2.1 is free"),
        ("1.0.0-rc.1", ["1.0.0"], "1.0.1 is free"),
        ("1.0.0-rc.1", ["1.0.0-rc.1"], "1.0.0 is free"),
    ],
)  # fmt: skip
def test_version_that_is_taken_or_lower_is_refused_with_one_that_is_free(
    version: str, taken: list[str], remedy: str
) -> None:
    with pytest.raises(VersionTakenError, match=remedy):
        check_version(version, taken)


def test_version_is_asked_for_or_written_in_the_asset_and_both_agree() -> None:
    assert choose_version("1.0.0", "", "") == "1.0.0"
    assert choose_version("", "1.0.0", "asset.yaml") == "1.0.0"
    assert choose_version("1.0.0", "1.0.0", "asset.yaml") == "1.0.0"
    for asked, written in (("", ""), ("1.0.0", "1.1.0"), ("1.0", ""), ("1.0.0+b", "")):
        with pytest.raises(NotPublishableError):
            choose_version(asked, written, "asset.yaml")
