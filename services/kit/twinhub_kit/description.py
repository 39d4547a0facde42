"""The description of a service (OpenAPI 3.1): every route says how it refuses, and who may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_api.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_PUBLIC = frozenset({"/health"})
_FORM = ("HTTPValidationError", "ValidationError")
"""FastAPI's own shapes of refusals, which no answer of ours has."""
_TOKEN = "hubToken"  # noqa: S105  # the name of a scheme


def complete_description(schema: dict[str, Any]) -> dict[str, Any]:
    """Return FastAPI's description with refusals as they are, and the token that routes ask for."""
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _FORM:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    components["responses"] = {
        "Problem": {
            "description": "A refusal, with what is wrong and what to do.",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    components["securitySchemes"] = {
        _TOKEN: {
            "type": "apiKey", "in": "header", "name": "Authorization",
            "description": "A token of JupyterHub: `token <token>`.",
        }
    }  # fmt: skip
    for path, operation in _operations(schema):
        operation["responses"].pop("422", None)
        operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
        operation["security"] = [] if path in _PUBLIC else [{_TOKEN: []}]
    return schema


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema.get("paths", {}).items():
        for operation in methods.values():
            if isinstance(operation, dict) and "responses" in operation:
                yield path, operation
