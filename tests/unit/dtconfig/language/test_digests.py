from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.digests import build_digest, environment_digest
from twinhub_dtconfig.loading import parse_twin

if TYPE_CHECKING:
    from twinhub_dtconfig.models.twin import Twin


def _twin(more: str) -> Twin:
    return parse_twin(f"format: 1\nname: t\nphases: {{execute: ./run}}\n{more}".encode()).twin


def _environment(more: str, image: str = "sha256:1", requirements: bytes | None = None) -> str:
    twin = _twin(f"environment: {{{more}}}\n" if more else "")
    return environment_digest(twin.environment, image=image, requirements=requirements)


def test_order_of_packages_does_not_count() -> None:
    assert _environment("packages: [numpy, scipy]") == _environment("packages: [scipy, numpy]")


def test_whatever_changes_the_software_changes_its_address() -> None:
    every = [
        _environment(""),
        _environment("", image="sha256:2"),
        _environment("packages: [numpy]"),
        _environment("packages: [numpy>=2]"),
        _environment("system: [gcc]"),
        _environment("java: 17"),
        _environment('python: "3.12"'),
        _environment("toolchains: [c]"),
        _environment("requirements: a.txt", requirements=b"numpy==2"),
        _environment("requirements: a.txt", requirements=b"numpy==1"),
    ]
    assert len(set(every)) == len(every)


def test_name_of_the_requirements_file_does_not_count() -> None:
    one = _environment("requirements: a.txt", requirements=b"numpy")
    assert one == _environment("requirements: b.txt", requirements=b"numpy")


def test_step_is_made_anew_when_an_input_the_command_or_the_environment_changed() -> None:
    steps = [
        _twin(f"build: {{fmu: {{command: make {flag}, inputs: [a.c], outputs: [a.fmu]}}}}\n").build[
            "fmu"
        ]
        for flag in ("-s", "-B")
    ]
    every = [
        build_digest(steps[0], environment="e1", inputs={"a.c": "1"}),
        build_digest(steps[1], environment="e1", inputs={"a.c": "1"}),
        build_digest(steps[0], environment="e2", inputs={"a.c": "1"}),
        build_digest(steps[0], environment="e1", inputs={"a.c": "2"}),
        build_digest(steps[0], environment="e1", inputs={"a.c": "1", "b.c": "1"}),
    ]
    assert len(set(every)) == len(every)
    assert every[0] == build_digest(steps[0], environment="e1", inputs={"a.c": "1"})
