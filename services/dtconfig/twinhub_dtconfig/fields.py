"""Models as a tree of keys: what is known about the key at a path, whatever lies between."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from twinhub_dtconfig.scalars import shortened
from twinhub_dtconfig.sections import Section
from twinhub_dtconfig.values import parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic.fields import FieldInfo

    from twinhub_dtconfig.nodes import Key


def dotted(path: Sequence[Key]) -> str:
    """Return a path as messages show it, such as ``auth.accounts[0].name``."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{shortened(key)}" for key in path)
    return text.removeprefix(".")


def section_of(field: FieldInfo) -> type[Section] | None:
    """Return the section that a key holds, or a list or mapping of them; None for plain values."""
    return next(_sections_in(field.annotation), None)


def keys_of(section: type[Section]) -> Mapping[str, FieldInfo]:
    """Return the fields of a section by the keys that files have."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def is_mapping(field: FieldInfo) -> bool:
    """Return whether a key holds values under names that the file chooses."""
    return _mapping_in(field.annotation) is not None


class Tree:
    """The keys of one kind of file."""

    def __init__(self, root: type[Section]) -> None:
        """Take the section that the whole file is."""
        self.root = root

    def find_section(self, path: Sequence[Key]) -> type[Section] | None:
        """Return the section at a path; None for other values."""
        return next(sections_directly_in(self._annotation(path)), None)

    def find_field(self, path: Sequence[Key]) -> FieldInfo | None:
        """Return what is known about the key at a path; None for the file and for names.

        Indexes of a list and names of a mapping count as the key that holds the list or mapping.
        """
        return self._find(path)[0]

    def names_below_field(self, path: Sequence[Key]) -> int:
        """Return how many names and indexes lead from what `find_field` finds to the value."""
        return self._find(path)[1]

    def _find(self, path: Sequence[Key]) -> tuple[FieldInfo | None, int]:
        annotation: Any = self.root
        field: FieldInfo | None = None
        below = 0
        for key in path:
            section = next(sections_directly_in(annotation), None)
            if section is not None and isinstance(key, str):
                field, below = keys_of(section).get(key), 0
                if field is None:
                    return None, 0
                annotation = field.annotation
            else:
                annotation = item_of(annotation)
                below += 1
        return field, below

    def split_choices(self, place: Sequence[Key]) -> tuple[tuple[Key, ...], bool]:
        """Return a place that pydantic names without the kinds of value that were tried there.

        The second value says whether several kinds were tried.
        """
        annotation: Any = self.root
        path: list[Key] = []
        is_choice = False
        rest = list(place)
        while rest:
            if _is_choice(annotation) and str(rest[0]) != KEY_MARK:
                is_choice = True
                rest.pop(0)
                if not rest:
                    break
            path.append(rest.pop(0))
            annotation = annotation_below(annotation, path[-1])
        return tuple(path), is_choice

    def _annotation(self, path: Sequence[Key]) -> Any:  # noqa: ANN401  # any type form
        annotation: Any = self.root
        for key in path:
            annotation = annotation_below(annotation, key)
        return annotation


def is_size(field: FieldInfo) -> bool:
    """Return whether a key holds bytes that may be written with a unit."""
    return any(getattr(part, "func", None) is parse_size for part in marks_of(field))


def is_duration(field: FieldInfo) -> bool:
    """Return whether a key holds seconds that may be written with a unit."""
    return any(getattr(part, "func", None) is parse_duration for part in marks_of(field))


def marks_of(field: FieldInfo) -> Iterator[Any]:
    """Yield what is attached to a key's type, or to a type in it."""
    yield from field.metadata
    yield from _marks_in(field.annotation)


def _marks_in(annotation: Any) -> Iterator[Any]:  # noqa: ANN401  # any type form
    yield from getattr(annotation, "__metadata__", ())
    for argument in get_args(annotation):
        yield from _marks_in(argument)


def sections_below(section: type[Section]) -> Iterator[type[Section]]:
    """Yield every section that a section holds, once each, at any depth."""
    found: dict[type[Section], None] = {}
    waiting = [section]
    while waiting:
        for field in waiting.pop().model_fields.values():
            new = [one for one in _sections_in(field.annotation) if one not in found]
            found |= dict.fromkeys(new)
            waiting += new
    yield from found


def sections_directly_in(annotation: Any) -> Iterator[type[Section]]:  # noqa: ANN401  # any type form
    """Yield sections that a value may be, not those of items."""
    if inspect.isclass(annotation) and issubclass(annotation, Section):
        yield annotation
    if get_origin(annotation) in _UNIONS or get_origin(annotation) is Annotated:
        for argument in get_args(annotation):
            yield from sections_directly_in(argument)


def _sections_in(annotation: Any) -> Iterator[type[Section]]:  # noqa: ANN401  # any type form
    if inspect.isclass(annotation) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections_in(argument)


def annotation_below(annotation: Any, key: Key) -> Any:  # noqa: ANN401  # any type form
    """Return the type of what a value of a type holds under a key, a name or an index."""
    section = next(sections_directly_in(annotation), None)
    if section is None or not isinstance(key, str):
        return item_of(annotation)
    field = keys_of(section).get(key)
    return field.annotation if field else None


def item_of(annotation: Any) -> Any:  # noqa: ANN401  # any type form
    """Return the type of an item of a list or mapping."""
    origin = get_origin(annotation)
    arguments = get_args(annotation)
    if origin in _UNIONS or origin is Annotated:
        found = (item_of(argument) for argument in arguments)
        return next((item for item in found if item is not None), None)
    if origin in {tuple, list}:
        return arguments[0]
    if origin is not None and inspect.isclass(origin) and issubclass(origin, Mapping):
        return arguments[1]
    return None


def _mapping_in(annotation: Any) -> Any:  # noqa: ANN401  # any type form
    origin = get_origin(annotation)
    if origin in _UNIONS or origin is Annotated:
        found = (_mapping_in(argument) for argument in get_args(annotation))
        return next((item for item in found if item is not None), None)
    is_one = origin is not None and inspect.isclass(origin) and issubclass(origin, Mapping)
    return annotation if is_one else None


def _is_choice(annotation: Any) -> bool:  # noqa: ANN401  # any type form
    """Return whether a value may be of several kinds, nothing not counted."""
    if get_origin(annotation) is Annotated:
        return _is_choice(get_args(annotation)[0])
    kinds = [one for one in get_args(annotation) if one is not type(None)]
    return get_origin(annotation) in _UNIONS and (len(kinds) > 1 or _is_choice(kinds[0]))


KEY_MARK = "[key]"
"""What pydantic ends the place of a name in a mapping with."""

_UNIONS = {Union, type(int | str)}
