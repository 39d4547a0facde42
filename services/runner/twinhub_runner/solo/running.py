"""The commands that were asked for, and how each of them is or has ended."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twinhub_runner.agents import prepare, read_result
from twinhub_runner.hiding import tell_hidden
from twinhub_runner.identifiers import make_run_id
from twinhub_runner.loglines import read_log

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twinhub_runner.solo.choices import Phases, Scripts

MOST_SHOWN = 1 << 20
"""Bytes of each stream that are answered; of more, the end."""
MOST_KEPT = 10_000
"""Commands that the history has; the oldest are forgotten."""


@dataclass(slots=True)
class Asked:
    """One command that was asked for, whether or not it could be run."""

    name: str
    id: str = ""
    """Empty of one that could not be run."""
    status: str = "refused"
    """``refused``, ``running``, ``succeeded``, ``failed`` or ``stopped``."""
    exit_code: int | None = None
    reason: str = ""
    begun: float = field(default_factory=time.time)
    ended: float | None = None

    def as_run(self) -> dict[str, Any]:
        """Return the truth about it, as JSON."""
        return {
            "id": self.id or None,
            "status": self.status,
            "exit_code": self.exit_code,
            "reason": self.reason,
            "started_at": _show(self.begun),
            "ended_at": None if self.ended is None else _show(self.ended),
        }


class Commands:
    """Runs what may be run, each in a process of its own, and remembers it as long as it lives."""

    def __init__(self, choices: Scripts | Phases, state: Path) -> None:
        """Run what is to choose; logs lie in a folder."""
        self._choices, self._state = choices, state
        self.history: list[Asked] = []
        self._agents: dict[str, asyncio.subprocess.Process] = {}
        self._endings: dict[str, asyncio.Task[None]] = {}

    async def run(self, name: str) -> Asked:
        """Run a command to its end; return how it went."""
        asked = Asked(name)
        self.history.append(asked)
        del self.history[:-MOST_KEPT]
        plan = self._choices.plan_of(name)
        if plan is None:
            asked.ended = asked.begun
            asked.reason = self._why_not(name)
            return asked
        asked.id, asked.status = make_run_id(), "running"
        inside, outside = self._folders(asked)
        await asyncio.to_thread(prepare, inside, outside, plan)
        agent = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(inside / "twinhub_agent/start.py"), str(inside),
            str(outside), stdin=asyncio.subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._agents[asked.id] = agent
        ending = self._endings[asked.id] = asyncio.create_task(self._end(asked, agent, plan))
        await asyncio.shield(ending)  # whoever asked may go away; how it ends is noted all the same
        return asked

    def output_of(self, asked: Asked) -> tuple[str, str]:
        """Return what a command has printed to standard output and to standard error."""
        if not asked.id:
            return "", ""
        parts: dict[str, list[bytes]] = {"o": [], "e": []}
        place = 0
        while piece := read_log(self._folders(asked)[1] / "log", place).records:
            place += len(piece)
            for record in piece.split(b"\n")[:-1]:
                _, _, stream, text = record.split(b"\t", 3)
                letter = stream.decode().lower()
                if letter in parts:
                    parts[letter].append(text + (b"\n" if stream.islower() else b""))
        out, err = (b"".join(parts[one])[-MOST_SHOWN:].decode("utf-8", "replace") for one in "oe")
        return out.removesuffix("\n"), err.removesuffix("\n")

    async def stop(self) -> None:
        """End all that runs."""
        for agent in list(self._agents.values()):
            agent.send_signal(signal.SIGTERM)
        await asyncio.gather(*self._endings.values())

    async def _end(
        self, asked: Asked, agent: asyncio.subprocess.Process, plan: Mapping[str, Any]
    ) -> None:
        await agent.wait()
        del self._agents[asked.id]
        self._note_end(asked)
        if asked.status == "succeeded":
            asked.reason = tell_hidden(plan, self._folders(asked)[1])
        del self._endings[asked.id]

    def _note_end(self, asked: Asked) -> None:
        result = read_result(self._folders(asked)[1])
        asked.ended = time.time()
        if result is None:
            asked.status, asked.reason = "failed", "It was killed."
            return
        asked.exit_code = result.status
        if result.reason == "stopped":
            asked.status = "stopped"
        else:
            asked.status = "succeeded" if result.status == 0 else "failed"
        asked.reason = "" if result.reason == "ended" else result.reason

    def _folders(self, asked: Asked) -> tuple[Path, Path]:
        folder = self._state / asked.id
        return folder / "in", folder / "out"

    def _why_not(self, name: str) -> str:
        if name not in self._choices.names:
            return f"{name!r} is not among {', '.join(self._choices.names)}"
        return f"{name} is no executable script with an interpreter in its first line"


def _show(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
