"""Runs a phase as it is described, in the plainest way: enough for the examples."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.interpolation import put_in
from twinhub_dtconfig.loading import load_twin
from twinhub_dtconfig.references import Reference
from twinhub_dtconfig.resolving import Context, resolve

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_dtconfig.interpolation import Name

_LIMIT_SECONDS = 60


@dataclass
class Run:
    """A twin's folder in a library, with its values chosen."""

    folder: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Resolve the twin."""
        self.twin = load_twin(self.folder / "twin.yaml").twin
        library = self.folder.parents[1]
        references = {alias: use.asset for alias, use in self.twin.uses.items() if use.asset}
        paths = {alias: str(library / _path(text)) for alias, text in references.items()}
        run = {"id": "run-1", "folder": str(self.folder)}
        self.context = Context({"uses": paths, "run": run, **self.known})
        self.resolved = resolve(self.twin, values=self.values, context=self.context)

    def environment(self, *sections: Mapping[str, Any]) -> dict[str, str]:
        """Return the variables of a process: the twin's, the phase's, its own."""
        python = str(Path(sys.executable).parent)
        variables = {"PATH": os.pathsep.join([python, os.defpath]), "HOME": str(self.folder)}
        for section in (self.resolved.data, *sections):
            variables |= section.get("variables", {})
        return variables

    def build(self, step: str, *words: str) -> str:
        """Run a build step, with further words behind its own."""
        data = self.resolved.data["build"][step]
        return self._finished([*data["command"], *words], self.folder / data["folder"], {})

    def phase(self, name: str) -> str:
        """Run a phase of one command or script to its end; return what it printed."""
        data = self.resolved.data["phases"][name]
        return self._finished(self._words(data), self.folder / data["folder"], data)

    def effect(self, command: str, **arguments: str) -> str:
        """Run the command that telling the twin something stands for."""
        words = self.resolved.data["commands"][command]["effect"]["command"]
        put = [put_in(word, lambda name: arguments[name.name]) for word in words]
        return self._finished(put, self.folder, {})

    def start(self, name: str) -> subprocess.Popen[str]:
        """Start a phase of one command."""
        data = self.resolved.data["phases"][name]
        return self._popen(self._words(data), self.folder / data["folder"], data)

    def render(self) -> list[Path]:
        """Make the files that are made before a phase."""
        made = []
        for file in self.resolved.data["files"]:
            text = file.get("text") or (self.folder / file["render"]).read_text("utf-8")
            target = self.folder / file["to"]
            target.parent.mkdir(exist_ok=True)
            target.write_text(put_in(text, self._value_of), "utf-8")
            target.chmod(0o700 if file["executable"] else 0o600)
            made.append(target)
        return made

    def processes(self, name: str) -> dict[str, str]:
        """Run a phase of several processes until its essential ones have ended."""
        phase = self.resolved.data["phases"][name]
        with ExitStack() as stack:
            running: dict[str, subprocess.Popen[str]] = {}
            waiting = dict(phase["processes"])
            while waiting:
                ready = [one for one in waiting if set(waiting[one]["after"]) <= running.keys()]
                assert ready, f"circle: {waiting}"
                for one in ready:
                    running[one] = self._start_process(stack, one, phase, waiting.pop(one))
            for one, process in running.items():
                if phase["processes"][one]["essential"]:
                    assert process.wait(_LIMIT_SECONDS) == 0, one
            for one, process in running.items():
                if process.poll() is None:
                    stop = phase["processes"][one]["stop"].get("signal", "SIGTERM")
                    process.send_signal(getattr(signal, stop))
                process.wait(phase["processes"][one]["stop"]["grace"])
        return {one: self._log(one).read_text("utf-8") for one in running}

    def _start_process(
        self, stack: ExitStack, name: str, phase: dict[str, Any], data: dict[str, Any]
    ) -> subprocess.Popen[str]:
        folder = self.folder / data.get("folder", phase["folder"])
        log = stack.enter_context(self._log(name).open("w"))
        process = stack.enter_context(
            subprocess.Popen(
                self._words(data), cwd=folder, env=self.environment(phase, data),
                stdout=log, stderr=subprocess.STDOUT, text=True,
            )
        )  # fmt: skip
        stack.callback(process.kill)
        if ready := data.get("ready"):
            wait_for(lambda: self._is_ready(name, ready), seconds=ready["within"], what=name)
        return process

    def _is_ready(self, name: str, ready: dict[str, Any]) -> bool:
        if log := ready.get("log"):
            return re.search(log, self._log(name).read_text("utf-8")) is not None
        if file := ready.get("file"):
            return Path(self.folder / file).exists()
        if http := ready.get("http"):
            port, _, path = http.partition("/")
            return answers(self.twin.ports[port].port, f"/{path}")
        return is_open(self.twin.ports[ready["port"]].port)

    def _words(self, data: dict[str, Any]) -> list[str]:
        if "command" in data:
            return list(data["command"])
        script: str = data["script"]
        first, _, _ = script.partition("\n")
        if not first.startswith("#!"):
            return ["sh", "-euc", script]
        file = self.folder / ".script"
        file.write_text(script, "utf-8")
        return [*first.removeprefix("#!").split(), str(file)]

    def _finished(self, words: list[str], folder: Path, data: dict[str, Any]) -> str:
        with self._popen(words, folder, data) as process:
            output, _ = process.communicate(timeout=_LIMIT_SECONDS)
        assert process.returncode == 0, output
        return output

    def _popen(self, words: list[str], folder: Path, data: dict[str, Any]) -> subprocess.Popen[str]:
        program = words[0] if "/" not in words[0] else str((folder / words[0]).absolute())
        return subprocess.Popen(
            [program, *words[1:]], cwd=folder, env=self.environment(data),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def _value_of(self, name: Name) -> str:
        if name.namespace == "parameters":
            return str(self.resolved.parameters[name.name])
        if name.namespace == "twin":
            return str(getattr(self.twin, name.name))
        found = self.context.find(name)
        assert found is not None, name
        return found

    def _log(self, name: str) -> Path:
        return self.folder / f".{name}.log"


def answers(port: int, path: str) -> bool:
    """Tell whether a port answers a request well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status < 400)
    except (urllib.error.URLError, ConnectionError):
        return False


def is_open(port: int) -> bool:
    """Tell whether a port takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _path(text: str) -> str:
    reference = Reference.parse(text)
    return f"{reference.asset}/{reference.path}".rstrip("/")
