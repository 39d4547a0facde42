"""Short forms written out: a plain value where a section may stand, and older names of phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.fields import item_of, keys_of, sections_directly_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.nodes import Data, Key
    from twinhub_dtconfig.sections import Section

RENAMED = {"analyze": "analyse"}
"""Other spellings of phases."""


class _Form:
    """What a type says of short forms: looked up once, since types are slow to take apart."""

    __slots__ = ("_annotation", "_item", "_keys", "section")

    def __init__(self, annotation: Any) -> None:  # noqa: ANN401  # any type form
        self._annotation = annotation  # kept, so that its id stays its own
        self.section = next(sections_directly_in(annotation), None)
        self._keys: dict[str, _Form] | None = None
        self._item: _Form | None = None

    @property
    def keys(self) -> dict[str, _Form]:
        """The forms of a section's keys."""
        if self._keys is None:
            fields = keys_of(self.section).items() if self.section else ()
            self._keys = {key: _form_of(field.annotation) for key, field in fields}
        return self._keys

    @property
    def item(self) -> _Form | None:
        """The form of an item of a list or mapping; None where there is none."""
        if self._item is None:
            self._item = _form_of(item_of(self._annotation))
        return None if self._item is _PLAIN else self._item


_forms: dict[int, _Form] = {}


def _form_of(annotation: Any) -> _Form:  # noqa: ANN401  # any type form
    if annotation is None:
        return _PLAIN
    form = _forms.get(id(annotation))
    if form is None:
        form = _forms[id(annotation)] = _Form(annotation)
    return form


_PLAIN = _Form(None)


def expand(data: Data, annotation: type[Section]) -> Data:
    """Return data as the long form that a type has; what does not fit is left as it is."""
    return _expand(data, _form_of(annotation))


def _expand(data: Data, form: _Form) -> Data:
    section = form.section
    if section is not None:
        if section.SHORT is not None and not isinstance(data, dict | None):
            data = {section.SHORT: data}
        if isinstance(data, dict):
            keys = form.keys
            return {
                key: _expand(value, keys[key]) if key in keys else value
                for key, value in data.items()
            }
    if not isinstance(data, dict | list) or (item := form.item) is None:
        return data
    if isinstance(data, list):
        return [_expand(value, item) for value in data]
    return {key: _expand(value, item) for key, value in data.items()}


def find_nulls(data: Data, path: tuple[Key, ...] = ()) -> Iterator[tuple[Key, ...]]:
    """Yield the paths of values that are nothing."""
    if data is None and path:
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from find_nulls(value, (*path, key))
    elif isinstance(data, list):
        for at, value in enumerate(data):
            yield from find_nulls(value, (*path, at))
