"""What a failed build of an environment tells to do."""

from __future__ import annotations

import pytest
from twinhub_runner.environments.remedies import find_remedy


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("environment: there is no Debian package treee; near are: tree treeline",
         "Debian has no package 'treee', did you mean 'tree'? correct environment.system"),
        ("environment: there is no Debian package zzz; near are: ",
         "Debian has no package 'zzz': correct environment.system"),
        ("E: Version '9' for 'tree' was not found", "in another version than 9"),
        ("ERROR: No matching distribution found for absent==1", "package for absent==1"),
        ("W: Temporary failure resolving 'packages.example.org'", "do not reach the package index"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "do not use it"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
    ],
)  # fmt: skip
def test_signs_in_the_output_lead_to_what_to_do(output: str, remedy: str) -> None:
    assert remedy in find_remedy(f"begun\n{output}\nended")


def test_what_is_not_known_has_no_remedy() -> None:
    assert not find_remedy("something else")
