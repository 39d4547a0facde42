"""What a sub-command of ``twin`` is, and which there are; nothing heavy is imported here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable
    from importlib.metadata import EntryPoint

GROUP = "twinhub.twin_commands"
"""The group of entry points; the name of an entry point is the name of its sub-command."""

DESCRIBING, RUNNING, OUTCOME, SHARING = (
    "describe a twin", "run it", "after a run", "find and share"
)  # fmt: skip
"""Headings of the list of sub-commands, in their order."""

GOOD, FAULTY, WRONG_USE = 0, 1, 2
"""Exit codes: all is well; faults were found; wrong use, or something cannot be read."""


@dataclass(frozen=True, slots=True)
class Command:
    """A sub-command, described without importing what it does.

    ``run`` names a function as ``module:function``. It is imported when the sub-command is used,
    takes the parsed arguments, and returns the exit code. ``words`` names a function likewise,
    without arguments, which returns words that a shell may complete. ``example`` is what may
    follow the name, for the help; ``group`` is the heading of the list that it stands under.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: str
    words: str | None = None
    example: str = ""
    group: str = "more"

    def load_run(self) -> Callable[[argparse.Namespace], int]:
        """Import what the sub-command does."""
        return cast("Callable[[argparse.Namespace], int]", _load(self.run))

    def list_words(self) -> list[str]:
        """Return the words that may follow the sub-command, besides its options."""
        if self.words is None:
            return []
        return list(cast("Callable[[], Iterable[str]]", _load(self.words))())


class CommandError(Exception):
    """Something that stops a sub-command, in words for people."""

    code = WRONG_USE


class FaultyTwinError(CommandError):
    """A twin with faults, where one without is needed; the text is a report of them."""

    code = FAULTY


@dataclass(frozen=True, slots=True)
class Broken:
    """A sub-command that a package announces and that cannot be loaded."""

    name: str
    why: str


def find_commands(only: str | None = None) -> tuple[list[Command], list[Broken]]:
    """Return the installed sub-commands by name, or only the one that is asked for.

    One that cannot be loaded does not keep the others from working.
    """
    commands: dict[str, Command] = {}
    broken: list[Broken] = []
    for entry in _entries():
        if only is not None and entry.name != only:
            continue
        found = _load_entry(entry)
        if isinstance(found, Broken):
            broken.append(found)
        else:
            commands.setdefault(found.name, found)
    return list(commands.values()), broken


def _entries() -> list[EntryPoint]:
    """Return entry points by name; of equal names, our own is first."""
    own = __name__.partition(".")[0]
    return sorted(entry_points(group=GROUP), key=lambda e: (e.name, not e.value.startswith(own)))


def _load_entry(entry: EntryPoint) -> Command | Broken:
    package = entry.dist.name if entry.dist is not None else entry.value
    try:
        command = entry.load()
    except Exception as error:  # noqa: BLE001  # the import of somebody else's module
        return Broken(entry.name, f"{package}: {type(error).__name__}: {error}")
    if not isinstance(command, Command) or command.name != entry.name:
        return Broken(entry.name, f"{package}: {entry.value} is no command of this name")
    return command


def _load(name: str) -> object:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)
