"""Changes to the data of a file: every place, every kind of wrong, by a seed."""

from __future__ import annotations

import copy
import math
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.documents import Data, Key

VALUES: tuple[Data, ...] = (
    None, True, False, 0, 1, -1, 8.0, 1.5, 65536, 10**30, math.inf, math.nan,
    "", " ", "text", "Text With Spaces", "a\n", "x" * 2049, "3.11", "1.2.3", "12", "yes",
    "10s", "0s", "0.5h", "9d", "999999999d", "5 x", "4G", "1.5 KiB", "5X", "-1", "1e3",
    "\u0663s", "2\u212a",
    "../a", "/a", "a/../b", "~", "a\\b", "a//b", "models/x", "common/models/x@1", "models/x@1",
    "a | b", "a 'b", "${parameters.nothing}", "${secrets.broker_password}", "$HOME", "(",
    [], {}, [None], ["a"], ["a", "a"], [1], ["../a"], [[]], {"a": 1}, {"a": None}, {"1x": "a"},
    {"command": "a"}, {"command": "a", "script": "b"}, {"default": 1},
    {"from": 0, "to": 1, "steps": 2},
)  # fmt: skip
NAMES = (
    "1x", "a b", "", "x" * 64, "\u00e9", "a-b", "a.b", "kommand", "analyse", "analyze", "mqtt",
)  # fmt: skip
ALTERNATIVES: tuple[tuple[str, Data], ...] = (
    ("command", "a"), ("script", "a"), ("processes", {"a": "b"}), ("asset", "models/a"),
    ("twin", "digital_twins/a"), ("url", "https://a.b/c"), ("port", 80), ("log", "a"),
    ("http", "80/"), ("file", "a"), ("signal", "SIGINT"), ("managed", {}),
    ("external", {"url": "a://b"}), ("variable", "a"), ("topic", "a"), ("csv", "a"),
    ("metric", "a"), ("render", "a"), ("text", "a"), ("every", "1h"), ("requirements", "a"),
    ("type", "text"), ("type", "boolean"), ("type", "integer"), ("default", "a"), ("default", True),
    ("minimum", 1), ("maximum", 1), ("unit", "K"), ("choices", [1, "a"]), ("choices", ["a"]),
    ("data", "profile"), ("kind", "mqtt"), ("offer", "team"), ("stop", "SIGINT"), ("stop", {}),
    ("secret", "lake_key"), ("writable", True), ("copy", True), ("configuration", "a"),
)  # fmt: skip


def paths_of(data: Data, path: tuple[Key, ...] = ()) -> Iterator[tuple[Key, ...]]:
    """Yield the path of every value below the data."""
    children = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    for key, value in children:
        yield (*path, key)
        yield from paths_of(value, (*path, key))


def mutations(data: Data, count: int, seed: int) -> Iterator[tuple[str, Data]]:
    """Yield so many changed copies of the data, each with what was done to it."""
    choose = random.Random(seed)  # noqa: S311  # the same ones each time
    places = list(paths_of(data))
    for _ in range(count):
        changed = copy.deepcopy(data)
        done = [_mutate(changed, choose.choice(places), choose)]
        if choose.random() < 0.2:
            done.append(_mutate(changed, choose.choice(places), choose))
        yield "; ".join(done), changed


def _mutate(data: Any, path: tuple[Key, ...], choose: random.Random) -> str:  # noqa: ANN401  # any YAML
    parent = _at(data, path[:-1])
    key = path[-1]
    shown = ".".join(map(str, path))
    if not _holds(parent, key):
        return "nothing"
    match choose.randrange(6):
        case 0:
            del parent[key]
            return f"{shown} removed"
        case 1 if isinstance(parent, dict):
            name = choose.choice((*NAMES, f"{key}s"))
            parent[name] = parent.pop(key)
            return f"{shown} renamed {name!r}"
        case 2 if isinstance(parent[key], dict):
            name, value = choose.choice(ALTERNATIVES)
            parent[key][name] = value
            return f"{shown}.{name} is {value!r}"
        case 3 if isinstance(parent[key], list):
            parent[key].append(choose.choice(VALUES))
            return f"{shown} longer by {parent[key][-1]!r}"
        case _:
            parent[key] = copy.deepcopy(choose.choice(VALUES))
            return f"{shown} is {str(parent[key])[:40]!r}"


def _at(data: Any, path: tuple[Key, ...]) -> Any:  # noqa: ANN401  # any YAML
    for key in path:
        if not _holds(data, key):
            return None
        data = data[key]
    return data


def _holds(data: object, key: Key) -> bool:
    if isinstance(data, dict):
        return key in data
    return isinstance(data, list) and isinstance(key, int) and key < len(data)
