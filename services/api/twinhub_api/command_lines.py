"""What the commands of TwinHub share: an unknown word gets the nearest known one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

WRONG_USE = 2
"""Exit code of a command that was not understood."""


class CommandParser(argparse.ArgumentParser):
    """A parser, also of the verbs in it, that tells which verb or choice was probably meant."""

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
