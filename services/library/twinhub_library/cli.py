"""The command `twinhub-library`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from twinhub_kit.callers import Caller, OpenIdentity

from twinhub_library.library import open_library
from twinhub_library.main import make_library_application
from twinhub_library.settings import LibrarySettings

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser("twinhub-library", description="TwinHub's asset library")
    commands = parser.add_subparsers(required=True)
    serve = commands.add_parser("serve", help="serve a folder")
    serve.add_argument("--root", type=Path, required=True, help="the assets root")
    serve.add_argument("--port", type=int, required=True, help="port on loopback")
    serve.add_argument(
        "--insecure-loopback", action="store_true", required=True,
        help="answer everybody on this machine, without a login",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    return serve_loopback(options.root, options.port)


def serve_loopback(root: Path, port: int) -> int:
    """Serve a folder on loopback to everybody on this machine, until told to end."""
    settings = LibrarySettings(root, root / ".library" / "state")
    with open_library(settings) as library:
        application = make_library_application(
            library, OpenIdentity(Caller("user", is_everybody=True))
        )
        server = Server(
            application, address="127.0.0.1", port=port, interface=Interfaces.ASGI,
            log_enabled=False, http=HTTPModes.http1, websockets=False,
        )  # fmt: skip
        asyncio.run(server.serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
