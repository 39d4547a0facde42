"""What is known about every key of ``twin.yaml``, from the models: to explain and to list them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.fields import (
    is_duration,
    is_mapping,
    item_of,
    keys_of,
    section_of,
    sections_directly_in,
)
from twinhub_dtconfig.kinds import choices_of, namespaces_of, words_of
from twinhub_dtconfig.meant import meant_key
from twinhub_dtconfig.models.assets import Use
from twinhub_dtconfig.models.connections import Service
from twinhub_dtconfig.models.twin import RESERVED, Twin
from twinhub_dtconfig.shorthand import RENAMED
from twinhub_dtconfig.values import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic.fields import FieldInfo

    from twinhub_dtconfig.nodes import Data
    from twinhub_dtconfig.sections import Section

NAME = "NAME"
"""Stands in a path for a name that the file chooses."""
ITEM = "[]"
"""Stands in a path for an item of a list."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What is known about a key; what does not apply is None or empty."""

    path: tuple[str, ...]
    description: str
    kind: str
    is_required: bool = False
    default: Data = None
    example: Data = None
    choices: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    short: str | None = None
    one_of: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def dotted(self) -> str:
        """Return the path as people write it, such as ``phases.NAME.ready``."""
        return ".".join(self.path).replace(f".{ITEM}", ITEM)

    @property
    def is_reserved(self) -> bool:
        """Return whether it is read and resolved, and not yet run."""
        return self.path[:1] != () and self.path[0] in RESERVED


@dataclass(frozen=True, slots=True)
class _Place:
    """A key, a name or an item, with the type of its value."""

    path: tuple[str, ...]
    annotation: Any
    field: FieldInfo | None = None


class NoKeyError(LookupError):
    """A path that leads to no key, or to several."""

    def __init__(self, what: str, *, nearest: str | None = None, known: Sequence[str] = ()) -> None:
        """Hold what is wrong, and what may have been meant."""
        super().__init__(what)
        self.what = what
        self.nearest = nearest
        self.known = tuple(known)


def list_keys() -> Iterator[KeyInfo]:
    """Yield every key of the language, each after the one that it is in."""
    return (_info(place) for place in _below(_ROOT))


def find_key(text: str) -> KeyInfo:
    """Return what is known about a key such as ``phases.execute.ready``.

    Names that a file chooses may be any; keys between may be left out where that is clear.

    Raises:
        NoKeyError: there is no such key, or there are several.
    """
    parts = [part for part in text.replace("[", ".[").split(".") if part]
    place = _ROOT
    for at, part in enumerate(parts, 1):
        inner = _key_of_entry(place, part) if at == len(parts) else None
        place = inner or _step(place, part)
    if not parts:
        raise NoKeyError("no key is given", known=list(keys_of(Twin)))
    return _info(place)


def keys_in(info: KeyInfo) -> list[KeyInfo]:
    """Return the keys within the value of a key, of names and items too."""
    place = _ROOT
    for part in info.path:
        place = _exact(place, part) or place
    while _section(place) is None:
        inner = next(_children(place), None)
        if inner is None:
            return []
        place = inner
    return [_info(child) for child in _children(place) if child.field is not None]


def _key_of_entry(place: _Place, part: str) -> _Place | None:
    """Return a key of every entry, so that ``parameters.unit`` is no parameter called unit."""
    for child in _children(place):
        if child.path[-1] == NAME:
            return next((one for one in _children(child) if one.path[-1] == part), None)
    return None


def _step(place: _Place, part: str) -> _Place:
    part = RENAMED.get(part, part)
    if (found := _exact(place, part)) is not None:
        return found
    inner = [child for child in _below(place) if child.path[-1] == part]
    depth = min((len(child.path) for child in inner), default=0)
    closest = [child for child in inner if len(child.path) == depth]
    if len(closest) == 1:
        return closest[0]
    if closest:
        known = [_info(child).dotted for child in closest]
        raise NoKeyError(f"several keys are called {part!r}", known=known)
    raise _unknown(place, part)


def _exact(place: _Place, part: str) -> _Place | None:
    """Return what one step leads to, without leaving anything out."""
    for child in _children(place):
        if child.path[-1] == part:
            return child
        if child.path[-1] == NAME or (child.path[-1] == ITEM and part.startswith("[")):
            return replace(child, path=(*place.path, part if child.path[-1] == NAME else ITEM))
    return None


def _unknown(place: _Place, part: str) -> NoKeyError:
    here = [child.path[-1] for child in _children(place) if child.field is not None]
    where = f" in {_info(place).dotted}" if place.path else ""
    hint = None
    if (near := meant_key(part, here) or nearest_key(part, here)) is not None:
        hint = ".".join((*place.path, near))
    else:
        everywhere = {child.path[-1]: child for child in reversed(list(_below(_ROOT)))}
        far = meant_key(part, everywhere) or nearest_key(part, everywhere)
        if far is not None:
            hint = _info(everywhere[far]).dotted
    return NoKeyError(f"there is no key {part!r}{where}", nearest=hint, known=here)


def _below(place: _Place) -> Iterator[_Place]:
    for child in _children(place):
        yield child
        yield from _below(child)


def _children(place: _Place) -> Iterator[_Place]:
    section = _section(place)
    if section is not None:
        for key, field in keys_of(section).items():
            yield _Place((*place.path, key), field.annotation, field)
        return
    item = item_of(place.annotation)
    if item is not None:
        mark = NAME if place.field is not None and is_mapping(place.field) else ITEM
        if next(sections_directly_in(item), None) is not None:
            yield _Place((*place.path, mark), item)


def _section(place: _Place) -> type[Section] | None:
    return next(sections_directly_in(place.annotation), None)


def _info(place: _Place) -> KeyInfo:
    field, section = place.field, _section(place)
    notes = field.metadata if field is not None else ()
    inner = section or _section_within(place.annotation)
    info = KeyInfo(
        place.path,
        (field.description if field is not None else None) or _first_line(inner),
        words_of(place.annotation, notes),
        is_required=field is not None and field.is_required(),
        default=_default(field),
        example=_example(field, place.annotation),
        choices=choices_of(place.annotation) if inner is None else (),
        namespaces=namespaces_of(place.annotation, notes) if inner is None else (),
    )
    if inner is None:
        return info
    return replace(info, short=inner.SHORT, one_of=inner.ONE_OF, keys=tuple(keys_of(inner)))


def _section_within(annotation: Any) -> type[Section] | None:  # noqa: ANN401  # any type form
    item = item_of(annotation)
    return None if item is None else next(sections_directly_in(item), None)


def _first_line(section: type[Section] | None) -> str:
    return (section.__doc__ or "").partition("\n")[0] if section is not None else ""


def _default(field: FieldInfo | None) -> Data:
    if field is None or field.is_required():
        return None
    default = field.default
    if default is not None and is_duration(field):
        return format_duration(default)
    is_plain = isinstance(default, bool | int | float | str)
    return cast("Data", default) if is_plain else None


def _example(field: FieldInfo | None, annotation: Any) -> Data:  # noqa: ANN401  # any type form
    """Return the written example, else one made of the examples of the keys that are needed."""
    if field is not None and field.examples:
        return _plain(field.examples[0])
    section = next(sections_directly_in(annotation), None)
    if section is not None:
        return _section_example(section)
    item = item_of(annotation)
    if item is None or (inner := _example(None, item)) is None:
        return None
    if field is None or not is_mapping(field):
        return [inner]
    return {_EXAMPLE_NAMES.get(section_of(field), "name"): inner}


def _section_example(section: type[Section]) -> Data:
    fields = keys_of(section)
    needed = [key for key, field in fields.items() if field.is_required()]
    if section.SHORT is not None and not [key for key in needed if key != section.SHORT]:
        return _example(fields[section.SHORT], fields[section.SHORT].annotation)
    chosen = needed + [key for key in section.ONE_OF[:1] if key not in needed] or list(fields)[:1]
    return {key: _example(fields[key], fields[key].annotation) for key in chosen}


def _plain(value: Any) -> Data:  # noqa: ANN401  # examples are of any plain type
    return cast("Data", list(value) if isinstance(value, tuple) else value)


_EXAMPLE_NAMES: dict[type[Section] | None, str] = {Service: "influxdb", Use: "tank"}
_ROOT = _Place((), Twin)
