"""One step of a run towards what is wanted of it: look at what is, write down what that means.

Every step may be cut off anywhere and taken again: what a back end has done is seen by looking,
what was decided stands in the database.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

from twinhub_api.runner.runs import Status, Target
from twinhub_kit.files.errors import FileError

from twinhub_runner.agents import is_in_background, prepare, read_health
from twinhub_runner.backends.base import ImpossibleError, SandboxState
from twinhub_runner.environments.base import NotMadeError
from twinhub_runner.environments.building import BUILT, WAITS
from twinhub_runner.errors import BadTwinError, MissingSecretError
from twinhub_runner.hiding import tell_hidden
from twinhub_runner.plans import SOFTWARE
from twinhub_runner.resources import tell_out_of_disk, tell_out_of_memory
from twinhub_runner.room import note_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_runner.backends.base import Backend, SandboxSpec, Seen
    from twinhub_runner.copies.workshop import Workshop
    from twinhub_runner.environments.building import Environments
    from twinhub_runner.places import Places
    from twinhub_runner.secrets.delivering import Supply
    from twinhub_runner.store.rows import RunRow
    from twinhub_runner.store.runs import RunTable

_LONGEST_PAUSE_SECONDS = 300.0
_IN_BACKGROUND = "Its command has ended, and what that has started goes on."
_WORDS = {
    "not-begun": "It could not begin: the disk is full, or its image has no Python 3.9.",
    "not-started": "A program of the phase could not be started: see the log.",
    "not-fetched": "Something that it uses could not be fetched: see the log.",
    "not-built": "A build step has failed: see the log.",
    "not-ready": "A process was not ready in time: see the log.",
}

_TOO_LARGE = 128 + signal.SIGXFSZ
_TERMINATED = "It was ended by its phase terminate."
_WITHOUT = "The process {name} has ended with status {status}; the run goes on without it."
_GONE = "Its sandbox is gone, and nobody knows how it ended: see its log."
_FROM_OUTSIDE = "It was ended from outside, as when Docker or the machine is stopped: run it again."


class Reconciler:
    """Takes steps with runs; one run is taken by one thread at a time."""

    def __init__(  # noqa: PLR0913 - what it works with
        self, table: RunTable, backend: Backend, places: Places, workshop: Workshop,
        spec_of: Callable[[RunRow], SandboxSpec], *,
        supply: Supply, environments: Environments, first_pause: float,
    ) -> None:  # fmt: skip
        """Work with a table and a back end; ``spec_of`` says what a run's sandbox is.

        ``first_pause`` is how many seconds pass before a second try; twice as many before a third.
        """
        self._table, self._backend, self._places = table, backend, places
        self._workshop, self._spec_of = workshop, spec_of
        self._supply, self._environments = supply, environments
        self._first_pause = first_pause

    def step(self, row: RunRow) -> None:
        """Take the next step of a run that has begun and not ended."""
        match Status(row.status):
            case Status.PREPARING:
                self._prepare(row)
            case Status.STARTING:
                self._start(row)
            case Status.RUNNING | Status.STOPPING:
                self._watch(row)
            case _:
                pass

    def stop_waiting(self, row: RunRow) -> None:
        """End a run that nobody wants any more before it has begun."""
        self._table.move(row.id, Status.STOPPED, "It was stopped before it began.")

    def sweep(self) -> None:
        """Remove the sandboxes of runs that have ended, which a crash has left; and old software.

        Raises:
            BackendError: nobody can say which there are, or one cannot be removed now.
        """
        names = self._backend.list_names()  # before the rows: what is begun meanwhile is not in it
        rows = self._table.list_open()
        for name in names - {self._places.sandbox_of(row) for row in rows}:
            self._backend.remove(name)
        self._environments.collect({row.environment for row in rows})

    def _prepare(self, row: RunRow) -> None:
        if row.target != Target.RUN:
            self._environments.leave(row.id)
            self.stop_waiting(row)
            return
        if row.is_built:
            return  # the queue says when it begins
        try:
            environment, laid_out = self._lay_out(row)
        except (FileError, BadTwinError, MissingSecretError, NotMadeError) as error:
            self._fail(row, str(error))
        except OSError as error:
            self._fail(row, f"Its folder could not be made: {error.strerror}.")
        else:
            self._begin_or_wait(row, environment, laid_out)

    def _lay_out(self, row: RunRow) -> tuple[str | None, dict[str, Any]]:
        """Put all there that a run begins with; return its environment, and columns that change.

        The environment is None while it is built; nothing is laid out again when it is there.
        """
        place, laid_out = self._places.of(row), dict[str, Any]()
        if row.is_built is None:
            laid_out = self._workshop.lay_out(row, place.folder)
        self._supply.check(row)
        environment = self._environments.ensure(row, place.outside)
        if environment is not None:
            software = environment or self._environments.base_of(row)
            prepare(place.inside, place.outside, {**row.plan, SOFTWARE: software})
        if laid_out:
            note_before(place, laid_out["mounts"], self._workshop.root)
        return environment, laid_out

    def _begin_or_wait(
        self, row: RunRow, environment: str | None, laid_out: dict[str, Any]
    ) -> None:
        """Have a run begin; or wait for its environment, and for its turn once that is there."""
        if environment is None:
            if row.reason != WAITS:
                self._table.note(row.id, "waits", WAITS, reason=WAITS, is_built=False, **laid_out)
        elif row.is_built is None:
            laid_out["environment"] = environment
            self._start(self._table.move(row.id, Status.STARTING, "", **laid_out))
        else:
            self._table.note(
                row.id, "built", BUILT, reason=BUILT, is_built=True, environment=environment
            )

    def _start(self, row: RunRow) -> None:
        name = self._places.sandbox_of(row)
        if row.target != Target.RUN and self._backend.look(name).state is SandboxState.ABSENT:
            self.stop_waiting(row)
            self._backend.remove(name)  # made, and not started
            return
        try:
            self._backend.start(self._spec_of(row))
            seen = self._backend.look(name)
            runs = seen.state is SandboxState.RUNNING and row.target == Target.RUN
            if runs and not self._supply.give(row):
                return  # its agent does not listen yet
        except ImpossibleError as error:
            self._fail(row, str(error))
            return
        except MissingSecretError as error:
            self._fail(row, str(error))
            self._backend.remove(name)
            return
        if seen.state is not SandboxState.ABSENT:
            now = time.time()
            moved = self._table.move(row.id, Status.RUNNING, "", started_at=now, image=seen.image)
            self._watch(moved, seen)

    def _watch(self, row: RunRow, seen: Seen | None = None) -> None:
        name = self._places.sandbox_of(row)
        seen = seen or self._backend.look(name)
        if seen.state is not SandboxState.RUNNING:
            self._end(row, seen)
        elif row.target == Target.KILL or row.verdict:
            self._begin_to_stop(row)
            self._backend.kill(name)
        elif row.target == Target.STOP:
            self._begin_to_stop(row)
            self._backend.stop(name)
        elif not row.in_background and is_in_background(self._places.of(row).outside):
            self._table.note(row.id, "background", _IN_BACKGROUND, in_background=True)
        elif not row.is_asking:  # what is paused answers nobody
            self._look_at_health(row)

    def _look_at_health(self, row: RunRow) -> None:
        """Write down whether what is to answer does and what has failed, as the agent has found."""
        ports, processes = row.plan.get("health", ()), row.plan.get("processes", ())
        found = read_health(self._places.of(row).outside, ports, processes)
        if found is None:
            return
        ill, failed = found
        is_healthy = not ill if ports else None
        words = [f"No answer from {', '.join(ill)}."] if ill else []
        words += [_WITHOUT.format(name=name, status=failed[name]) for name in failed]
        why = " ".join(words) or (_IN_BACKGROUND if row.in_background else "")
        if (row.is_healthy, row.reason) != (is_healthy, why):
            what = "unhealthy" if ill else "process-failed" if failed else "healthy"
            self._table.note(row.id, what, why, is_healthy=is_healthy, reason=why)

    def _begin_to_stop(self, row: RunRow) -> None:
        if row.status == Status.RUNNING:
            self._table.move(row.id, Status.STOPPING, "")

    def _end(self, row: RunRow, seen: Seen) -> None:
        """Write down how a sandbox has ended, then have nothing of it left."""
        then, why = _judge(row, seen)
        if then is Status.FAILED and row.attempt <= row.retries and _is_wanted(row):
            self._retry(row, why)
        else:
            folder, is_good = self._places.of(row).folder, then is Status.SUCCEEDED
            fault = self._workshop.leave(row, folder, is_good=is_good)
            if then is Status.FAILED and self._workshop.lacks_create(row, self._table):
                remedy = f"`twin run {row.twin} create {row.phase}`"
                why += f" {row.twin} has not been created: {remedy}."
            if is_good:
                why = tell_hidden(row.plan, self._places.of(row).outside)
            self._table.move(row.id, then, f"{why} {fault}".strip(), exit_code=seen.status)
        self._backend.remove(self._places.sandbox_of(row))

    def _retry(self, row: RunRow, why: str) -> None:
        pause = min(self._first_pause * 2 ** (row.attempt - 1), _LONGEST_PAUSE_SECONDS)
        self._table.move(
            row.id, Status.WAITING, f"{why} It is tried again in {pause:g} s.",
            in_background=False, is_healthy=None,
            attempt=row.attempt + 1, not_before=time.time() + pause,
        )  # fmt: skip

    def _fail(self, row: RunRow, why: str) -> None:
        self._environments.leave(row.id)
        self._table.move(row.id, Status.FAILED, why)


def _is_wanted(row: RunRow) -> bool:
    """Return whether it is to go on, or to be tried again."""
    return row.target == Target.RUN and not row.verdict


def _judge(row: RunRow, seen: Seen) -> tuple[Status, str]:
    """Return what an ended sandbox means for a run, and why in words."""
    is_wanted, has_ended = row.target == Target.RUN, seen.state is SandboxState.ENDED
    if has_ended and seen.reason == "stopped":
        return (Status.LOST, _FROM_OUTSIDE) if is_wanted else (Status.STOPPED, "It was stopped.")
    if has_ended and seen.reason == "terminated":
        return Status.STOPPED, _TERMINATED
    if has_ended and seen.status == 0:
        return Status.SUCCEEDED, ""
    if why := row.verdict or _tell_limit(row, seen):
        return Status.FAILED, why
    if has_ended:
        return Status.FAILED, _tell_failure(row, seen)
    return (Status.LOST, _GONE) if is_wanted else (Status.STOPPED, "It was killed.")


def _tell_failure(row: RunRow, seen: Seen) -> str:
    """Return why a phase has failed, as its agent says."""
    if seen.reason == "time-limit":
        limit = f"The time limit of {row.plan['time_limit']:g} s is over"
        return f"{limit}: `time_limit` of the phase sets another one."
    return _WORDS.get(seen.reason, f"It ended with status {seen.status}.")


def _tell_limit(row: RunRow, seen: Seen) -> str:
    """Return which limit has ended a sandbox, and what to do about it; empty if none has."""
    most = row.plan.get("file_bytes")
    if seen.was_out_of_memory:
        return tell_out_of_memory(row.plan, seen.memory_bytes)
    return tell_out_of_disk(row.plan, None, most) if most and seen.status == _TOO_LARGE else ""
