"""Rules between the keys of one section, as JSON Schema says them."""

from __future__ import annotations

from typing import Any

from twinhub_dtconfig.models.connections import SERVICE_KINDS
from twinhub_dtconfig.models.phases import MEANINGS
from twinhub_dtconfig.shorthand import RENAMED

Schema = dict[str, Any]

_JSON_TYPES = {"number": "number", "integer": "integer", "boolean": "boolean", "text": "string"}
_NUMERIC = ("number", "integer")


def rules_of(name: str) -> list[Schema]:
    """Return what a section of a model's name must fulfil besides its keys."""
    match name:
        case "Parameter":
            return [_kind_rule(kind, has_default=True) for kind in _JSON_TYPES]
        case "Quantity":
            return [_kind_rule(kind, has_default=False) for kind in _JSON_TYPES]
        case "Physical":
            return [_RECORDING]
        case _:
            return []


def name_phases(phases: Schema) -> Schema:
    """Return the schema of ``phases`` with the standard ones named, so that editors offer them."""
    phase = phases["additionalProperties"]
    old = {
        name: {**phase, "description": f"Another spelling of `{new}`.", "deprecated": True}
        for name, new in RENAMED.items()
    }
    both = [{"not": {"required": [name, new]}} for name, new in RENAMED.items()]
    known = {name: {**phase, "description": meaning} for name, meaning in MEANINGS.items()}
    return {**phases, "properties": {**known, **old}, "allOf": both}


def name_services(services: Schema) -> Schema:
    """Return the schema of ``services``: those whose name says what they are, and others."""
    service = services["additionalProperties"]
    return {
        **services,
        "properties": dict.fromkeys(SERVICE_KINDS, service),
        "additionalProperties": {**service, "required": ["kind"]},
    }


def _kind_rule(kind: str, *, has_default: bool) -> Schema:
    """Return what follows for the other keys of a value from its type."""
    value = {"type": _JSON_TYPES[kind]}
    then: Schema = {"choices": {"items": value}}
    if has_default:
        then["default"] = value
    if kind not in _NUMERIC:
        then |= dict.fromkeys(("unit", "minimum", "maximum"), False)
    return {"if": _is_of_kind(kind, has_default=has_default), "then": {"properties": then}}


def _is_of_kind(kind: str, *, has_default: bool) -> Schema:
    said: Schema = {"properties": {"type": {"const": kind}}, "required": ["type"]}
    unsaid: Schema = {"not": {"required": ["type"]}}
    if kind == "integer" or (kind != "number" and not has_default):
        return said
    if has_default:
        unsaid["properties"] = {"default": {"type": _JSON_TYPES[kind]}}
    if kind != "number":
        unsaid["required"] = ["default"]
    return {"anyOf": [said, unsaid]}


_RECORDING: Schema = {
    "if": {"properties": {"source": {"const": "replay"}}, "required": ["source"]},
    "then": {"required": ["data"]},
    "else": {"properties": {"data": False}},
}
