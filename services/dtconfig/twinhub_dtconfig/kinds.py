"""Types of the models in words, such as ``list of text``, and what else their notes say."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from twinhub_dtconfig.models.text import Substituted
from twinhub_dtconfig.sections import Section
from twinhub_dtconfig.values import check_inside, parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PLAIN: dict[Any, str] = {
    str: "text", int: "whole number", float: "number", bool: "true or false",
}  # fmt: skip
_NOTED: dict[Any, str] = {
    parse_size: "size, such as 512M",
    parse_duration: "duration, such as 30s",
    check_inside: "path in the twin's folder",
}
_UNIONS = {Union, type(int | str)}


def words_of(annotation: Any, notes: Sequence[Any] = ()) -> str:  # noqa: ANN401  # any type form
    """Return what a value may be, in words; nothing is not mentioned."""
    return " or ".join(dict.fromkeys(_words(annotation, notes)))


def choices_of(annotation: Any) -> tuple[str, ...]:  # noqa: ANN401  # any type form
    """Return all values that are allowed, where they are listed; also those of a list's items."""
    if get_origin(annotation) is Literal:
        return tuple(str(value) for value in get_args(annotation))
    inner = (choices_of(argument) for argument in get_args(annotation) if argument is not Ellipsis)
    return next((choices for choices in inner if choices), ())


def namespaces_of(annotation: Any, notes: Sequence[Any] = ()) -> tuple[str, ...]:  # noqa: ANN401  # any type form
    """Return the namespaces of ``${…}`` that a text may hold."""
    for note in (*notes, *getattr(annotation, "__metadata__", ())):
        if isinstance(note, Substituted):
            return note.namespaces
    inner = (namespaces_of(argument) for argument in get_args(annotation))
    return next((namespaces for namespaces in inner if namespaces), ())


def _words(annotation: Any, notes: Sequence[Any]) -> Iterator[str]:  # noqa: ANN401  # any type form
    noted = [_NOTED[f] for note in notes if (f := getattr(note, "func", None)) in _NOTED]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if noted:
        yield noted[0]
    elif annotation in _PLAIN:
        yield _PLAIN[annotation]
    elif inspect.isclass(annotation) and issubclass(annotation, Section):
        yield "keys with values"
    elif origin is Annotated:
        yield from _words(arguments[0], arguments[1:])
    elif origin is Literal:
        yield _words_of_literal(arguments)
    elif origin in _UNIONS:
        for argument in arguments:
            yield from _words(argument, ())
    else:
        yield from _words_of_many(origin, arguments)


def _words_of_literal(values: Sequence[Any]) -> str:
    return "one of the allowed values" if len(values) > 1 else f"always {values[0]}"


def _words_of_many(origin: Any, arguments: Sequence[Any]) -> Iterator[str]:  # noqa: ANN401  # any type form
    if origin is tuple:
        yield f"list of {words_of(arguments[0])}"
    elif inspect.isclass(origin) and issubclass(origin, Mapping):
        yield f"names, each with {words_of(arguments[1])}"
