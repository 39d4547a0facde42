"""The committed descriptions of the library are the code's, and say how every route refuses."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from twinhub_api.problems import MEDIA_TYPE
from twinhub_library.generate import GRAPHQL, OPENAPI, generated_files

_CHECKOUT = Path(__file__).parents[3]
_GENERATED = generated_files()


@cache
def _description() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_GENERATED[OPENAPI])
    return found


@cache
def _operations() -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in _description()["paths"].items()
        for method, operation in methods.items()
    }


@pytest.mark.parametrize("name", [OPENAPI, GRAPHQL])
def test_committed_files_equal_what_the_code_generates(name: str) -> None:
    assert (_CHECKOUT / name).read_text("utf-8") == _GENERATED[name], (
        "run: python -m twinhub_library.generate"
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


def test_a_refusal_is_a_problem() -> None:
    refusal = _description()["components"]["responses"]["Problem"]
    assert list(refusal["content"]) == [MEDIA_TYPE]
    problem = _description()["components"]["schemas"]["Problem"]
    assert {"status", "detail", "code", "title"} <= set(problem["required"])


def test_every_list_is_in_pages() -> None:
    """A list that grows with what people make has a cursor, or is below one thing."""
    whole = {
        "GET /api/versions/{kind}/{name}", "GET /api/repositories/{repository_id}/kept",
        "GET /api/uploads",
    }  # fmt: skip
    for name, operation in _operations().items():
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json")
        shape = (answer or {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        is_list = name.startswith("GET") and shape.endswith(("List", "Page", "Listing"))
        if not is_list or name in whole:
            continue
        names = {one["name"] for one in operation.get("parameters", ())}
        assert {"limit", "after"} <= names, name
