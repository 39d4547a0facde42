"""Plain English for what pydantic says about a file: what is wrong, and what to write instead."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from twinhub_dtconfig.documents import dump_document
from twinhub_dtconfig.faults import Fault, nearest_key
from twinhub_dtconfig.fields import (
    KEY_MARK,
    Tree,
    dotted,
    is_duration,
    is_mapping,
    is_size,
    keys_of,
    section_of,
)
from twinhub_dtconfig.meant import meant_key, meant_value
from twinhub_dtconfig.values import RefusalError, format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo

    from twinhub_dtconfig.documents import Document, Key
    from twinhub_dtconfig.sections import Section

    Written = Callable[[Sequence[Key], Document], tuple[Key, ...]]

_SHOWN_LENGTH = 40
_QUOTE = "'"
_MOST_EXPLAINED = 500  # of a file that is made to be slow; nobody is shown as many
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "made of keys with values",
    "model_type": "made of keys with values",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "string_too_long": "text of at most {max_length} characters",
    "literal_error": "{expected}",
}
_REMEDIES = {
    "model_type": "write each key on a line of its own, as `key: value`",
    "dict_type": "write each name on a line of its own, as `name: value`",
    "tuple_type": "begin each item with '- ' on a line of its own",
}
_NOT_HERE = "no password is written here: name it in `secrets`, whoever runs the twin gives it"
_SWITCHES = {
    **dict.fromkeys(("yes", "y", "on"), "true"),
    **dict.fromkeys(("no", "n", "off"), "false"),
}


class Explainer:
    """Explains faults of one kind of file."""

    def __init__(self, tree: Tree, written: Written | None = None) -> None:
        """Take the keys of that kind of file, and where it has what stands at a path of the model.

        Without ``written``, the file has everything where the model has it.
        """
        self._tree = tree
        self._written = written or (lambda path, _: tuple(path))

    @property
    def _has_secrets(self) -> bool:
        return "secrets" in keys_of(self._tree.root)

    def explain_errors(
        self, error: ValidationError, document: Document, absent: Collection[tuple[Key, ...]] = ()
    ) -> Iterator[Fault]:
        """Yield a located fault for everything that pydantic found in a document.

        What only follows from values that are ``absent`` is left out.
        """
        choices: dict[tuple[Key, ...], list[dict[str, Any]]] = {}
        parents = {path[:-1] for path in absent}
        for found in error.errors(include_url=False)[:_MOST_EXPLAINED]:
            path, is_choice = self._tree.split_choices(found["loc"])
            details = {**found, "loc": path}
            place = self._written(path, document)
            if place in absent or (found["type"] == "value_error" and place in parents):
                continue
            if is_choice:
                choices.setdefault(path, []).append(details)
            elif not _is_consequence(details):
                yield self._explain(details, document)
        outer = {path[:length] for path in choices for length in range(len(path))}
        for path, tried in choices.items():
            if path not in outer:
                yield from self._explain_choice(tried, document)

    def _explain_choice(self, tried: list[dict[str, Any]], document: Document) -> Iterator[Fault]:
        """Yield what is wrong with a value that may be of several kinds, once."""
        closer = [one for one in tried if not one["type"].endswith("_type")]
        if closer:
            yield self._explain(closer[0], document)
            return
        path, value = tried[0]["loc"], tried[0]["input"]
        kinds = dict.fromkeys(self._kind(one["type"], path) for one in tried)
        words = _either(list(kinds))
        what = f"{self._name(path, document)} must be {words}, not {shown(value)}"
        yield self._fault(document, path, what, remedy=self._example_remedy(path))

    def _explain(self, details: Mapping[str, Any], document: Document) -> Fault:
        path = details["loc"]
        if path[-1:] == (KEY_MARK,):
            return self._bad_name(details, document)
        match details["type"]:
            case "extra_forbidden":
                return self._unknown_key(path, document)
            case "missing":
                return self._missing_key(path, document)
            case "too_short" | "too_long" | "string_too_short":
                return self._wrong_length(details, document)
            case "value_error":
                return self._refused(path, details["ctx"]["error"], document)
            case _:
                return self._wrong_value(details, document)

    def _refused(self, path: Sequence[Key], error: ValueError, document: Document) -> Fault:
        if isinstance(error, RefusalError):
            path = (*path, *error.path)
            what = f"{self._name(path, document)}: {error.what}"
            return self._fault(document, path, what, remedy=error.remedy, nearest=error.nearest)
        remedy = self._example_remedy(path)
        what = f"{self._name(path, document)}: {error}"
        return self._fault(document, path, what, remedy=remedy)

    def _bad_name(self, details: Mapping[str, Any], document: Document) -> Fault:
        *path, _ = details["loc"]
        error = details.get("ctx", {}).get("error")
        what = f"the name {shown(path[-1])} cannot be used"
        remedy, nearest = "use letters, digits and '_'", None
        if isinstance(error, RefusalError):
            what, remedy, nearest = error.what, error.remedy, error.nearest
        what = f"{self._name(path[:-1], document)}: {what}"
        return self._fault(document, path, what, remedy=remedy, nearest=nearest, is_key=True)

    def _unknown_key(self, path: Sequence[Key], document: Document) -> Fault:
        *parent, key = path
        section = self._tree.find_section(parent) or self._tree.root
        nearest = meant_key(str(key), keys_of(section)) or nearest_key(str(key), keys_of(section))
        where = f"in {self._name(parent, document)}" if parent else "at the top level"
        what = f"unknown key {shown(key)} {where}"
        known = f"known keys: {', '.join(keys_of(section))}"
        within = _place_within(section, str(key)) if parent and not nearest else None
        remedy = "" if nearest else within or self._place_for(str(key)) or known
        if key in {"password", "token"} and (within or nearest) and self._has_secrets:
            remedy = f"{within}; {_NOT_HERE}" if within else _NOT_HERE
        return self._fault(document, path, what, remedy=remedy, nearest=nearest, is_key=True)

    def _place_for(self, key: str) -> str | None:
        """Return where else in the file a key is known."""
        if key in keys_of(self._tree.root):
            return "move it to the top level"
        sections = keys_of(self._tree.root).items()
        for name, field in sorted(sections, key=lambda one: one[0] != "phases"):  # often meant
            section = section_of(field)
            if section and key in keys_of(section):
                return (
                    f"move it into {'an entry of ' if is_mapping(field) else 'the section '}{name}"
                )
        return None

    def _missing_key(self, path: Sequence[Key], document: Document) -> Fault:
        *parent, key = path
        field = self._tree.find_field(path)
        example = example_of(field) if field else None
        what = f"{self._name(parent, document)} has no key {shown(key)}"
        remedy = f"add `{key}: {example}`" if example else f"add `{key}:`"
        return self._fault(document, parent, what, remedy=remedy)

    def _wrong_value(self, details: Mapping[str, Any], document: Document) -> Fault:
        kind, path, value = details["type"], details["loc"], details["input"]
        field = self._tree.find_field(path)
        name = self._name(path, document)
        if kind in _KINDS:
            context = details.get("ctx", {})
            limits = {key: _shown_limit(limit, field) for key, limit in context.items()}
            what = f"{name} must be {self._kind(kind, path).format(**limits)}, not {shown(value)}"
        else:
            what = f"{name} cannot be {shown(value)}"
        options = _options(field) if kind == "literal_error" else []
        near = meant_value(str(value), options) or nearest_key(str(value), options)
        nearest = None if str(value) in options else near
        remedy = self._remedy(kind, path, value)
        return self._fault(document, path, what, remedy=remedy, nearest=nearest)

    def _wrong_length(self, details: Mapping[str, Any], document: Document) -> Fault:
        kind, path, limits = details["type"], details["loc"], details["ctx"]
        if kind == "too_long":
            what, remedy = "is too long", f"give at most {limits['max_length']} entries"
        elif not details["input"]:
            what = "must not be empty"
            remedy = self._example_remedy(path) or "put something in, or remove it"
        else:
            what, remedy = "is too short", f"give at least {limits['min_length']}"
        return self._fault(document, path, f"{self._name(path, document)} {what}", remedy=remedy)

    def _kind(self, kind: str, path: Sequence[Key]) -> str:
        """Return in words what a value should have been."""
        field = self._tree.find_field(path)
        if kind in {"int_type", "float_type", "int_from_float"} and field is not None:
            if is_size(field):
                return "a size"
            if is_duration(field):
                return "a duration"
        return _KINDS.get(kind, "something else")

    def _remedy(self, kind: str, path: Sequence[Key], value: Any) -> str:  # noqa: ANN401  # any YAML
        if kind == "literal_error":
            is_quoted = isinstance(value, str) and value.isdecimal()
            return "remove the quotes" if is_quoted else ""
        if kind in _REMEDIES:
            return _REMEDIES[kind]
        if kind == "string_type" and isinstance(value, bool | int | float):
            return "put it in quotes"
        if kind == "bool_type" and str(value).lower() in _SWITCHES:
            return f"write {_SWITCHES[str(value).lower()]}"
        if kind in {"int_type", "float_type"} and str(value).isdecimal():
            return "remove the quotes"
        return self._example_remedy(path)

    def _example_remedy(self, path: Sequence[Key]) -> str:
        field = self._tree.find_field(path)
        example = example_of(field, self._tree.names_below_field(path)) if field else None
        return f"write for example {example}" if example else ""

    def _name(self, path: Sequence[Key], document: Document) -> str:
        return dotted(self._written(path, document)) or "the file"

    def _fault(
        self,
        document: Document,
        path: Sequence[Key],
        what: str,
        *,
        remedy: str,
        nearest: str | None = None,
        is_key: bool = False,
    ) -> Fault:
        """Return a fault of the value at a path; an absent one is reported at its section."""
        place = self._written(path, document)
        position = document.key_position_of(place) if is_key else document.position_of(place)
        return Fault(document.file, *position, what, remedy, nearest)


def _place_within(section: type[Section], key: str) -> str | None:
    """Return which key of a section holds a key that was written beside it."""
    for name, field in keys_of(section).items():
        inner = None if is_mapping(field) else section_of(field)
        if inner is None:
            continue
        found = key if key in keys_of(inner) else meant_key(key, keys_of(inner))
        if found is not None:
            return f"write it under `{name}:`" + ("" if found == key else f", as `{found}:`")
    return None


def fault_at(
    document: Document, path: Sequence[Key], what: str, *, remedy: str, nearest: str | None = None
) -> Fault:
    """Return a fault of the value at a path; an absent one is reported at its section."""
    return Fault(document.file, *document.position_of(path), what, remedy, nearest)


def example_of(field: FieldInfo, names_below: int = 0) -> str | None:
    """Return a good value of a key as one writes it, or None for sections and lists of them.

    With ``names_below``, return one of what the key holds, so many names or indexes deep.
    """
    if not field.examples and (section_of(field) is not None or field.is_required()):
        return None
    value = field.examples[0] if field.examples else field.get_default(call_default_factory=True)
    for _ in range(names_below):
        if not value or not isinstance(value, dict | list | tuple):
            break
        value = next(iter(value.values() if isinstance(value, dict) else value))
    value = format_size(value) if is_size(field) and isinstance(value, int) else value
    return inline(value if isinstance(value, bool | int | float | dict | list) else str(value))


def inline(value: Any) -> str:  # noqa: ANN401  # any YAML
    """Return a plain value as YAML in one line, such as ``true`` or ``'8000'``."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {inline(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and set(value) & set("{}[],"):
        return f"'{value.replace(_QUOTE, 2 * _QUOTE)}'"
    return dump_document([value]).removeprefix("- ").rstrip("\n")


def shown(value: Any) -> str:  # noqa: ANN401  # any YAML
    """Return a value as a message names it."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "keys with values"
        case list():
            return "a list" if value else "an empty list"
        case str():
            return repr(value if len(value) <= _SHOWN_LENGTH else f"{value[:_SHOWN_LENGTH]}…")
        case float() if not math.isfinite(value):
            return f"{value}"
        case _:
            return inline(value)


def _either(kinds: list[str]) -> str:
    """Return the kinds that a value may be of, in words."""
    if "a number" in kinds:
        kinds = [kind for kind in kinds if kind != "a whole number"]
    if _KINDS["bool_type"] not in kinds:
        return " or ".join(kinds)
    return ", ".join(sorted(kinds, key=lambda kind: kind == _KINDS["bool_type"]))


def _is_consequence(details: Mapping[str, Any]) -> bool:
    """Return whether a list counts as too short only because its items are wrong."""
    if details["type"] != "too_short":
        return False
    return len(details["input"]) >= int(details["ctx"]["min_length"])


def _shown_limit(limit: Any, field: FieldInfo | None) -> str:  # noqa: ANN401  # as pydantic has it
    if field and is_size(field):
        return str(format_size(limit))
    if field and is_duration(field) and limit > 0:
        return str(format_duration(limit))
    return f"{limit:g}" if isinstance(limit, float) else str(limit)


def _options(field: FieldInfo | None) -> list[str]:
    return [str(option) for option in _literals_in(field.annotation)] if field else []


def _literals_in(annotation: Any) -> Iterator[Any]:  # noqa: ANN401  # any type form
    for argument in get_args(annotation):
        if get_origin(annotation) is Literal:
            yield argument
        else:
            yield from _literals_in(argument)
