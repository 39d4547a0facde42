"""Two twins compared by what they mean: defaults and short forms written out, in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from twinhub_dtconfig.command_lines import BadCommandError, split_command
from twinhub_dtconfig.fields import dotted
from twinhub_dtconfig.rules.assets import BELONGS
from twinhub_dtconfig.rules.connections import kind_of
from twinhub_dtconfig.rules.texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Data, Key

Kind = Literal["added", "removed", "changed"]
Path = tuple["Key", ...]

_SETS = frozenset({"keywords", "after", "toolchains", "system", "devices", "licences"})
"""Lists whose order means nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs; ``before`` or ``after`` is None where there is none."""

    path: tuple[Key, ...]
    kind: Kind
    before: Data = None
    after: Data = None

    @property
    def dotted(self) -> str:
        """Return the path as messages show it."""
        return dotted(self.path)


def compare_twins(before: Twin, after: Twin) -> tuple[Change, ...]:
    """Return what differs between two twins, in the order of the keys of the language."""
    return tuple(_compare(written_out(before), written_out(after), ()))


def written_out(twin: Twin) -> dict[str, Data]:
    """Return a twin as plain data with all that is left out or short written out.

    Commands are lists of words, and what follows from a name or a default is there.
    """
    data = cast("dict[str, Data]", twin.model_dump(mode="json", by_alias=True, exclude_none=True))
    _split_commands(twin, data)
    data.setdefault("title", twin.name)
    for name, parameter in twin.parameters.items():
        _set(data, ("parameters", name, "type"), parameter.kind)
    for name, command in twin.commands.items():
        for argument, quantity in command.arguments.items():
            _set(data, ("commands", name, "arguments", argument, "type"), quantity.kind)
    for name, service in twin.services.items():
        _set(data, ("services", name, "kind"), kind_of(name, service))
    for path in _meaningless(twin):
        _drop(data, path)
    return data


def _meaningless(twin: Twin) -> Iterator[Path]:
    """Yield values that are only there as defaults, and that nobody may write there."""
    for name, port in twin.ports.items():
        if port.access != "public":
            yield ("ports", name, "offer")
    for name, use in twin.uses.items():
        source = next(key for key in use.ONE_OF if getattr(use, key) is not None)
        yield from (("uses", name, key) for key, of in BELONGS.items() if source not in of)
    for name, phase in twin.phases.items():
        if phase.processes is not None:
            yield ("phases", name, "stop")


def _split_commands(twin: Twin, data: Data) -> None:
    for path, text, mark in texts_of(twin):
        if mark.is_command and not isinstance(path[-1], int):
            try:
                words: list[Data] = list(split_command(text))
            except BadCommandError:
                continue
            _set(data, path, words)


def _drop(data: Data, path: Path) -> None:
    for key in path[:-1]:
        data = data[key]  # type: ignore[index]  # the path is one of this data
    if isinstance(data, dict):
        data.pop(str(path[-1]), None)


def _set(data: Data, path: Path, value: Data) -> None:
    for key in path[:-1]:
        data = data[key]  # type: ignore[index]  # the path is one of this data
    data[path[-1]] = value  # type: ignore[index]


def _compare(before: Data, after: Data, path: Path) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _compare_mappings(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(before, after, path)
    elif isinstance(before, bool) != isinstance(after, bool) or before != after:
        yield Change(path, "changed", before, after)


def _compare_mappings(
    before: dict[str, Data], after: dict[str, Data], path: Path
) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *after)):
        place = (*path, key)
        if key not in after:
            yield Change(place, "removed", before=before[key])
        elif key not in before:
            yield Change(place, "added", after=after[key])
        else:
            yield from _compare(before[key], after[key], place)


def _compare_lists(before: list[Data], after: list[Data], path: Path) -> Iterator[Change]:
    if path[-1] in _SETS and all(isinstance(one, str) for one in (*before, *after)):
        before, after = sorted(before, key=str), sorted(after, key=str)
    is_plain = not any(isinstance(one, dict | list) for one in (*before, *after))
    if len(before) != len(after) or is_plain:
        if any(True for _ in _pairwise(before, after, path)) or len(before) != len(after):
            yield Change(path, "changed", before, after)
        return
    yield from _pairwise(before, after, path)


def _pairwise(before: list[Data], after: list[Data], path: Path) -> Iterator[Change]:
    for at, (one, other) in enumerate(zip(before, after, strict=False)):
        yield from _compare(one, other, (*path, at))
