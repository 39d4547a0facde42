"""Plain English for what pydantic says about settings: what is wrong, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from twinhub_dtconfig.documents import dump_document
from twinhub_dtconfig.faults import Fault, nearest_key

from twinhub_hub.settings.fields import dotted, find_field, find_section, is_size, section_of
from twinhub_hub.settings.models import Settings
from twinhub_hub.settings.values import RefusalError, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from twinhub_dtconfig.documents import Document, Key

_SHOWN_LENGTH = 40
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "made of keys with values",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "string_too_short": "text of {min_length} or more characters",
    "string_too_long": "text of at most {max_length} characters",
    "too_short": "a list of {min_length} or more",
    "literal_error": "{expected}",
}
_REMEDIES = {
    "literal_error": "",
    "model_type": "write each key on a line of its own, as `key: value`",
    "tuple_type": "begin each item with '- ' on a line of its own",
}
_SWITCHES = {
    **dict.fromkeys(("yes", "y", "on"), "true"),
    **dict.fromkeys(("no", "n", "off"), "false"),
}


def explain_errors(error: ValidationError, document: Document) -> Iterator[Fault]:
    """Yield a located fault for everything that pydantic found in a document."""
    for details in error.errors(include_url=False):
        if not _is_consequence(details):
            yield _explain(details, document)


def fault_at(
    document: Document, path: Sequence[Key], what: str, *, remedy: str, nearest: str | None = None
) -> Fault:
    """Return a fault of the value at a path; an absent one is reported at its section."""
    return Fault(document.file, *document.position_of(path), what, remedy, nearest)


def example_of(field: FieldInfo) -> str | None:
    """Return a good value of a key as one writes it, or None for sections and lists of them."""
    if section_of(field) is not None:
        return None
    value = field.examples[0] if field.examples else field.get_default()
    shown = format_size(value) if is_size(field) else value
    return inline(shown if isinstance(shown, bool | int | float) else str(shown))


def inline(value: str | float | None) -> str:
    """Return a plain value as YAML in one line, such as ``true`` or ``'8000'``."""
    return dump_document([value]).removeprefix("- ").rstrip("\n")


def _is_consequence(details: Mapping[str, Any]) -> bool:
    """Return whether a list counts as too short only because its items are wrong."""
    if details["type"] != "too_short":
        return False
    return len(details["input"]) >= int(details["ctx"]["min_length"])


def _explain(details: Mapping[str, Any], document: Document) -> Fault:
    path = details["loc"]
    match details["type"]:
        case "extra_forbidden":
            return _unknown_key(path, document)
        case "missing":
            return _missing_key(path, document)
        case "value_error":
            return _refused(path, details["ctx"]["error"], document)
        case _:
            return _wrong_value(details, document)


def _refused(path: Sequence[Key], error: ValueError, document: Document) -> Fault:
    if isinstance(error, RefusalError):
        path = (*path, *error.path)
        what = f"{dotted(path)}: {error.what}"
        return fault_at(document, path, what, remedy=error.remedy, nearest=error.nearest)
    return fault_at(document, path, f"{dotted(path)}: {error}", remedy=_example_remedy(path))


def _unknown_key(path: Sequence[Key], document: Document) -> Fault:
    *parent, key = path
    section = find_section(parent) or Settings
    nearest = nearest_key(str(key), section.model_fields)
    where = f"in {dotted(parent)}" if parent else "at the top level"
    return Fault(
        document.file,
        *document.key_position_of(path),
        f"unknown key {_shown(key)} {where}",
        "" if nearest else _place_for(str(key)) or f"known keys: {', '.join(section.model_fields)}",
        nearest,
    )


def _place_for(key: str) -> str | None:
    """Return where else in the file a key is known."""
    if key in Settings.model_fields:
        return "move it to the top level"
    for name, field in Settings.model_fields.items():
        section = section_of(field)
        if section and key in section.model_fields:
            return f"move it into the section {name}"
    return None


def _missing_key(path: Sequence[Key], document: Document) -> Fault:
    *parent, key = path
    field = find_field(path)
    example = example_of(field) if field else None
    what = f"{dotted(parent)} has no key {_shown(key)}"
    return fault_at(document, path, what, remedy=f"add `{key}: {example}`")


def _wrong_value(details: Mapping[str, Any], document: Document) -> Fault:
    kind, path, value = details["type"], details["loc"], details["input"]
    field = find_field(path)
    name = dotted(path) or "the file"
    if kind in _KINDS:
        limits = {key: _shown_limit(limit, field) for key, limit in details.get("ctx", {}).items()}
        what = f"{name} must be {_KINDS[kind].format(**limits)}, not {_shown(value)}"
    else:
        what = f"{name} cannot be {_shown(value)}"
    nearest = nearest_key(str(value), _options(field)) if kind == "literal_error" else None
    return fault_at(document, path, what, remedy=_remedy(kind, path, value), nearest=nearest)


def _shown_limit(limit: Any, field: FieldInfo | None) -> str:  # noqa: ANN401  # as pydantic has it
    if field and is_size(field):
        return str(format_size(limit))
    return f"{limit:g}" if isinstance(limit, float) else str(limit)


def _options(field: FieldInfo | None) -> list[str]:
    return [str(option) for option in get_args(field.annotation)] if field else []


def _remedy(kind: str, path: Sequence[Key], value: Any) -> str:  # noqa: ANN401  # any YAML
    if kind in _REMEDIES:
        return _REMEDIES[kind]
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes"
    if kind == "bool_type" and str(value).lower() in _SWITCHES:
        return f"write {_SWITCHES[str(value).lower()]}"
    if kind in {"int_type", "float_type"} and str(value).isdecimal():
        return "remove the quotes"
    return _example_remedy(path)


def _example_remedy(path: Sequence[Key]) -> str:
    field = find_field(path)
    example = example_of(field) if field else None
    return f"write for example {example}" if example else ""


def _shown(value: Any) -> str:  # noqa: ANN401  # any YAML
    match value:
        case None:
            return "nothing"
        case dict():
            return "keys with values"
        case list():
            return "a list" if value else "an empty list"
        case str():
            return repr(value if len(value) <= _SHOWN_LENGTH else f"{value[:_SHOWN_LENGTH]}…")
        case _:
            return inline(value)
