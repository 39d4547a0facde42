"""Runs in sandboxes without an engine: found as workspaces are, whether the runner is there or not.

Of each bubblewrap itself goes on outside and waits for the first process of the sandbox, which is
the run's agent: asked to end, it ends the run as its twin wishes.
"""

from __future__ import annotations

import signal
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.sandbox.command import HOME, PARTS
from twinhub_hub.sandbox.processes import (
    SandboxProcess,
    identify,
    open_process,
    read_status,
    source_of,
    wait_for_end,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC = Path("/proc")
_KILL_SECONDS = 10


@dataclass(frozen=True)
class FoundRun:
    """A run that is under way."""

    agent: SandboxProcess
    edition: Path
    """Folder of the host that it has its programs from."""


def find_runs(environments: Path) -> list[FoundRun]:
    """Return the runs on editions of a folder."""
    folder = environments.resolve()
    outside = {
        entry.name: edition
        for entry in _PROC.iterdir()
        if entry.name.isdigit() and (edition := _edition_of(entry)) and edition.parent == folder
    }
    return [FoundRun(agent, outside[parent]) for agent, parent in _find_agents(outside)]


def stop_runs(environments: Path, *, grace_seconds: float) -> int:
    """End the runs on editions of a folder, in the end by force; return how many there were."""
    found = find_runs(environments)
    with ExitStack() as opened:
        agents = [opened.enter_context(open_process(run.agent)) for run in found]
        alive = [agent for agent in agents if agent is not None]
        for agent in alive:
            _send(agent, signal.SIGTERM)
        for agent in alive:
            if not wait_for_end(agent, grace_seconds):
                _send(agent, signal.SIGKILL)
                wait_for_end(agent, _KILL_SECONDS)
    return len(found)


def _send(agent: int, number: int) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(agent, number)


def _edition_of(entry: Path) -> Path | None:
    """Return the edition of a process that is a run's bubblewrap, seen from outside."""
    try:
        words = (entry / "cmdline").read_bytes().decode("utf-8", "surrogateescape").split("\0")
    except OSError:
        return None  # it has ended meanwhile
    if Path(words[0]).name != "bwrap" or HOME in words:
        return None
    parts = source_of(words, PARTS)
    return parts.parent if parts else None


def _find_agents(outside: dict[str, Path]) -> Iterator[tuple[SandboxProcess, str]]:
    """Yield the first process of each sandbox, and its parent."""
    for entry in _PROC.iterdir():
        if not outside or not entry.name.isdigit():
            continue
        with suppress(OSError):
            status = read_status(entry)
            is_first = status["NSpid"].split()[-1] == "1" and status["PPid"] in outside
            if is_first and (process := identify(int(entry.name))):
                yield process, status["PPid"]
