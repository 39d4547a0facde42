"""``twin completion``: what makes a shell complete the command without starting it."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from twinhub_api.cli.command import GOOD, find_commands

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twinhub_api.cli.command import Command

_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_BASH = """\
# Completion of `twin` for bash, written by `twin completion bash`.
_twin() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} words='' files=''
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='{commands} --help --version'
    else
        case ${{COMP_WORDS[1]}} in
{cases}
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    if [ -n "$files" ] && [[ $current != -* ]]; then
        compopt -o filenames
        mapfile -t -O "${{#COMPREPLY[@]}}" COMPREPLY < <(compgen -f -- "$current")
    fi
}}
complete -F _twin twin
"""
_ZSH = """\
#compdef twin
# Completion of `twin` for zsh, written by `twin completion zsh`.
_twin() {{
    local -a offered
    local files=''
    if (( CURRENT == 2 )); then
        offered=({commands} --help --version)
    else
        case ${{words[2]}} in
{cases}
        esac
    fi
    compadd -- $offered
    if [[ -n $files && $PREFIX != -* ]]; then
        _files
    fi
}}
compdef _twin twin
"""


def run(arguments: argparse.Namespace) -> int:
    """Print the completion of a shell, with the sub-commands that are installed."""
    commands, _ = find_commands()
    names = " ".join(command.name for command in commands)
    if arguments.shell == "bash":
        cases = "\n".join(_case(command, "words='{}'") for command in commands)
        print(_BASH.format(commands=names, cases=cases), end="")
    else:
        cases = "\n".join(_case(command, "offered=({})") for command in commands)
        print(_ZSH.format(commands=names, cases=cases), end="")
    return GOOD


def _case(command: Command, assignment: str) -> str:
    parser = argparse.ArgumentParser(prog="twin")
    command.add_arguments(parser)
    listed = [*_words_of(parser), *command.list_words()]
    words = " ".join(word for word in dict.fromkeys(listed) if _WORD.fullmatch(word))
    files = " files=1" if _takes_files(parser) else ""
    return f"            {command.name}) {assignment.format(words)}{files} ;;"


def _words_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:  # noqa: SLF001  # argparse has no public way
        yield from (option for option in action.option_strings if option.startswith("--"))
        if action.choices is not None:
            choices: Iterable[object] = action.choices
            yield from (str(choice) for choice in choices)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for inner in action.choices.values():
                yield from _words_of(inner)


def _takes_files(parser: argparse.ArgumentParser) -> bool:
    places = {"PATH", "ROOT", "FOLDER", "FILE", "A", "B"}
    actions = parser._actions  # noqa: SLF001
    inner = [
        one
        for action in actions
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
        for one in action.choices.values()
    ]
    return any(action.metavar in places for action in actions) or any(map(_takes_files, inner))
