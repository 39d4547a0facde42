"""``twin secret``: gives, lists and removes what twins are told and nobody sees."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from twinhub_api.cli.assets_printing import render_rows
from twinhub_api.cli.command import GOOD, CommandError
from twinhub_api.cli.runs_asking import Runs
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.runner.secrets import LEAST, MOST

if TYPE_CHECKING:
    import argparse

    from twinhub_api.runner.secrets import KeptSecret


def run(options: argparse.Namespace) -> int:
    """Do what is asked with secrets."""
    with Runs.here(options) as runs:
        match options.verb:
            case "set":
                twin = runs.path(options.twin)
                runs.client.set_secret(twin, options.name, _read(options.name))
            case "remove":
                runs.client.remove_secret(runs.path(options.twin), options.name)
            case _:
                _list(runs)
    return GOOD


def _read(name: str) -> str:
    """Return the value: of a file or pipe without the end of its last line.

    Raises:
        CommandError: it cannot be a secret.
    """
    if sys.stdin.isatty():
        value = getpass.getpass(f"{safe(name)}: ")
    else:
        value = sys.stdin.read(MOST + 2).removesuffix("\n").removesuffix("\r")
    if not LEAST <= len(value.encode("utf-8", "surrogateescape")) <= MOST:
        raise CommandError(f"a secret has {LEAST} to {MOST:,} bytes: give it on standard input")
    return value


def _list(runs: Runs) -> None:
    twin = None if runs.options.twin is None else runs.path(runs.options.twin)
    found = runs.client.list_secrets(twin)
    if runs.options.json:
        runs.print_json(*found, is_list=True)
    elif found:
        rows = [("TWIN", "SECRET", "GIVEN", "WHAT IT IS")]
        rows += [_row(runs, one) for one in found]
        print(render_rows(rows, terminal_of()))
    elif twin is not None:
        print("The twin asks for none.")
    else:
        print("You have given none: `twin secret set TWIN NAME` gives one that a twin asks for.")


def _row(runs: Runs, one: KeptSecret) -> tuple[str, str, str, str]:
    given = "no" if one.set_at is None else f"{one.set_at.astimezone():%Y-%m-%d %H:%M}"
    return runs.places.shown(one.twin), one.name, given, one.description
