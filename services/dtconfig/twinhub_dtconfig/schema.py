"""The JSON Schema (2020-12) of ``twin.yaml``, for completion and hover in editors.

It accepts what the loader accepts and refuses what the loader refuses, but for the rules that no
schema can express, which ``catalogue.RULES`` lists.
"""

from __future__ import annotations

import json
import re
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.explanations import inline
from twinhub_dtconfig.fields import (
    is_duration,
    is_mapping,
    keys_of,
    marks_of,
    section_of,
    sections_below,
)
from twinhub_dtconfig.models.text import Substituted
from twinhub_dtconfig.models.twin import RESERVED, Twin
from twinhub_dtconfig.schema_rules import Schema, name_phases, name_services, rules_of
from twinhub_dtconfig.values import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from twinhub_dtconfig.sections import Section

SCHEMA_FILE = "config/schemas/twin.schema.json"
"""Where the schema is in the checkout."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SPOKEN = {
    "TwinCommand": "command",
    "File": "made file",
    "Request": "HTTP request",
    "Use": "thing used",
    "Cosimulation": "co-simulation",
    "External": "external service",
    "Managed": "managed service",
    "Signal": "signal",
    "Physical": "physical side",
}
_ACRONYMS = {"url": "URL", "s3": "S3", "doi": "DOI", "cpu": "CPU", "gpu": "GPU", "csv": "CSV",
             "sha256": "SHA-256", "http": "HTTP", "openapi": "OpenAPI",
             "fmu_state": "FMU state"}  # fmt: skip
_ANY_VALUE = ["boolean", "integer", "number", "string"]


def make_schema() -> Schema:
    """Return the JSON Schema of ``twin.yaml``."""
    raw = Twin.model_json_schema()
    sections = {section.__name__: section for section in sections_below(Twin)}
    schema = describe_section(Twin, raw)
    properties = schema["properties"]
    properties["phases"] |= name_phases(properties["phases"])
    properties["services"] |= name_services(properties["services"])
    for key in RESERVED:
        properties[key]["title"] += " (not yet run)"
    return {
        "$schema": DIALECT,
        **schema,
        "title": "twin.yaml",
        "$defs": {
            _definition(name): _described(section, raw["$defs"][name])
            for name, section in sorted(sections.items())
        },
    }


def render_schema() -> str:
    """Return the schema as it is kept in a file."""
    return json.dumps(make_schema(), indent=2, ensure_ascii=False) + "\n"


def spoken_name(section: str) -> str:
    """Return what people call a section of a model's name, such as ``build step``."""
    return _SPOKEN.get(section) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", section).lower()


def definition_of(section: type[Section]) -> str:
    """Return what the schema calls a section among its ``$defs``."""
    return _definition(section.__name__)


def _definition(section: str) -> str:
    return spoken_name(section).replace(" ", "-").lower()


def _described(section: type[Section], raw: Schema) -> Schema:
    """Return the schema of a section, which may have a short form."""
    schema = describe_section(section, raw)
    if section.SHORT is None:
        return schema
    short = _without_notes(schema["properties"][section.SHORT])
    notes = {key: schema.pop(key) for key in ("title", "description")}
    return {**notes, "anyOf": [schema, *short.get("anyOf", [short])]}


def describe_section(section: type[Section], raw: Schema) -> Schema:
    """Return the schema of a section with what an editor shows, from what pydantic makes of it."""
    kept = {key: value for key, value in raw.items() if key not in {"$defs", "properties"}}
    fields = keys_of(section)
    spoken = spoken_name(section.__name__)
    schema = {
        **kept,
        "title": f"{spoken[0].upper()}{spoken[1:]}",
        "description": plain(cleandoc(section.__doc__ or "")),
        "properties": {
            key: _property(key, fields[key], value) for key, value in raw["properties"].items()
        },
    }
    rules = [*kept.get("allOf", []), *rules_of(section.__name__)]
    return {**schema, "allOf": rules} if rules else schema


def _property(key: str, field: FieldInfo, raw: Schema) -> Schema:
    described = {
        "title": _ACRONYMS.get(key, key.replace("_", " ").capitalize()),
        "description": plain(field.description or ""),
        "markdownDescription": "\n\n".join(_notes(key, field)),
    }
    value = _clean({name: part for name, part in raw.items() if name not in _REPLACED})
    examples = {"examples": list(field.examples)} if field.examples else {}
    default = written_default(field)
    return {**described, **value, **({} if default is None else {"default": default}), **examples}


_REPLACED = {"title", "description", "default", "examples"}


def written_default(field: FieldInfo) -> Any:  # noqa: ANN401  # any YAML
    """Return the default of a key as a file would have it; None where it is absent or empty."""
    if field.is_required() or section_of(field) is not None:
        return None
    value = field.get_default(call_default_factory=True)
    if value in ((), {}, ""):
        return None
    return format_duration(value) if is_duration(field) and value is not None else value


def _notes(key: str, field: FieldInfo) -> Iterator[str]:
    """Yield the paragraphs that an editor shows for a key."""
    yield field.description or ""
    section = section_of(field)
    if section is not None and section.SHORT is not None:
        whole = "an entry" if is_mapping(field) else "it"
        yield f"Short form: in place of its keys, {whole} may be its `{section.SHORT}` alone."
    mark = next(iter(marks_of(field)), None)
    if isinstance(mark, Substituted) and mark.namespaces:
        yield f"Takes {', '.join(f'`${{{name}.…}}`' for name in mark.namespaces)}."
    if field.examples:
        yield f"Example: `{key}: {inline(field.examples[0])}`"


def plain(text: str) -> str:
    """Return a docstring or description as Markdown in one line."""
    return " ".join(text.replace("``", "`").split())


def _without_notes(schema: Schema) -> Schema:
    notes = {"title", "description", "markdownDescription", "default", "examples"}
    return {key: value for key, value in schema.items() if key not in notes}


def _clean(schema: Schema) -> Schema:
    """Return a schema without nulls, with names checked and definitions called as people do."""
    cleaned = {key: _cleaned_part(key, value) for key, value in schema.items() if key != "title"}
    if "patternProperties" in cleaned:
        ((pattern, value),) = cleaned.pop("patternProperties").items()
        cleaned |= {"propertyNames": {"pattern": pattern}, "additionalProperties": value}
    kinds = cleaned.pop("anyOf", None)
    if kinds is None:
        return cleaned
    kinds = _merged([kind for kind in kinds if kind != {"type": "null"}])
    return {**cleaned, **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})}


def _cleaned_part(key: str, value: Any) -> Any:  # noqa: ANN401  # any part of a schema
    match key:
        case "$ref":
            return f"#/$defs/{_definition(value.rpartition('/')[2])}"
        case "anyOf":
            return [_clean(part) for part in value]
        case "patternProperties":
            return {pattern: _clean(part) for pattern, part in value.items()}
        case "items" | "additionalProperties" | "propertyNames" if isinstance(value, dict):
            return _clean(value)
        case _:
            return value


def _merged(kinds: list[Schema]) -> list[Schema]:
    """Return the kinds of a value of any type as one."""
    if [kind.get("type") for kind in kinds] != _ANY_VALUE:
        return kinds
    return [{**kinds[-1], "type": ["boolean", "number", "string"]}]
