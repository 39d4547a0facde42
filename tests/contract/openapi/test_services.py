"""The committed descriptions of the services are the code's, and say how every route refuses."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import twinhub_library.generate
import twinhub_runner.generate
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from twinhub_api.problems import MEDIA_TYPE

_CHECKOUT = Path(__file__).parents[3]
_FILES = {
    "library": (twinhub_library.generate.OPENAPI, twinhub_library.generate.GRAPHQL),
    "runner": (twinhub_runner.generate.OPENAPI,),
}
"""The first is the description of a service's REST."""
_WHOLE = {
    "GET /api/versions/{kind}/{name}", "GET /api/repositories/{repository_id}/kept",
    "GET /api/uploads", "GET /api/runs/{run_id}/commands", "GET /api/runs/{run_id}/metrics",
    "GET /api/secrets",
}  # fmt: skip
"""Lists that have a limit, or are below one thing."""


@cache
def _generated() -> dict[str, str]:
    runner = {twinhub_runner.generate.OPENAPI: twinhub_runner.generate.generated_text()}
    return {**twinhub_library.generate.generated_files(), **runner}


@cache
def _description(service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_generated()[_FILES[service][0]])
    return found


@cache
def _operations(service: str) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in _description(service)["paths"].items()
        for method, operation in methods.items()
    }


each_service = pytest.mark.parametrize("service", _FILES)
each_route = pytest.mark.parametrize(
    ("service", "name"), [(one, name) for one in _FILES for name in _operations(one)]
)


@pytest.mark.parametrize(
    ("service", "name"), [(one, name) for one, names in _FILES.items() for name in names]
)
def test_committed_files_equal_what_the_code_generates(service: str, name: str) -> None:
    assert (_CHECKOUT / name).read_text("utf-8") == _generated()[name], (
        f"run: python -m twinhub_{service}.generate"
    )


@each_service
def test_it_is_of_version_3_1_and_its_shapes_are_json_schemas(service: str) -> None:
    description = _description(service)
    assert description["openapi"].startswith("3.1.")
    for shape in description["components"]["schemas"].values():
        Draft202012Validator.check_schema(shape)


@each_route
def test_every_route_says_how_it_refuses_and_what_it_is_for(service: str, name: str) -> None:
    operation = _operations(service)[name]
    assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
    assert "422" not in operation["responses"]
    assert operation.get("summary")
    assert operation["security"] or name == "GET /health"


@each_service
def test_a_refusal_is_a_problem(service: str) -> None:
    components = _description(service)["components"]
    assert list(components["responses"]["Problem"]["content"]) == [MEDIA_TYPE]
    assert {"status", "detail", "code", "title"} <= set(
        components["schemas"]["Problem"]["required"]
    )


@each_service
def test_every_list_is_in_pages(service: str) -> None:
    """A list that grows with what people make has a cursor."""
    for name, operation in _operations(service).items():
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json")
        shape = (answer or {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        is_list = name.startswith("GET") and shape.endswith(
            ("List", "Page", "Listing", "Artefacts")
        )
        if not is_list or name in _WHOLE:
            continue
        names = {one["name"] for one in operation.get("parameters", ())}
        assert {"limit", "after"} <= names, name


def test_every_route_of_the_runner_is_in_its_reference() -> None:
    page = (_CHECKOUT / "docs/reference/runner-api.md").read_text("utf-8")
    ends = {
        name.replace("{run_id}", "{id}").replace("{command_id}", "{command}").rpartition("/")[2]
        for name in _operations("runner")
        if name != "GET /health"
    }
    assert {end for end in ends if end not in page} == set()
