"""Habits of scripts that hide failures or wait for somebody who is not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.inference.guesses import Findings
    from twinhub_dtconfig.inference.shell import Line, Script


def note_habits(scripts: list[Script], findings: Findings) -> None:
    """Note what will surprise the person who runs these scripts unattended."""
    for script in scripts:
        for line in script.lines:
            for what, remedy in _habits(script, line):
                findings.note(script.path, line.number, what, remedy)


def _habits(script: Script, line: Line) -> Iterator[tuple[str, str]]:
    text = line.text
    if re.search(r"\|\s*tee\b", text) and "pipefail" not in script.text:
        yield (
            "the pipe into tee hides a failure: the exit status is that of tee",
            "leave tee out: the log of a run is kept anyway",
        )
    if re.search(r"(?<![&>])&\s*$", text) and not re.search(
        r"^\s*wait\b", script.text, re.MULTILINE
    ):
        yield (
            "a program is left running in the background, where nobody sees it fail",
            "make it one of the phase's processes",
        )
    if re.search(r"\b(?:pkill|killall)\b", text):
        yield (
            "programs are ended by name, those of others too",
            "leave it out: what a phase started is stopped with it",
        )
    if re.search(r"^\s*(?:read|select)\s", text) or re.search(r"\binput\(", text):
        yield ("a question is asked where nobody may answer", "make the answer a parameter")
    yield from _install_habits(text)


def _install_habits(text: str) -> Iterator[tuple[str, str]]:
    is_install = re.search(r"\bapt(?:-get)?\b", text) and re.search(r"\binstall\b", text)
    if is_install and not re.search(r"\s(?:-y|-yq|-qy|-qqy|--yes|--assume-yes|-fy)\b", text):
        yield ("apt-get asks before it installs, where nobody may answer", "add -y")
    if re.search(r"\bsudo\b", text):
        yield (
            "sudo may not be allowed where the twin runs",
            "name the packages under environment, in `system`",
        )
