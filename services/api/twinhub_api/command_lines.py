"""What the commands of TwinHub share: an unknown word gets the nearest known one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

WRONG_USE = 2
"""Exit code of a command that was not understood."""


class _Help(argparse.HelpFormatter):
    """Help in which the names of verbs have a column as wide as the longest one."""

    def add_argument(self, action: argparse.Action) -> None:
        """Take an action; argparse forgets that verbs are indented once more."""
        super().add_argument(action)
        if action.nargs == argparse.PARSER:
            self._action_max_length += self._indent_increment

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Return a paragraph; an example stays a line, so that it can be copied."""
        return text if text.startswith("example: ") else super()._fill_text(text, width, indent)


class CommandParser(argparse.ArgumentParser):
    """A parser, also of the verbs in it, that tells which verb or choice was probably meant."""

    def format_help(self) -> str:
        """Return the help."""
        if self.formatter_class is argparse.HelpFormatter:
            self.formatter_class = _Help
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """End the program with what is wrong, and where to read more."""
        super().error(f"{message}; `{self.prog} --help` tells more")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse what is none of the choices; argparse asks this of each word that it takes."""
        if action.choices is None or value in action.choices:
            return
        hint = name_nearest(str(value), map(str, action.choices))
        if action.nargs != argparse.PARSER:
            raise argparse.ArgumentError(action, f"there is no {value!r}; {hint}")
        what = str(action.metavar or "command").lower()
        self.exit(WRONG_USE, f"{self.prog}: there is no {what} {value!r}; {hint}\n")


def name_nearest(word: str, known: Iterable[str]) -> str:
    """Return what a message says after an unknown word: the nearest known one, else all."""
    from twinhub_dtconfig.faults import nearest_key  # noqa: PLC0415  # only where it is needed

    choices = list(known)
    nearest = nearest_key(word, choices)
    return f"did you mean {nearest!r}?" if nearest else f"choose from {', '.join(choices)}"
