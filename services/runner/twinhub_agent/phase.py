"""One phase while it runs: a loop over what its processes print, how they end, what is asked."""

from __future__ import annotations

import os
import select
import time

from twinhub_agent.bare import signal, suppress
from twinhub_agent.control import Control
from twinhub_agent.hidden import Looking
from twinhub_agent.journal import Journal, write_health, write_whole
from twinhub_agent.logs import Log, Stream
from twinhub_agent.metrics import Metrics
from twinhub_agent.pausing import hold, is_wanted, let_go
from twinhub_agent.processes import FETCHING, Process, fetching_plan
from twinhub_agent.spawning import CannotStartError, as_status, limit_files
from twinhub_agent.usage import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from twinhub_agent.health import Check

NOT_STARTED, TIMED_OUT, STOPPED = 125, 124, 143
"""Statuses of a phase: a process could not be started or was not ready, or took long; stopped."""
_TICK_SECONDS = 0.1
_CHUNK = 1 << 16
_TERMINATE = "terminate"
"""The phase that ends another one, often by the names of its processes."""
OWN = "twin"
"""What TwinHub's own lines in a log are called by."""


class Phase:
    """One phase of a twin, from its first process to the end of its last."""

    def __init__(
        self, plan: Mapping[str, Any], inside: str, outside: str,
        secrets: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Take a plan; ``inside`` holds what is asked, ``outside`` takes what happens.

        Secrets are those that were told before; without, the phase waits for those that it needs.
        """
        self._plan, self._inside, self._outside = plan, inside, outside
        self._secrets = secrets
        limit_files(plan.get("file_bytes"))
        self._journal = Journal(f"{outside}/events")
        self._log = Log(f"{outside}/log", **plan["log"])
        self._metrics = Metrics(f"{outside}/metrics")
        self._control = Control(f"{inside}/control", f"{outside}/answers")
        self._own = Stream(self._log, OWN, "t", self._metrics.see)
        self._poll = select.epoll()
        self._wake_in, wake_out = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._poll.register(self._wake_in, select.EPOLLIN)
        signal.set_wakeup_fd(wake_out, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_signal)
        self._streams: dict[int, Stream] = {}
        self._looking = Looking(outside)
        self._processes = {
            name: Process(name, one, self._log, self._metrics.see)
            for name, one in plan["processes"].items()
        }
        self._fetching = self._make_fetching(plan.get("fetch"))
        self._checks = _make_checks(plan.get("health") or {})
        self._usage = Usage(outside, plan.get("memory_bytes"), self._say)
        self._is_asked_to_stop = False
        self._outcome: tuple[int, str] | None = None
        self._is_in_background = False
        self._has_children = True
        self._deadline: float | None = None

    def run(self) -> tuple[int, str]:
        """Run it to its end; return its status and why it ended.

        The reason is ``ended``, ``stopped``, ``terminated``, ``time-limit``, ``not-started``,
        ``not-fetched`` or ``not-ready``.
        """
        if self._plan["time_limit"]:
            self._deadline = time.monotonic() + self._plan["time_limit"]
        self._journal.write("begun")
        self._make_ready()
        while not self._is_over():
            self._start_due()
            self._read(_TICK_SECONDS)
            self._reap()
            self._pause()
            self._look()
        if os.getpid() == 1:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)  # all others in the namespace
        self._read(0)
        for stream in self._streams.values():
            stream.end()
        if self._plan.get("files"):
            from twinhub_agent.rendering import remove_links  # noqa: PLC0415 - most have none

            remove_links(self._plan["files"])
        self._log.close()
        return self._outcome or (0, "ended")

    def _make_fetching(self, wanted: list[dict[str, Any]] | None) -> Process | None:
        """Return the process that fetches what is wanted, before all others; None for nothing."""
        if not wanted:
            return None
        process = Process(FETCHING, fetching_plan(wanted), self._log, self._metrics.see)
        self._processes[f"{FETCHING}:"] = process  # no process of a twin is called so
        return process

    def _make_ready(self) -> None:
        """Take the secrets of the phase, and make the files that it is to find."""
        secrets = self._secrets or {}
        if self._plan.get("secrets") and self._secrets is None:
            from twinhub_agent.supplying import take_secrets  # noqa: PLC0415 - most have none

            told = take_secrets(self._inside, self._outside, lambda: self._is_asked_to_stop)
            if told is None:
                self._end(0 if self._plan["live"] else STOPPED, "stopped")
                return
            secrets = told
        if secrets:
            from twinhub_agent.masking import Hidden  # noqa: PLC0415 - most have none

            self._log.hidden = Hidden(secrets.values())
            self._own = Stream(self._log, OWN, "t", self._metrics.see)
        if self._plan.get("files"):
            from twinhub_agent.rendering import make_files  # noqa: PLC0415 - most have none

            try:
                make_files(self._plan["files"], secrets)
            except OSError as error:
                self._say(f"{error.filename} cannot be made: {error.strerror}")
                self._end(NOT_STARTED, "not-started")

    def _is_over(self) -> bool:
        """Return whether nothing of the phase runs any more, or is to."""
        if any(one.is_running for one in self._processes.values()):
            return False
        if self._outcome is not None and not self._control.runs(_TERMINATE):
            return self._outcome[1] != "ended" or self._outcome[0] != 0 or not self._waits_on()
        return False

    @property
    def _goes_on(self) -> bool:
        """Whether it was not decided how the phase ends; what it has left behind may go on."""
        return self._outcome is None or (self._outcome == (0, "ended") and self._is_in_background)

    def _pause(self) -> None:
        """Hold all that runs as long as that is wanted: limits of time do not count meanwhile."""
        if self._is_asked_to_stop or not self._goes_on or not is_wanted(self._inside):
            return
        begun = time.monotonic()
        hold()
        self._journal.write("paused")
        while is_wanted(self._inside) and not self._is_asked_to_stop:
            self._read(_TICK_SECONDS)
        let_go()
        self._journal.write("continued")
        took = time.monotonic() - begun
        if self._deadline is not None:
            self._deadline += took
        for process in self._processes.values():
            process.readiness.deadline += took
        for check in self._checks.values():
            check.begin_anew()

    def _waits_on(self) -> bool:
        """Return whether the phase lives on by what its command has left behind."""
        if not self._plan["keeps_children"] or os.getpid() != 1 or self._control.is_busy:
            return self._control.is_busy
        if self._has_children and not self._is_in_background:
            try:
                write_whole(f"{self._outside}/background.json", {})
            except OSError:
                return True  # a full disk: it is written down later
            self._is_in_background = True
            self._journal.write("background")
            self._say(
                "The command has ended; what it has started goes on: `twin command` runs further"
                " phases beside it, `twin stop` ends it."
            )
        return self._has_children

    def _start_due(self) -> None:
        """Start what may be started now."""
        if self._outcome is not None:
            return
        now = time.monotonic()
        for process in self._processes.values():
            is_due = process.pid is None and now >= process.starts_at
            before = (self._processes[name] for name in process.plan["after"])
            is_next = is_due and all(one.readiness.is_ready and one.pid for one in before)
            is_next &= self._fetching in {None, process}
            if is_next and not self._start(process):
                self._end(NOT_STARTED, "not-started", process.name)

    def _start(self, process: Process) -> bool:
        try:
            fresh = process.start()
        except CannotStartError as error:
            self._say(f"{process.name} cannot be started: {error}")
            return False
        for descriptor, stream in fresh.items():
            self._poll.register(descriptor, select.EPOLLIN)
            self._streams[descriptor] = stream
        self._journal.write("started", process=process.name)
        return True

    def _read(self, seconds: float) -> None:
        """Wait for something to happen, and take what has been printed."""
        quiet = set(self._streams)
        for descriptor, _ in self._poll.poll(seconds):
            quiet.discard(descriptor)
            if descriptor == self._wake_in:
                os.read(self._wake_in, _CHUNK)
            else:
                self._drain(descriptor)
        for descriptor in quiet:
            self._streams[descriptor].flush()

    def _drain(self, descriptor: int) -> None:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        if chunk:
            self._streams[descriptor].feed(chunk)
        else:
            self._poll.unregister(descriptor)
            os.close(descriptor)
            self._streams.pop(descriptor).end()

    def _reap(self) -> None:
        """Take the ends of all processes, also of those that nobody knows."""
        self._has_children = True
        while True:
            try:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._has_children = False
                return
            if not pid:
                return
            self._note_end(pid, as_status(wait_status))

    def _note_end(self, pid: int, status: int) -> None:
        for process in (*self._processes.values(), *self._control.processes):
            if process.pid == pid and process.status is None:
                process.status = status
                self._read(0)  # what it has printed comes before what is said of its end
                self._judge(process)
                return
            if process.readiness.note_end(pid, status):
                return
        for name, check in self._checks.items():
            if check.note_end(pid, status):
                if check.take_news():
                    self._note_health(name, check)
                return

    def _note_health(self, name: str, check: Check) -> None:
        """Write down that something answers again or no more; what does not may be killed."""
        write_health(self._outside, self._checks, self._processes)
        self._journal.write("healthy" if check.is_healthy else "unhealthy", port=name)
        if check.is_healthy:
            return
        process = self._processes.get(check.process or "")
        if process is None or not process.is_running or process.plan["restart"] == "never":
            self._say(f"{name} does not answer; the phase goes on.")
        else:
            self._say(f"{name} does not answer: {process.name} is killed.")
            process.kill()

    def _look_at_health(self) -> None:
        """Ask what is to answer, once its process is ready and until the end."""
        for check in self._checks.values():
            process = self._processes.get(check.process or "")
            if process is not None and not (process.is_running and process.readiness.is_ready):
                check.begin_anew()
            elif self._goes_on:
                check.ask()

    def _tell_hidden(self) -> None:
        for where in self._looking.take_new():
            self._say(f"In {where} a command failed before `| tee`, which hides it.")

    def _judge(self, process: Process) -> None:
        """Decide what the end of a process means for the phase."""
        self._journal.write("exited", process=process.name, status=process.status)
        self._tell_hidden()
        if self._control.note_end(process) or self._outcome is not None:
            return
        if process is self._fetching:
            self._fetching = None
            if process.status:
                self._end(NOT_STARTED, "not-fetched", process.name)
        else:
            self._go_on_after(process)

    def _go_on_after(self, process: Process) -> None:
        """Start a process of the twin again that has ended, or decide what is without it."""
        if process.is_to_start_again():
            self._say(
                f"{process.name} {process.how_it_ended()} and is started again "
                f"({process.restarts})."
            )
            self._journal.write("restarting", process=process.name, count=process.restarts)
        elif process.plan["essential"]:
            if process.status:
                self._say(f"{process.name} {process.how_it_ended()}.")
            is_wanted = process.status and self._control.was_asked_for(_TERMINATE)
            self._end(process.status or 0, "terminated" if is_wanted else "ended", process.name)
        else:
            self._say(f"{process.name} {process.how_it_ended()}; the phase goes on.")
            if not any(one.is_running or one.pid is None for one in self._processes.values()):
                self._end(0, "ended", process.name)
            else:
                write_health(self._outside, self._checks, self._processes)

    def _look(self) -> None:
        """See to what the time brings: readiness, limits, requests."""
        if self._is_asked_to_stop:
            self._end(0 if self._plan["live"] else STOPPED, "stopped")
        if self._deadline is not None and time.monotonic() > self._deadline:
            if self._goes_on:
                self._say(f"The time limit of {self._plan['time_limit']:g} s is over.")
            self._end(TIMED_OUT, "time-limit")
        for process in self._processes.values():
            if process.is_running or self._is_awaited(process):
                self._look_at(process)
        self._control.kill_late()
        self._look_at_health()
        self._usage.look((*self._processes.values(), *self._control.processes))
        for process in self._control.take(self._log, self._metrics.see):
            if not self._start(process):
                self._control.note_failure(process)

    def _is_awaited(self, process: Process) -> bool:
        """Return whether others wait for what has ended, such as a program that makes a file."""
        return process.status is not None and any(
            one.pid is None and process.name in one.plan["after"]
            for one in self._processes.values()
        )

    def _look_at(self, process: Process) -> None:
        process.readiness.ask()
        if process.readiness.is_ready and not process.is_announced:
            process.is_announced = True
            self._journal.write("ready", process=process.name)
        elif process.readiness.is_late() and self._outcome is None:
            self._say(f"{process.name} was not ready in time: {process.readiness.describe()}")
            self._end(NOT_STARTED, "not-ready", process.name)
        process.kill_if_late()

    def _end(self, status: int, reason: str, process: str = "") -> None:
        """Decide how the phase ends, if that is not decided, and ask all that runs to end.

        What terminates the phase ends by itself, unless the phase is stopped or takes too long.
        """
        if self._goes_on:
            self._outcome = (status, reason)
            for check in self._checks.values():
                check.cancel()
            self._journal.write("ending", status=status, reason=reason, process=process)
        for one in (*reversed(list(self._processes.values())), *self._control.processes):
            if reason not in {"ended", "terminated"} or one.name != _TERMINATE:
                one.begin_stop()

    def _say(self, text: str) -> None:
        self._own.feed(f"{text}\n".encode())

    def _note_signal(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self._is_asked_to_stop = True


def _make_checks(plans: Mapping[str, Any]) -> dict[str, Check]:
    if not plans:
        return {}
    from twinhub_agent.health import Check  # noqa: PLC0415 - most have none

    return {name: Check(one) for name, one in plans.items()}
