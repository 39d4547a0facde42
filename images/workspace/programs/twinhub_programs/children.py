"""Programs that a job consists of, one after the other: signals reach them, none is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1,
             signal.SIGUSR2)  # fmt: skip


class Stopped(BaseException):
    """A signal came while no program was running."""

    def __init__(self, number: int) -> None:
        """Name the signal."""
        super().__init__(number)
        self.status = 128 + number


class Children:
    """Runs one program at a time, in a process group of its own."""

    def __init__(self) -> None:
        """Begin with none."""
        self._child: subprocess.Popen[bytes] | None = None
        self._received: int | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Pass signals on while this lasts."""
        before = {number: signal.signal(number, self._on_signal) for number in PASSED_ON}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: object) -> None:
        self._received = number
        if self._child is None:
            raise Stopped(number)
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)

    def prepare(
        self, command: Sequence[str], *, folder: str, environment: Mapping[str, str], seconds: float
    ) -> int:
        """Run a step of the preparation; its output goes to stderr, which is not the job's own.

        Raises:
            Stopped: a signal came; the step has ended.
            subprocess.TimeoutExpired: it took too long, and was ended.
        """
        status = self._run(command, folder, environment, seconds, is_job=False)
        if self._received is not None:
            raise Stopped(self._received)
        return status

    def run_job(
        self,
        command: Sequence[str],
        *,
        folder: str,
        environment: Mapping[str, str],
        seconds: float | None,
    ) -> int:
        """Run the job itself and return its exit status; a signal that ended it counts from 128.

        Raises:
            subprocess.TimeoutExpired: it took too long, and was ended.
        """
        return self._run(command, folder, environment, seconds, is_job=True)

    def _run(
        self,
        command: Sequence[str],
        folder: str,
        environment: Mapping[str, str],
        seconds: float | None,
        *,
        is_job: bool,
    ) -> int:
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
        try:  # a signal that comes now waits until there is somebody to pass it to
            child = self._child = subprocess.Popen(
                command, cwd=folder, env={**environment}, process_group=0,
                stdin=None if is_job else subprocess.DEVNULL,
                stdout=None if is_job else sys.stderr.fileno(),
                preexec_fn=_unblock,  # noqa: PLW1509 - there is one thread
            )  # fmt: skip
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        try:
            with _foreground(child.pid) if is_job else nullcontext():
                status = child.wait(seconds)
        finally:
            with suppress(ProcessLookupError):  # and whatever it has left behind
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            self._child = None
        return status if status >= 0 else 128 - status


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)


@contextmanager
def _foreground(group: int) -> Iterator[None]:
    """Give the terminal, if there is one, to the job: it reads from it, and Ctrl-C reaches it."""
    if not os.isatty(0):
        yield
        return
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        with suppress(OSError):
            os.tcsetpgrp(0, group)
        yield
    finally:
        with suppress(OSError):
            os.tcsetpgrp(0, os.getpgrp())
        signal.signal(signal.SIGTTOU, before)
