"""Writes an inferred twin as the text of a ``twin.yaml``, with a comment on each guess."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import dump_document
from twinhub_dtconfig.lines import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twinhub_dtconfig.faults import Fault
    from twinhub_dtconfig.inference.guesses import Guess
    from twinhub_dtconfig.nodes import Data, Key

_WIDTH = 96
_STEP = "  "
_LONGEST_LIST = 70


def write_twin(data: Mapping[str, Data], guesses: Iterable[Guess], notes: Iterable[Fault]) -> str:
    """Return YAML that loads as the data, with the reason of each guess above its key."""
    reasons = {guess.path: str(guess) for guess in guesses}
    lines = [*_comment(_HEAD, ""), *_mapping(data, (), reasons)]
    shown = [f"{note.file}:{note.line}: {note.what}; {note.remedy}" for note in notes]
    if shown:
        lines += ["", "# Noticed on the way:"]
        lines += [line for note in shown for line in _comment(f"- {note}", "")]
    return "".join(f"{line}\n" for line in lines)


_HEAD = (
    "Proposed from what is in this folder. Lines with `guess` say why something is thought;"
    " change what is wrong, and remove them. Nothing was run."
)


def _mapping(
    data: Mapping[str, Data], path: tuple[Key, ...], reasons: Mapping[tuple[Key, ...], str]
) -> Iterator[str]:
    indent = _STEP * len(path)
    for key, value in data.items():
        here = (*path, key)
        if not path and isinstance(value, dict):
            yield ""
        if here in reasons:
            yield from _comment(reasons[here], indent)
        if isinstance(value, dict) and value:
            yield f"{indent}{_inline(key)}:"
            yield from _mapping(value, here, reasons)
        else:
            yield from _value(key, value, indent)


def _value(key: str, value: Data, indent: str) -> Iterator[str]:
    if isinstance(value, str) and _is_plain_block(value):
        yield f"{indent}{_inline(key)}: |"
        yield from (f"{indent}{_STEP}{line}" if line else "" for line in value.splitlines())
        return
    items = [_inline(item) for item in value] if isinstance(value, list) else []
    if isinstance(value, list) and sum(map(len, items)) < _LONGEST_LIST:
        text = dump_document({key: [*value]}).rstrip("\n")
        is_simple = all(re.fullmatch(r"[\w][\w.*/+-]*", item) for item in items)
        text = f"{_inline(key)}: [{', '.join(items)}]" if is_simple else text
    else:
        text = dump_document({key: value}).rstrip("\n")
    yield from textwrap.indent(text, indent).split("\n")


def _is_plain_block(text: str) -> bool:
    """Return whether a text stands in a literal block as it is."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and not lines[-1]
        and bool(lines[-2].strip())
        and bool(lines[0].strip())
        and not lines[0].startswith((" ", "\t"))
        and not any(set(line) & {"\t", "\r"} or HIDDEN.search(line) for line in lines)
    )


def _inline(value: Data) -> str:
    return dump_document([value]).removeprefix("- ").rstrip("\n")


def _comment(text: str, indent: str) -> list[str]:
    plain = HIDDEN.sub("?", text)
    mark = f"{indent}# "
    return textwrap.wrap(
        plain, _WIDTH, initial_indent=mark, subsequent_indent=f"{mark}  ", break_on_hyphens=False
    )
