"""What ``twin serve`` does."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_api.cli.command import GOOD, CommandError
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
        choices = read_scripts(Path(options.config)) if options.config else _twin(options.path)
    except ChoiceError as error:
        raise CommandError(str(error)) from error
    address = _address(options.address, allow_anonymous=options.allow_anonymous)
    token = None if options.allow_anonymous else _token(options.token_file)
    port = _usable_port(address, options.port if options.port is not None else choices.port or 0)
    with tempfile.TemporaryDirectory(prefix="twin-serve-") as state:
        asyncio.run(_serve(Commands(choices, Path(state)), address, port, token, options))
    return GOOD


async def _serve(
    commands: Commands, address: str, port: int, token: str | None, options: argparse.Namespace
) -> None:
    shown = f"[{address}]" if ":" in address else address

    def ready() -> None:
        print(f"Serving at http://{shown}:{port}", flush=True)
        if token is not None and options.token_file is None:
            print(f"Send the header Authorization: Bearer {token}", flush=True)

    try:
        await serve(make_application(commands, token), port=port, address=address, ready=ready)
    finally:
        await commands.stop()


def _twin(path: str) -> Scripts | Phases:
    return read_twin(Path(path))


def _address(text: str, *, allow_anonymous: bool) -> str:
    try:
        address = ipaddress.ip_address("127.0.0.1" if text == "localhost" else text)
    except ValueError as error:
        raise CommandError(f"--address: {text!r} is no address: write 127.0.0.1") from error
    if allow_anonymous and not address.is_loopback:
        raise CommandError(
            f"--allow-anonymous: {text} can be reached by others, who could run everything: write "
            "--address 127.0.0.1, or ask for a token"
        )
    return str(address)


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


def _usable_port(address: str, port: int) -> int:
    """Return a port that can be listened on; of 0, a free one."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, OverflowError) as error:
            raise CommandError(f"--port: {port} cannot be used: choose another one") from error
        return int(probe.getsockname()[1])
