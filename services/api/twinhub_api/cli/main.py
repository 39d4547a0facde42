"""The ``twin`` command: finds the sub-command, runs it, and ends without a traceback."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from twinhub_api.cli.command import (
    DESCRIBING,
    GOOD,
    OUTCOME,
    RUNNING,
    SHARING,
    WRONG_USE,
    CommandError,
    FaultyTwinError,
    find_commands,
)
from twinhub_api.command_lines import CommandParser, name_nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twinhub_api.cli.command import Broken, Command

_ENDED_BY_PIPE = 141
_INTERRUPTED = 130
_ABOUT = "Works with digital twins: with twin.yaml, and with folders that have none."
_TRACEBACK = "TWIN_TRACEBACK"
_CODES = "exit codes: 0 all is well, 1 faults were found, 2 wrong use or nothing to read"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command and return its exit code: 0 well, 1 faults found, 2 wrong use."""
    _forgive_encodings()
    try:
        return _run_and_flush(list(sys.argv[1:] if argv is None else argv))
    except BrokenPipeError:  # the reader of a pipe has seen enough
        _abandon_output()
        return _ENDED_BY_PIPE
    except FaultyTwinError as error:
        print(error, file=sys.stderr)
        return error.code
    except (CommandError, OSError) as error:
        print(f"twin: {error}", file=sys.stderr)
        _abandon_output()
        return WRONG_USE
    except KeyboardInterrupt:
        print("twin: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except Exception as error:
        if os.environ.get(_TRACEBACK):
            raise
        _report_bug(error)
        return WRONG_USE


def _run_and_flush(arguments: list[str]) -> int:
    """Run a sub-command; what it has printed is out, or the reason why not is raised."""
    try:
        code = _run(arguments)
    except SystemExit as end:  # of argparse, which has said what is wrong
        code = end.code if isinstance(end.code, int) else WRONG_USE
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _abandon_output() -> None:
    """Have Python not try again, at its end, to write what could not be written."""
    if sys.stdout is not None:
        with suppress(OSError, ValueError):  # it is closed, or no file of the system
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_bug(error: Exception) -> None:
    """Say where a fault of ours, or of the sub-command of another package, has come up."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    what = ascii(" ".join(f"{type(error).__name__}: {error}".split()))[1:-1]
    print(
        f"twin: this should not happen: {what} ({where}). Please report it, with the file and what"
        f" {_TRACEBACK}=1 shows",
        file=sys.stderr,
    )


def build_parser(commands: Iterable[Command], name: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the whole command, or of one sub-command and the names of the others."""
    parser = CommandParser(
        prog="twin", epilog=_CODES, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="store_true", help="print the version of TwinHub")
    subparsers = parser.add_subparsers(metavar="COMMAND", dest="command", help="see above")
    listed = list(commands)
    for command in listed:
        example = f"example: twin {command.name} {command.example}" if command.example else None
        sub = subparsers.add_parser(
            command.name, description=f"{command.summary}.", epilog=example, allow_abbrev=False
        )
        if name in {None, command.name}:
            command.add_arguments(sub)
        sub.set_defaults(run_command=command)
    parser.description = f"{_ABOUT}\n\n{_grouped(listed)}"
    return parser


def _grouped(commands: Sequence[Command]) -> str:
    """Return names and summaries of sub-commands, below the headings of their groups."""
    first = (DESCRIBING, RUNNING, OUTCOME, SHARING)
    parts = []
    for group in dict.fromkeys((*first, *(one.group for one in commands))):
        rows = [f"  {one.name:<12}{one.summary}" for one in commands if one.group == group]
        if rows:
            parts.append("\n".join((f"{group}:", *rows)))
    return "\n\n".join(parts)


def _run(arguments: list[str]) -> int:
    name = arguments[0] if arguments and not arguments[0].startswith("-") else None
    commands, broken = find_commands(only=name)
    if name is not None and not commands:
        return _refuse(name, broken)
    parser = build_parser(commands, name or "")
    if not arguments:
        parser.print_help(sys.stderr)
        return WRONG_USE
    if arguments[0] in {"-h", "--help"}:
        for one in broken:
            _tell(one)
    parsed = parser.parse_args(arguments)
    if parsed.version:
        return _print_version()
    command: Command = parsed.run_command
    return int(command.load_run()(parsed))


def _refuse(name: str, broken: Sequence[Broken]) -> int:
    """Say why there is no such sub-command."""
    for one in broken:
        _tell(one)
    if not broken:
        hint = name_nearest(name, (command.name for command in find_commands()[0]))
        print(f"twin: there is no command {name!r}; {hint}", file=sys.stderr)
    return WRONG_USE


def _tell(broken: Broken) -> None:
    print(f"twin: {broken.name!r} cannot be loaded: {broken.why}", file=sys.stderr)


def _print_version() -> int:
    from importlib.metadata import version  # noqa: PLC0415  # only where it is needed

    print(f"twin {version('twinhub-api')}")
    return GOOD


def _forgive_encodings() -> None:
    """Have characters that the terminal cannot show written as escapes, not as an error."""
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
