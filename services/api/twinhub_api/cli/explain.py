"""``twin explain``: what a key of ``twin.yaml`` means and what it may be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import dump_document
from twinhub_dtconfig.keys import NoKeyError, find_key, keys_in, list_keys
from twinhub_dtconfig.models.twin import Twin

from twinhub_api.cli.command import GOOD, CommandError
from twinhub_api.cli.terminal import safe, terminal_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from twinhub_dtconfig.keys import KeyInfo
    from twinhub_dtconfig.nodes import Data

    from twinhub_api.cli.terminal import Terminal

_MOST_KNOWN = 12


def run(arguments: argparse.Namespace) -> int:
    """Print what is known about a key, or the keys at the top level."""
    info, inner = _find(arguments.key)
    if arguments.json:
        print(json.dumps(_data(info, inner), indent=2))
        return GOOD
    terminal = terminal_of()
    if info is None:
        print(_render_first(inner, terminal))
    else:
        print("\n".join(_render(info, inner, terminal)))
    return GOOD


def words() -> Iterator[str]:
    """Yield what a shell may complete after ``twin explain``."""
    return (info.dotted for info in list_keys())


def _find(key: str) -> tuple[KeyInfo | None, list[KeyInfo]]:
    if not key:
        return None, [info for info in list_keys() if len(info.path) == 1]
    try:
        info = find_key(key)
    except NoKeyError as error:
        if error.nearest:
            hint = f"did you mean {error.nearest!r}?"
        elif error.known:
            known = error.known[:_MOST_KNOWN]
            more = (
                f" and {len(error.known) - len(known)} more"
                if len(error.known) > len(known)
                else ""
            )
            hint = f"choose from {', '.join(known)}{more}"
        else:
            hint = "`twin explain` lists the first keys"
        raise CommandError(f"{safe(error.what)}; {hint}") from error
    return info, keys_in(info)


def _render_first(keys: Sequence[KeyInfo], terminal: Terminal) -> str:
    head = (Twin.__doc__ or "").partition("\n")[0]
    rows = [(info.dotted, _summary(info)) for info in keys]
    tail = "`twin explain KEY` says more, as in `twin explain phases.execute.ready`."
    return f"{head}\n\n{terminal.table(rows, indent=2)}\n\n{tail}"


def _render(info: KeyInfo, inner: Sequence[KeyInfo], terminal: Terminal) -> Iterator[str]:
    yield terminal.paint(info.dotted, "bold", "cyan")
    yield terminal.table([("", info.description)]) if info.description else ""
    yield ""
    yield terminal.table(list(_facts(info)), indent=2)
    if info.example is not None:
        yield f"\n  {terminal.paint('example', 'bold')}"
        key = next((part for part in reversed(info.path) if part != "[]"), "")
        example: Data = [info.example] if info.path[-1] == "[]" else info.example
        yield _indented(dump_document({key: example}))
    if inner:
        yield f"\n  {terminal.paint('keys', 'bold')}"
        yield terminal.table([(key.path[-1], _summary(key)) for key in inner], indent=4)


def _facts(info: KeyInfo) -> Iterator[tuple[str, str]]:
    yield "type", info.kind
    yield "needed", "yes" if info.is_required else "no"
    if info.default is not None:
        yield "default", _shown(info.default)
    if info.choices:
        yield "allowed", ", ".join(info.choices)
    if info.short is not None:
        yield "short form", f"the value of `{info.short}` in place of the keys"
    if info.one_of:
        yield "exactly one", ", ".join(info.one_of)
    if info.namespaces:
        yield "puts in", ", ".join(f"${{{namespace}.…}}" for namespace in info.namespaces)
    if info.is_reserved:
        yield "note", "is read and checked, and not yet run"


def _summary(info: KeyInfo) -> str:
    marks = [mark for mark, given in (("needed", info.is_required),) if given]
    return f"{info.description} ({', '.join(marks)})" if marks else info.description


def _shown(value: Data) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False) if value != "" else "empty text"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip("\n").split("\n"))


def _data(info: KeyInfo | None, inner: Sequence[KeyInfo]) -> dict[str, object]:
    keys = [{"key": one.path[-1], "description": one.description} for one in inner]
    if info is None:
        return {"keys": keys}
    return {
        "path": info.dotted,
        "description": info.description,
        "type": info.kind,
        "needed": info.is_required,
        "default": info.default,
        "example": info.example,
        "allowed": list(info.choices),
        "short": info.short,
        "exactly_one": list(info.one_of),
        "puts_in": list(info.namespaces),
        "not_yet_run": info.is_reserved,
        "keys": keys,
    }
