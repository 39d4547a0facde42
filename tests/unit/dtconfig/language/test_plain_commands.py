"""The short way for plain commands and short forms gives what the long way gives."""

from __future__ import annotations

import shlex
import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_dtconfig.command_lines import BadCommandError, split_command
from twinhub_dtconfig.models.twin import Twin
from twinhub_dtconfig.shorthand import expand

if TYPE_CHECKING:
    from twinhub_dtconfig.nodes import Data

SPECIAL = "\"'\\`$(){}<>|&;#*?~! \t"


@given(st.text(alphabet=string.ascii_letters + SPECIAL + "0.,:=/@%+-^[]é", max_size=40))
def test_what_is_split_is_split_as_a_shell_would(text: str) -> None:
    try:
        words = split_command(text)
    except BadCommandError:
        return
    assert words == shlex.split(text, comments=False)


@pytest.mark.parametrize("text", ["", " ", "a | b", "a > b", "a && b", "a; b", "`a`", "$(a)", "'a"])
def test_what_only_a_shell_could_run_is_refused(text: str) -> None:
    with pytest.raises(BadCommandError):
        split_command(text)


def test_short_forms_are_written_out_at_every_depth() -> None:
    short: Data = {
        "uses": {"tank": "models/tank"},
        "parameters": {"power": 3},
        "phases": {
            "execute": {"processes": {"a": "run a", "b": {"command": "run b", "stop": "SIGINT"}}},
            "clean": ["rm", "-f", "x"],
        },
        "unknown": {"left": [1, {"as": "it is"}]},
    }
    assert expand(short, Twin) == {
        "uses": {"tank": {"asset": "models/tank"}},
        "parameters": {"power": {"default": 3}},
        "phases": {
            "execute": {
                "processes": {
                    "a": {"command": "run a"},
                    "b": {"command": "run b", "stop": {"signal": "SIGINT"}},
                }
            },
            "clean": {"command": ["rm", "-f", "x"]},
        },
        "unknown": {"left": [1, {"as": "it is"}]},
    }
