"""What ``twin serve`` does."""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_api.cli.command import GOOD, CommandError
from twinhub_kit.listening import ListeningError, find_port, read_address, show_url
from twinhub_kit.serving import serve

from twinhub_runner.solo.answers import make_application
from twinhub_runner.solo.choices import ChoiceError, read_scripts, read_twin
from twinhub_runner.solo.running import Commands

if TYPE_CHECKING:
    import argparse

    from twinhub_runner.solo.choices import Phases, Scripts

_SHORTEST_TOKEN = 16


def run(options: argparse.Namespace) -> int:
    """Serve until told to end; return the exit code.

    Raises:
        CommandError: there is nothing to serve, or it cannot be served so.
    """
    try:
        config, folder = options.config, options.path
        choices = read_scripts(Path(config)) if config else read_twin(Path(folder))
        why = "who could run everything" if options.allow_anonymous else ""
        address = read_address(options.address, only_loopback=why)
        port = find_port(address, choices.port or 0 if options.port is None else options.port)
    except (ChoiceError, ListeningError) as error:
        raise CommandError(str(error)) from error
    token = None if options.allow_anonymous else _token(options.token_file)
    with tempfile.TemporaryDirectory(prefix="twin-serve-") as state:
        asyncio.run(_serve(choices, Path(state), address, port, token, options))
    return GOOD


async def _serve(
    choices: Phases | Scripts, state: Path, address: str, port: int, token: str | None,
    options: argparse.Namespace,
) -> None:  # fmt: skip
    commands = Commands(choices, state)

    def ready() -> None:
        print(f"Serving at {show_url(address, port)}", flush=True)
        if token is not None and options.token_file is None:
            print(f"Send the header Authorization: Bearer {token}", flush=True)
        print(f"Commands: {', '.join(choices.names)}", flush=True)
        for name in choices.faulty:
            print(
                f"twin: {choices.folder / name} cannot be run: it has to be executable, and begin"
                " with #! and its interpreter", file=sys.stderr, flush=True,
            )  # fmt: skip

    try:
        await serve(make_application(commands, token), port=port, address=address, ready=ready)
    finally:
        await commands.stop()


def _token(file: str | None) -> str:
    if file is None:
        return secrets.token_urlsafe(24)
    try:
        token = Path(file).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise CommandError(f"--token-file: {file} cannot be read: {error}") from error
    if len(token) < _SHORTEST_TOKEN or not token.isascii():
        raise CommandError(f"--token-file: write {_SHORTEST_TOKEN} or more plain characters")
    return token
