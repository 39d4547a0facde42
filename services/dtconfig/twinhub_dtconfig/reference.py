"""The reference of ``twin.yaml``, generated from the models, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.catalogue import RULES
from twinhub_dtconfig.explanations import inline
from twinhub_dtconfig.fields import is_duration, is_mapping, is_size, keys_of, marks_of, section_of
from twinhub_dtconfig.guidance import BLOCKS, INTRODUCTION
from twinhub_dtconfig.loading import TwinError, parse_twin
from twinhub_dtconfig.models.assets import REFERENCE_PATTERN, TWIN_PATTERN
from twinhub_dtconfig.models.block import NAME_PATTERN
from twinhub_dtconfig.models.phases import MEANINGS
from twinhub_dtconfig.models.text import ARGUMENTS, SECRETS, Substituted
from twinhub_dtconfig.models.twin import RESERVED, Twin
from twinhub_dtconfig.schema import (
    SCHEMA_FILE,
    definition_of,
    make_schema,
    plain,
    render_schema,
    written_default,
)
from twinhub_dtconfig.values import PATH_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from twinhub_dtconfig.catalogue import Rule
    from twinhub_dtconfig.sections import Section

    Schema = dict[str, Any]

REFERENCE_FILE = "docs/reference/twin-yaml.md"
"""Where the reference is in the checkout."""


def render_files() -> dict[str, str]:
    """Return the text of every generated file by its path in the checkout."""
    return {SCHEMA_FILE: render_schema(), REFERENCE_FILE: render_reference()}


def render_reference() -> str:
    """Return guidance, every key, and the rules between keys."""
    schema = make_schema()
    places: dict[type[Section], list[str]] = {Twin: []}
    _find_places("", Twin, places)
    tables = (_table(section, paths, schema) for section, paths in places.items())
    return "\n".join((INTRODUCTION + _phases() + BLOCKS, *tables, _rules()))


def _find_places(path: str, section: type[Section], places: dict[type[Section], list[str]]) -> None:
    """Note where each section may stand, in the order of the file."""
    for key, field in keys_of(section).items():
        inner = section_of(field)
        if inner is None:
            continue
        is_new = inner not in places
        places.setdefault(inner, []).append(_below(path, key, field))
        if is_new:
            _find_places(places[inner][0], inner, places)


def _below(path: str, key: str, field: FieldInfo) -> str:
    """Return where the section is that a key holds: under names, in a list, or by itself."""
    is_list = "tuple" in str(field.annotation)
    end = ".<name>" if is_mapping(field) else "[]" if is_list else ""
    return f"{path}.{key}{end}".removeprefix(".")


def _table(section: type[Section], paths: list[str], schema: Schema) -> str:
    described = schema if section is Twin else schema["$defs"][definition_of(section)]
    kinds = next((kind for kind in described.get("anyOf", []) if "properties" in kind), described)
    heading = f"### `{paths[0]}`" if paths else "## Every key\n\n### Top level"
    notes = "".join(f"{note}\n\n" for note in _notes(section, described["description"]))
    if paths[1:]:
        notes += f"Also: {', '.join(f'`{path}`' for path in paths[1:])}.\n\n"
    return f"{heading}\n\n{notes}{table_of(section, kinds)}"


def table_of(section: type[Section], described: Schema) -> str:
    """Return the keys of a section as a table, from its schema."""
    rows = (
        f"| `{key}` | {_kind(described['properties'][key], field)} | {_default(field)} |"
        f" {_example(field)} | {_meaning(key, field, section)} |\n"
        for key, field in keys_of(section).items()
    )
    head = "| key | value | default | example | meaning |\n|---|---|---|---|---|\n"
    return head + "".join(rows)


def _notes(section: type[Section], summary: str) -> Iterator[str]:
    yield plain(summary) if section is not Twin else "Required are `format`, `name` and `phases`."
    if section.ONE_OF:
        yield f"Exactly one of {_spans(section.ONE_OF)} is given."
    if section.AT_MOST_ONE_OF:
        yield f"At most one of {_spans(section.AT_MOST_ONE_OF)} is given."
    if section.SHORT is not None:
        yield f"Short form: the value of `{section.SHORT}` alone, in place of the keys."


def _spans(words: tuple[str, ...]) -> str:
    *first, last = (f"`{word}`" for word in words)
    return f"{', '.join(first)} and {last}"


def _meaning(key: str, field: FieldInfo, section: type[Section]) -> str:
    sentences = [plain(field.description or "")]
    mark = next((one for one in marks_of(field) if isinstance(one, Substituted)), None)
    if mark is not None and mark.namespaces:
        further = {SECRETS: " and secrets", ARGUMENTS: " and arguments"}
        taken = "".join(words for name, words in further.items() if name in mark.namespaces)
        sentences.append(f"Takes values{taken}.")
    if section is Twin and key in RESERVED and "Not yet run" not in sentences[0]:
        sentences.append("Not yet run.")
    return _cell(" ".join(sentences))


def _example(field: FieldInfo) -> str:
    return f"`{_cell(inline(field.examples[0]).strip())}`" if field.examples else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = written_default(field)
    return "" if value is None else f"`{_cell(inline(value))}`"


def _kind(schema: Schema, field: FieldInfo) -> str:
    """Return in words what a value may be."""
    if is_mapping(field):
        return f"names with {_item(schema['additionalProperties'], field)}"
    if "items" in schema:
        return f"list of {_item(schema['items'], field)}"
    return _cell(_one(schema, field))


def _item(schema: Schema, field: FieldInfo) -> str:
    return "sections" if "$ref" in schema else _cell(_one(schema, field))


def _one(schema: Schema, field: FieldInfo) -> str:
    """Return in words what one value may be."""
    if is_size(field) or is_duration(field):
        return "size" if is_size(field) else "duration"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_one(part, field) for part in schema["anyOf"]))
    options = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if options:
        return " or ".join(f"`{option}`" for option in options)
    if schema.get("type") == "array":
        return f"list of {_one(schema['items'], field)}"
    return ", ".join((_word(schema), *_limits(schema)))


def _word(schema: Schema) -> str:
    if "$ref" in schema:
        return "section"
    if isinstance(schema["type"], list):
        return "any value"
    return _FORMS.get(schema.get("pattern", ""), _KINDS[schema["type"]])


_KINDS = {
    "boolean": "`true` or `false`",
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "object": "names with values",
}
_FORMS = {
    NAME_PATTERN: "name",
    PATH_PATTERN: "path",
    REFERENCE_PATTERN: "reference",
    TWIN_PATTERN: "reference to a twin",
}
_LIMITS = {
    "exclusiveMinimum": "more than {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
}


def _limits(schema: Schema) -> Iterator[str]:
    for key, words in _LIMITS.items():
        if key in schema:
            yield words.format(schema[key])


def _phases() -> str:
    head = "| phase | for |\n|---|---|\n"
    return head + "".join(f"| `{name}` | {meaning} |\n" for name, meaning in MEANINGS.items())


def _rules() -> str:
    rows = "".join(
        f"| {rule.name} | {_cell(rule.sentence)} | {_cell(_said(rule))} |\n" for rule in RULES
    )
    return (
        "## Rules between keys\n\n"
        "An editor with the schema cannot see these; `twin validate` can.\n\n"
        "| rule | what must hold | what is said, for example |\n|---|---|---|\n" + rows
    )


def _said(rule: Rule) -> str:
    """Return the message about the rule's example, without its place."""
    try:
        faults = parse_twin(rule.broken_file.encode()).warnings
    except TwinError as error:
        faults = error.faults
    place = f"{faults[0].file}:{faults[0].line}:{faults[0].column}: "
    said = str(faults[0]).removeprefix(place)
    return f"`` {said} ``" if "`" in said else f"`{said}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
