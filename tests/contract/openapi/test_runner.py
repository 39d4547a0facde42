"""The committed description of the runner is the code's, and says how every route refuses."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from twinhub_runner.generate import OPENAPI, generated_text

_CHECKOUT = Path(__file__).parents[3]
_TEXT = generated_text()


@cache
def _description() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_TEXT)
    return found


@cache
def _operations() -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in _description()["paths"].items()
        for method, operation in methods.items()
    }


def test_committed_file_equals_what_the_code_generates() -> None:
    assert (_CHECKOUT / OPENAPI).read_text("utf-8") == _TEXT, (
        "run: python -m twinhub_runner.generate"
    )


def test_it_is_of_version_3_1_and_its_shapes_are_json_schemas() -> None:
    description = _description()
    assert description["openapi"].startswith("3.1.")
    for shape in description["components"]["schemas"].values():
        Draft202012Validator.check_schema(shape)


@pytest.mark.parametrize("name", _operations())
def test_every_route_says_how_it_refuses_and_what_it_is_for(name: str) -> None:
    operation = _operations()[name]
    assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
    assert "422" not in operation["responses"]
    assert operation.get("summary")
    assert operation["security"] or name == "GET /health"


def test_every_route_is_in_the_reference() -> None:
    page = (_CHECKOUT / "docs/reference/runner-api.md").read_text("utf-8")
    missing = {
        name
        for name in _operations()
        if name != "GET /health"
        and name.replace("{run_id}", "{id}").replace("{command_id}", "{command}").rpartition("/")[2]
        not in page
    }
    assert missing == set()
