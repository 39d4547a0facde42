"""`twin` finds its sub-commands, and whatever happens ends with a line and a code."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest
from twinhub_api.cli import command as commands_module
from twinhub_api.cli import commands
from twinhub_api.cli.command import GROUP, Broken, Command, find_commands

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.api.conftest import Done


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """Takes none."""


def interrupt(_: argparse.Namespace) -> int:
    raise KeyboardInterrupt


def end_of_pipe(_: argparse.Namespace) -> int:
    raise BrokenPipeError


def no_room(_: argparse.Namespace) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "twin.yaml")


def fail(_: argparse.Namespace) -> int:
    raise LookupError("a fault\nof ours")


BUG = Command("bug", "Show a fault", _no_arguments, f"{__name__}:fail")
SERVE = Command("serve", "Serve a twin", _no_arguments, f"{__name__}:interrupt")
PIPE = Command("pipe", "End a pipe", _no_arguments, f"{__name__}:end_of_pipe")
FULL = Command("full", "Fill a disk", _no_arguments, f"{__name__}:no_room")
NOT_A_COMMAND = 3


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sub-commands of other packages: good ones, and several that are broken."""
    found = [
        EntryPoint(name, f"{module}:{attribute}", GROUP)
        for name, module, attribute in (
            ("serve", __name__, "SERVE"),
            ("pipe", __name__, "PIPE"),
            ("bug", __name__, "BUG"),
            ("full", __name__, "FULL"),
            ("gone", "twinhub_that_is_not_there", "COMMAND"),
            ("nothing", __name__, "NO_SUCH_NAME"),
            ("number", __name__, "NOT_A_COMMAND"),
            ("alias", __name__, "SERVE"),
            ("validate", __name__, "SERVE"),
            ("validate", "twinhub_api.cli.commands", "VALIDATE"),
        )
    ]

    def entry_points(*, group: str) -> list[EntryPoint]:
        return [entry for entry in found if entry.group == group]

    monkeypatch.setattr(commands_module, "entry_points", entry_points)


@pytest.mark.usefixtures("entries")
def test_broken_sub_commands_of_others_leave_the_rest_working() -> None:
    working, broken = find_commands()
    assert {command.name for command in working} == {"serve", "pipe", "full", "bug", "validate"}
    assert {one.name for one in broken} == {"gone", "nothing", "number", "alias", "validate"}
    assert all(isinstance(one, Broken) and one.why for one in broken)


@pytest.mark.usefixtures("entries")
def test_nobody_takes_the_place_of_our_own_sub_command() -> None:
    (validate,), _ = find_commands("validate")
    assert validate is commands.VALIDATE


@pytest.mark.usefixtures("entries")
def test_help_lists_what_others_add_and_says_what_is_broken(twin: Callable[..., Done]) -> None:
    done = twin("--help")
    assert done.code == 0
    assert "  serve       Serve a twin" in done.out
    assert "twin: 'gone' cannot be loaded" in done.err


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["gone"], 2, "twin: 'gone' cannot be loaded: twinhub_that_is_not_there"),
        (["serv"], 2, "twin: there is no command 'serv'; did you mean 'serve'?"),
        (["qqq"], 2, "twin: there is no command 'qqq'; choose from bug, full, pipe"),
        (["serve"], 130, "twin: interrupted"),
        (["bug"], 2, "twin: this should not happen: LookupError: a fault of ours (/"),
        (["full"], 2, "No space left on device: 'twin.yaml'"),
        ([], 2, "usage: twin"),
        (["serve", "--nonsense"], 2, "--nonsense"),
    ],
)
def test_what_goes_wrong_is_said_in_a_line_and_a_code(
    twin: Callable[..., Done], arguments: list[str], code: int, said: str
) -> None:
    done = twin(*arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("entries")
def test_a_traceback_is_shown_to_who_asks_for_one(
    twin: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIN_TRACEBACK", "1")
    with pytest.raises(LookupError):
        twin("bug")


def test_own_sub_commands_are_what_is_installed_under_their_names() -> None:
    found, broken = find_commands()
    own = [one for one in vars(commands).values() if isinstance(one, Command)]
    assert {command.name for command in own} <= {command.name for command in found}
    assert broken == []


@pytest.mark.parametrize(
    "command", [one for one in vars(commands).values() if isinstance(one, Command)],
    ids=lambda command: command.name,
)  # fmt: skip
def test_what_a_sub_command_runs_is_there(command: Command) -> None:
    assert callable(command.load_run())


@pytest.mark.parametrize("arguments", [["--help"], ["validate", "--help"], ["--version"]])
def test_help_imports_nothing_slow(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from twinhub_api.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "slow = {'pydantic', 'yaml', 'pint', 'json', 'asyncio'} & set(sys.modules)\n"
        "print('slow:', sorted(slow))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, *arguments],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] in {"slow: []", "slow: ['json']"}, done.stdout
