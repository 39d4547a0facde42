from __future__ import annotations

import time

import pytest
from twinhub_dtconfig.loading import TwinError, parse_twin
from twinhub_dtconfig.patterns import matches

_TWIN = """\
format: 1
name: tank
secrets: {{token: Of the broker}}
services: {{plant: {{kind: mqtt, external: {{url: "mqtt://h", secret: token}}}}}}
files: [{{text: "{text}", to: config/broker.ini}}]
state: {{keep: ["{keep}"]}}
phases: {{execute: {{command: ./run, outputs: ["{outputs}"]}}}}
"""


def _load(text: str = "${secrets.token}", outputs: str = "out/**", keep: str = "state/**") -> None:
    parse_twin(_TWIN.format(text=text, outputs=outputs, keep=keep).encode())


def test_secret_file_may_be_made() -> None:
    _load()


@pytest.mark.parametrize("pattern", ["**", "config", "config/*.ini", "*/broker.ini", "./config/**"])
def test_secret_file_is_never_among_results_or_kept_state(pattern: str) -> None:
    for more in ({"outputs": pattern}, {"keep": pattern}):
        with pytest.raises(TwinError) as caught:
            _load(**more)
        assert "config/broker.ini, which holds a secret" in str(caught.value)


def test_password_of_a_service_is_a_secret() -> None:
    with pytest.raises(TwinError):
        _load(text="${services.plant.password}", outputs="**")


def test_file_without_a_secret_may_be_kept() -> None:
    _load(text="${services.plant.url}", outputs="**")


@pytest.mark.parametrize(
    ("path", "pattern", "is_match"),
    [
        ("a/b.csv", "a/*.csv", True),
        ("a/b/c.csv", "a/*.csv", False),
        ("a/b/c.csv", "a/**", True),
        ("a/b/c.csv", "a/**/*.csv", True),
        ("a/c.csv", "a/**/*.csv", True),
        ("a/b/c.csv", "a", True),
        ("ab/c.csv", "a", False),
        ("a.csv", "?.csv", True),
        ("axcsv", "a.csv", False),
        ("a/b", "./a//b", True),
    ],
)
def test_patterns(path: str, pattern: str, *, is_match: bool) -> None:
    assert matches(path, pattern) is is_match


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b", "**/*/" * 60 + "b", "?*" * 60 + "b", "**"])
def test_no_pattern_takes_long(pattern: str) -> None:
    began = time.process_time()
    assert matches("a" * 200 + "/a" * 100, pattern) is (pattern == "**")
    assert time.process_time() - began < 1


def test_very_many_files_and_patterns_are_refused_in_short_time() -> None:
    files = "".join(f"  - {{text: '${{secrets.s}}', to: f{at}}}\n" for at in range(1000))
    outputs = ", ".join(f"q{at}" for at in range(400))
    phases = "".join(f"  e{at}: {{command: ls, outputs: [{outputs}]}}\n" for at in range(50))
    text = f"format: 1\nname: x\nsecrets: {{s: d}}\nfiles:\n{files}phases:\n{phases}"
    began = time.process_time()
    with pytest.raises(TwinError, match="too many files and patterns"):
        parse_twin(text.encode())
    assert time.process_time() - began < 10
