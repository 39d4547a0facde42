"""A sandbox of its own for each phase that a test runs: bubblewrap, with the agent as process 1."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import twinhub_agent
from twinhub_runner.agents import LOCK

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

END_SECONDS = 30


@dataclass
class Sandbox:
    """One phase in a sandbox, and what it leaves."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    plan: dict[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    """What bubblewrap is told as well."""
    words: tuple[str, ...] = ()
    """What the agent is told beside its folders, such as limits."""

    def start(self, processes: Mapping[str, Mapping[str, Any]], **phase: Any) -> None:  # noqa: ANN401 - JSON
        """Start a phase whose processes have what is said, and defaults for the rest."""
        inside, outside = self.folder / "in", self.folder / "out"
        for place in (inside / "control", outside, self.folder / "work"):
            place.mkdir(parents=True, exist_ok=True)
        self.plan = {
            "time_limit": None, "live": False, "keeps_children": len(processes) == 1,
            "log": {"segment": 1 << 20, "head": 2, "tail": 3}, **phase,
            "processes": {name: self._process(one) for name, one in processes.items()},
        }  # fmt: skip
        (inside / LOCK).touch()
        (inside / "plan.json").write_text(json.dumps(self.plan))
        agent = Path(twinhub_agent.__file__).parent
        self.process = subprocess.Popen(
            [
                "bwrap", "--die-with-parent", "--unshare-pid", "--as-pid-1", "--unshare-ipc",
                "--ro-bind", "/", "/",
                "--bind", str(self.folder), str(self.folder), "--proc", "/proc", "--dev", "/dev",
                *self.options, sys.executable, "-I", "-S", str(agent / "start.py"),
                str(inside), str(outside), *self.words,
            ],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def run(self, processes: Mapping[str, Mapping[str, Any]], **phase: Any) -> tuple[int, str]:  # noqa: ANN401 - JSON
        """Run a phase to its end; return its status and why it ended."""
        self.start(processes, **phase)
        return self.wait()

    def run_script(self, script: str, **phase: Any) -> tuple[int, str]:  # noqa: ANN401 - JSON
        """Run a phase that is one script for the shell."""
        return self.run({"main": {"command": ["sh", "-c", script]}}, **phase)

    def wait(self) -> tuple[int, str]:
        """Return status and reason when the phase has ended."""
        assert self.process is not None
        status = self.process.wait(END_SECONDS)
        result = json.loads((self.folder / "out/result.json").read_text())
        assert result["status"] == status
        return status, result["reason"]

    def open_pipe(self) -> int:
        """Return the pipe that secrets are told by, when the agent listens."""

        def opened() -> int | None:
            try:
                return os.open(self.folder / "in/secrets", os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return None

        return wait_for(opened, seconds=END_SECONDS, what="it listens")

    def tell_secrets(self, part: bytes) -> None:
        """Write something into that pipe."""
        pipe = self.open_pipe()
        os.write(pipe, part)
        os.close(pipe)

    def ask(self, name: str, command: Sequence[str]) -> None:
        """Ask for a command inside the sandbox."""
        plan = self._process({"command": list(command)}) | {"name": name}
        request = self.folder / "in/control" / f"{name}.json"
        request.with_suffix(".new").write_text(json.dumps(plan))
        request.with_suffix(".new").rename(request)

    def tell(self, number: int) -> None:
        """Send a signal to the first process, as a back end does."""
        assert self.process is not None
        pid = self.process.pid
        os.kill(int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]), number)

    def answer(self, name: str) -> int:
        """Return the status of a command that was asked for, when it has ended."""
        file = self.folder / "out/answers" / f"{name}.json"
        wait_for(file.exists, seconds=END_SECONDS, what=f"an answer to {name}")
        return int(json.loads(file.read_text())["status"])

    def wait_for_event(self, event: str) -> dict[str, Any]:
        """Return the first event of a kind, when there is one."""

        def find() -> dict[str, Any] | None:
            return next((one for one in self.events() if one["event"] == event), None)

        return wait_for(find, seconds=END_SECONDS, what=f"the event {event}")

    def wait_for_line(self, text: str) -> None:
        """Wait until somebody has printed a line."""
        wait_for(lambda: text in self.texts(), seconds=END_SECONDS, what=f"the line {text!r}")

    def events(self) -> list[dict[str, Any]]:
        """Return what has happened."""
        file = self.folder / "out/events"
        text = file.read_text() if file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def records(self) -> Iterator[tuple[str, str, bytes]]:
        """Yield process, stream and text of each record of the log that is kept."""
        for segment in sorted((self.folder / "out/log").glob("[0-9]*")):
            for line in segment.read_bytes().split(b"\n")[:-1]:
                time, process, stream, text = line.split(b"\t", 3)
                assert time.isdigit()
                yield process.decode(), stream.decode(), text

    def texts(self, process: str = "main") -> list[str]:
        """Return what a process has printed, line by line."""
        return [text.decode() for name, _, text in self.records() if name == process]

    def _process(self, one: Mapping[str, Any]) -> dict[str, Any]:
        stop = {"signal": "SIGTERM", "command": None, "grace": 5} | one.get("stop", {})
        defaults: dict[str, Any] = {
            "folder": str(self.folder / "work"), "variables": {}, "after": [], "ready": {},
            "restart": "never", "essential": True,
        }  # fmt: skip
        return defaults | dict(one) | {"stop": stop}


def has_bubblewrap() -> bool:
    """Return whether there is what the sandboxes are made by."""
    return shutil.which("bwrap") is not None
