"""Words that no command knows: the nearest known one is named, and the exit code is 2."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from twinhub_api.cli.command import find_commands
from twinhub_api.cli.main import build_parser
from twinhub_api.cli.main import main as twin
from twinhub_hub.cli.main import main as twinhub
from twinhub_library.cli import main as twinhub_library

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twinhub_api.cli.command import Command

_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "twin": twin, "twinhub": twinhub, "twinhub-library": twinhub_library,
}  # fmt: skip


def _run(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    command, *arguments = line.split()
    try:
        code = _COMMANDS[command](arguments)
    except SystemExit as end:  # of argparse
        code = end.code if isinstance(end.code, int) else -1
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("twin vaildate", "twin: there is no command 'vaildate'; did you mean 'validate'?\n"),
        ("twin assets serch x", "twin assets: there is no verb 'serch'; did you mean 'search'?\n"),
        ("twinhub audti", "twinhub: there is no command 'audti'; did you mean 'audit'?\n"),
        ("twinhub users ad", "twinhub users: there is no action 'ad'; did you mean 'add'?\n"),
        ("twinhub-library sreve --root x",
         "twinhub-library: there is no command 'sreve'; did you mean 'serve'?\n"),
    ],
)  # fmt: skip
def test_an_unknown_verb_gets_the_nearest_known_one(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(line, capsys) == (2, said)


def test_a_word_that_is_near_nothing_gets_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = _run("twin assets qqq", capsys)
    assert code == 2
    assert said.startswith("twin assets: there is no verb 'qqq'; choose from search, show, ")


def test_an_option_that_is_one_of_several_gets_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, said = _run("twin assets search --kind model", capsys)
    assert code == 2
    assert "argument --kind: there is no 'model'; did you mean 'models'?" in said


def test_a_missing_verb_is_told_where_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = _run("twin assets", capsys)
    assert code == 2
    assert "`twin assets --help` tells more" in said


def test_help_keeps_verbs_in_a_column_and_an_example_in_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert twin(["assets", "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "    disconnect  end the syncing of an asset or area; the files stay" in lines
    assert max(map(len, lines)) <= 80
    assert twin(["assets", "publish", "--help"]) == 0
    example = 'example: twin assets publish models/tank --version 1.0.0 --message "First version"'
    assert example in capsys.readouterr().out.splitlines()


def test_the_list_of_commands_has_each_once_below_what_it_is_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert twin(["--help"]) == 0
    text = capsys.readouterr().out
    assert text.index("describe a twin:") < text.index("run it:") < text.index("after a run:")
    for command in find_commands()[0]:
        assert text.count(f"  {command.name:<12}{command.summary}\n") == 1


@pytest.mark.parametrize("command", find_commands()[0], ids=lambda command: command.name)
def test_the_example_of_a_command_is_one_that_it_takes(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert twin([command.name, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    example = next(line for line in lines if line.startswith("example: twin "))
    words = shlex.split(example.removeprefix("example: twin ").partition(">")[0])
    parsed = build_parser(find_commands()[0]).parse_args(words)
    assert parsed.run_command.name == command.name
