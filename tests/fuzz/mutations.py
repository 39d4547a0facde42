"""Small changes of files, by bytes, by lines and by values: what a fuzz target feeds on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.changes import value_at, with_value, without_value
from twinhub_dtconfig.documents import DocumentError, dump_document, parse_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from twinhub_dtconfig.documents import Data, Key

TOKENS = (
    b": ",
    b":",
    b"- ",
    b"? ",
    b"[",
    b"]",
    b"{",
    b"}",
    b", ",
    b"#",
    b" # ",
    b"&a ",
    b"*a",
    b"!!int ",
    b"!x ",
    b"|",
    b">-",
    b"|+2",
    b"'",
    b'"',
    b"\\",
    b"%YAML 1.2\n",
    b"---\n",
    b"...\n",
    b"\t",
    b"\n",
    b"\r\n",
    b"\r",
    b"<<: ",
    b"~",
    b"012",
    b"1e999",
    b".nan",
    b"null",
    b"true",
    b"${",
    b"${a.b}",
    b"$${",
    b"\x00",
    b"\x1b",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"\xf0\x9f\x98\x80",
    b"=",
    b"@",
    b"`",
    b"../",
    b"9" * 70,
    b" " * 40,
)
VALUES: tuple[Data, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    float("inf"),
    float("nan"),
    2**70,
    "",
    "x",
    "no",
    "a\nb\n",
    "\0",
    "\u2028",
    "\U0001f600",
    "../x",
    "${parameters.x}",
    "${",
    "a; b",
    "-5s",
    "9" * 300,
    [],
    [[]],
    ["x", 1],
    {},
    {"x": 1},
    {"x": {"x": []}},
    {"command": "x"},
    {"": ""},
)


def mutate(random: Random, seeds: tuple[bytes, ...]) -> bytes:
    """Return a seed after some changes, mostly few."""
    content = random.choice(seeds)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        content = random.choice(_CHANGES)(random, content, seeds)
    return content[: 2**18]


def paths(data: Data, path: tuple[Key, ...] = ()) -> Iterator[tuple[Key, ...]]:
    """Yield the path of each value."""
    yield path
    if isinstance(data, dict):
        for key, inner in data.items():
            yield from paths(inner, (*path, key))
    elif isinstance(data, list):
        for index, inner in enumerate(data):
            yield from paths(inner, (*path, index))


def _slice(random: Random, content: bytes) -> tuple[int, int]:
    start = random.randrange(len(content) + 1)
    return start, min(len(content), start + random.choice((1, 1, 2, 5, 20, 200)))


def _flip(random: Random, content: bytes, _: object) -> bytes:
    start, end = _slice(random, content)
    return content[:start] + random.randbytes(end - start) + content[end:]


def _delete(random: Random, content: bytes, _: object) -> bytes:
    start, end = _slice(random, content)
    return content[:start] + content[end:]


def _insert(random: Random, content: bytes, _: object) -> bytes:
    start, _end = _slice(random, content)
    return content[:start] + random.choice(TOKENS) * random.choice((1, 1, 1, 3)) + content[start:]


def _repeat(random: Random, content: bytes, _: object) -> bytes:
    start, end = _slice(random, content)
    return content[:end] + content[start:end] * random.choice((1, 2, 50)) + content[end:]


def _splice(random: Random, content: bytes, seeds: tuple[bytes, ...]) -> bytes:
    start, end = _slice(random, other := random.choice(seeds))
    at, _end = _slice(random, content)
    return content[:at] + other[start : end * 2] + content[at:]


def _lines(random: Random, content: bytes, _: object) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            lines[one], lines[other] = lines[other], lines[one]
        case 1:
            lines[one] = b" " * random.choice((1, 2, 4)) + lines[one]
        case 2:
            lines[one] = lines[one].removeprefix(b"  ")
        case _:
            lines.insert(one, lines[other])
    return b"".join(lines)


def _value(random: Random, content: bytes, _: object) -> bytes:
    """Change the data, and write it anew."""
    try:
        data = parse_document(content, "f.yaml").data
    except DocumentError:
        return content
    path = random.choice(list(paths(data)))
    if path and random.randrange(3) == 0:
        changed = without_value(data, path)
    else:
        other = value_at(data, random.choice(list(paths(data))))
        changed = with_value(data, path, random.choice((*VALUES, other)))
    return dump_document(changed).encode()


_CHANGES: tuple[Callable[[Random, bytes, tuple[bytes, ...]], bytes], ...] = (
    _flip,
    _delete,
    _insert,
    _insert,
    _repeat,
    _splice,
    _lines,
    _lines,
    _value,
    _value,
    _value,
)
