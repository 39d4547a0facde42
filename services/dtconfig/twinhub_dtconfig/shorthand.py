"""Short forms written out: a plain value where a section may stand, and older names of phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.fields import item_of, keys_of, sections_directly_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.nodes import Data, Key

RENAMED = {"analyze": "analyse"}
"""Other spellings of phases."""


def expand(data: Data, annotation: Any) -> Data:  # noqa: ANN401  # any type form
    """Return data as the long form that a type has; what does not fit is left as it is."""
    section = next(sections_directly_in(annotation), None)
    if section is not None:
        if section.SHORT is not None and not isinstance(data, dict | None):
            data = {section.SHORT: data}
        if isinstance(data, dict):
            keys = keys_of(section)
            return {
                key: expand(value, keys[key].annotation) if key in keys else value
                for key, value in data.items()
            }
    item = item_of(annotation)
    if isinstance(data, list):
        return [expand(value, item) for value in data]
    if isinstance(data, dict) and item is not None:
        return {key: expand(value, item) for key, value in data.items()}
    return data


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
