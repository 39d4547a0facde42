"""Rules between the keys of one section, as JSON Schema says them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.models.connections import BELONGS as BELONGS_TO_SERVICES
from twinhub_dtconfig.models.connections import SERVICE_KINDS
from twinhub_dtconfig.models.phases import MEANINGS
from twinhub_dtconfig.rules.assets import BELONGS as BELONGS_TO_SOURCES
from twinhub_dtconfig.rules.connections import SOURCE_KEYS
from twinhub_dtconfig.shorthand import RENAMED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Schema = dict[str, Any]

_JSON_TYPES = {"number": "number", "integer": "integer", "boolean": "boolean", "text": "string"}
_NUMERIC = ("number", "integer")


def rules_of(section: str) -> list[Schema]:
    """Return what a section, by its model's name, must fulfil besides its keys."""
    match section:
        case "Parameter":
            return [_kind_rule(kind, has_default=True) for kind in _JSON_TYPES]
        case "Quantity":
            return [_kind_rule(kind, has_default=False) for kind in _JSON_TYPES]
        case "Service":
            return [_kept_rule(kind, _is("kind", kind)) for kind in SERVICE_KINDS]
        case _:
            return _RULES.get(section, [])


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
    known = {
        kind: {**service, **_kept_rule(kind, {"not": {"required": ["kind"]}})}
        for kind in SERVICE_KINDS
    }
    return {
        **services,
        "properties": known,
        "additionalProperties": {**service, "required": ["kind"]},
    }


def _is(key: str, value: str) -> Schema:
    return {"properties": {key: {"const": value}}, "required": [key]}


def _goes_with(belongs: Mapping[str, Sequence[str]]) -> Schema:
    """Return that keys are given only beside one of others."""
    return {
        "dependentSchemas": {
            key: {"anyOf": [{"required": [other]} for other in others]}
            for key, others in belongs.items()
        }
    }


def _kept_rule(kind: str, condition: Schema) -> Schema:
    """Return that TwinHub keeps for a service only what its kind has."""
    foreign = [key for key, belongs in BELONGS_TO_SERVICES.items() if belongs != kind]
    kept = {"properties": {key: {"maxItems": 0} for key in foreign}}
    return {"if": condition, "then": {"properties": {"managed": kept}}}


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
    said = _is("type", kind)
    unsaid: Schema = {"not": {"required": ["type"]}}
    if kind == "integer" or (kind != "number" and not has_default):
        return said
    if has_default:
        unsaid["properties"] = {"default": {"type": _JSON_TYPES[kind]}}
    if kind != "number":
        unsaid["required"] = ["default"]
    return {"anyOf": [said, unsaid]}


_RULES: Mapping[str, list[Schema]] = {
    "Use": [
        _goes_with(BELONGS_TO_SOURCES),
        {
            "if": {"properties": {"writable": {"const": True}}, "required": ["writable"]},
            "then": {
                "properties": {"asset": {"not": {"pattern": "^common/"}}, "copy": {"const": False}}
            },
        },
    ],
    "SignalSource": [_goes_with(SOURCE_KEYS), {"dependentRequired": {"csv": ["column"]}}],
    "Cosimulation": [{"dependentSchemas": {"configuration": _is("format", "maestro")}}],
    "Port": [{"dependentSchemas": {"offer": _is("access", "public")}}],
    "Phase": [
        {
            "dependentSchemas": {
                "processes": {"properties": {"stop": {"type": "object", "maxProperties": 0}}}
            }
        }
    ],
    "Physical": [
        {
            "if": _is("source", "replay"),
            "then": {"required": ["data"]},
            "else": {"properties": {"data": False}},
        }
    ],
}
