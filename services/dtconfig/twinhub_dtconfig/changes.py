"""Changes of plain data at a path, on copies: what a document should hold after an edit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_dtconfig.nodes import Data, Key


def value_at(data: Data, path: Sequence[Key]) -> Data:
    """Return the value at a path that is there."""
    for key in path:
        data = data[key]  # type: ignore[index]  # the path is known to be there
    return data


def nested(path: Sequence[Key], value: Data) -> Data:
    """Return a value inside a mapping for each key of a path, or a list for each index."""
    for key in reversed(path):
        value = {key: value} if isinstance(key, str) else [value]
    return value


def with_value(data: Data, path: Sequence[Key], value: Data) -> Data:
    """Return a copy with the value at a path set; what is missing on the way is added."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(key, int) and isinstance(data, list):
        inner = data[key] if key < len(data) else None
        return [*data[:key], with_value(inner, rest, value), *data[key + 1 :]]
    if isinstance(key, str) and isinstance(data, dict):
        return {**data, key: with_value(data.get(key), rest, value)}
    return nested(path, value)


def without_value(data: Data, path: Sequence[Key]) -> Data:
    """Return a copy without the key or the item at a path that is there."""
    key, rest = path[0], path[1:]
    if isinstance(key, int) and isinstance(data, list):
        kept = [without_value(data[key], rest)] if rest else []
        return [*data[:key], *kept, *data[key + 1 :]]
    if isinstance(key, str) and isinstance(data, dict):
        if rest:
            return {**data, key: without_value(data[key], rest)}
        return {name: inner for name, inner in data.items() if name != key}
    return data


def with_key(data: Data, path: Sequence[Key], name: str) -> Data:
    """Return a copy in which the last key of a path that is there has another name."""
    container = value_at(data, path[:-1])
    if not isinstance(container, dict):
        return data
    renamed = {name if key == path[-1] else key: inner for key, inner in container.items()}
    return with_value(data, path[:-1], renamed)


def same_data(one: Data, other: Data) -> bool:
    """Return whether data is equal, types and NaN included; the order of keys does not count."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_data(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_data, one, other))
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return one == other
