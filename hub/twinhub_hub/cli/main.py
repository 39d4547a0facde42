"""The `twinhub` command: each sub-command is imported only when it is used."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from twinhub_api.command_lines import CommandParser

from twinhub_hub.cli import check

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_WRONG_INPUT = 2
_ENDED_BY_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command and return its exit code: 0 well, 1 failed, 2 wrong input."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser: argparse.ArgumentParser = CommandParser(
        prog="twinhub", description="A hub for digital twins."
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    check.add_parser(subparsers)
    if not arguments or arguments[0] != "check":  # operating imports Docker and the supervisor
        from twinhub_hub.cli import audit, backup, images, operate, render, users, walls  # noqa: PLC0415

        operate.add_parsers(subparsers)
        backup.add_parsers(subparsers)
        walls.add_parser(subparsers)
        users.add_parser(subparsers)
        render.add_parser(subparsers)
        audit.add_parser(subparsers)
        images.add_parser(subparsers)
    parsed = parser.parse_args(arguments)
    return _run(parsed)


def _run(parsed: argparse.Namespace) -> int:
    from twinhub_hub.assets.errors import AssetsError  # noqa: PLC0415
    from twinhub_hub.operate import errors  # noqa: PLC0415
    from twinhub_hub.settings.errors import SettingsError  # noqa: PLC0415

    try:
        return int(parsed.run(parsed))
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _ENDED_BY_PIPE
    except (SettingsError, errors.ArchiveError, errors.AccountListError) as error:
        print(error, file=sys.stderr)
        return _WRONG_INPUT
    except (errors.OperateError, AssetsError) as error:
        print(f"twinhub: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # a folder that cannot be written, an engine that went away
        print(f"twinhub: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("twinhub: interrupted; repeat the command to go on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
