"""Exports for tests, whose scripts really run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.export import ExportReport, export_dtaas
from twinhub_dtconfig.loading import load_twin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Export:
    """An exported twin, and its scripts as programs."""

    report: ExportReport

    @property
    def folder(self) -> Path:
        return self.report.folder

    def run(self, phase: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a phase to its end."""
        return subprocess.run(
            [f"./lifecycle/{phase}"],
            cwd=self.folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @contextmanager
    def started(self, phase: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """Start a phase; whatever becomes of the test, nothing of it is left running."""
        with subprocess.Popen(
            [f"./lifecycle/{phase}"],
            cwd=self.folder,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            try:
                yield running
            finally:
                stop = self.folder / "lifecycle" / "twin" / "stop.py"
                subprocess.run([sys.executable, "-I", stop], check=True, capture_output=True)
                running.kill()

    def text(self, path: str) -> str:
        return (self.folder / path).read_text()


def write_twin(folder: Path, yaml: str, files: dict[str, str] | None = None) -> Path:
    """Write a twin's folder; the format and the name need not be given."""
    for path, text in {
        **(files or {}),
        "twin.yaml": f"format: 1\nname: tank\n{dedent(yaml)}",
    }.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dedent(text))
    return folder


def export(tmp_path: Path, yaml: str, files: dict[str, str] | None = None) -> Export:
    """Return the export of a twin."""
    folder = write_twin(tmp_path / "tank", yaml, files)
    return Export(export_dtaas(load_twin(folder / "twin.yaml"), tmp_path / "out"))


def dedent(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    """Return as soon as something is so."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not become so in time"
        time.sleep(0.02)
