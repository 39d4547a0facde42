"""The runner put together: what people ask of it, and the loop that does it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_api.names import label_for
from twinhub_api.runner.runs import Status, Target
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.resolving import ChoiceError, Context, read_value, resolve
from twinhub_kit.audit import Audit
from twinhub_kit.background import Background
from twinhub_kit.database import Database
from twinhub_kit.health import Health, check_database
from twinhub_kit.metrics import Metrics
from twinhub_kit.migrations import migrate

from twinhub_runner.backends.base import Mount, SandboxSpec
from twinhub_runner.errors import BadSubmissionError, NoRunError
from twinhub_runner.following import Followers
from twinhub_runner.identifiers import make_run_id
from twinhub_runner.places import Places
from twinhub_runner.plans import make_plan
from twinhub_runner.reconciling import Reconciler
from twinhub_runner.scheduling import Scheduler
from twinhub_runner.store.runs import RunRow, RunTable
from twinhub_runner.twins import Twins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_api.runner.runs import Run, Submission
    from twinhub_kit.callers import Caller

    from twinhub_runner.backends.base import Backend
    from twinhub_runner.settings import RunnerSettings
    from twinhub_runner.twins import FoundTwin


@dataclass(frozen=True)
class Runner:
    """Runs twins for people; what may be seen and told is decided here."""

    settings: RunnerSettings
    table: RunTable
    twins: Twins
    places: Places
    scheduler: Scheduler
    background: Background = field(default_factory=Background)
    audit: Audit = field(default_factory=Audit)
    health: Health = field(default_factory=Health)
    """What has to be ready."""
    followers: Followers = field(default_factory=Followers)
    metrics: Metrics = field(default_factory=lambda: Metrics("runner"))

    def submit(self, caller: Caller, asked: Submission, key: str | None = None) -> list[Run]:
        """Take in a run of each phase, or return those that were asked for with the same key.

        Raises:
            NoTwinError: there is no such twin for the caller.
            BadTwinError: it cannot be used.
            BadSubmissionError: a phase, scenario or value that it does not have.
        """
        found = self.twins.find(caller, asked.twin)
        rows: list[RunRow] = []
        chain = make_run_id() if len(asked.phases) > 1 else None
        for phase in asked.phases:
            row = self._row(caller, asked, found, phase)
            row.chain, row.idempotency_key = chain, key
            row.waits_for = rows[-1].id if rows else None
            rows.append(row)
        runs = self.table.add(rows)
        self.scheduler.wake()
        return runs

    def find(self, caller: Caller, run_id: str) -> RunRow:
        """Return a run that a caller may see.

        Raises:
            NoRunError: there is none.
        """
        row = self.table.find(run_id)
        teams = {label_for(group) for group in caller.groups}
        may = row is not None and (
            caller.is_everybody or row.owner == caller.name or row.team in teams
        )
        if row is None or not may:
            raise NoRunError(f"There is no run {run_id}.")
        return row

    def aim(self, caller: Caller, run_id: str, target: Target) -> Run:
        """Say what is wanted of a run.

        Raises:
            NoRunError: there is no such run for the caller.
        """
        self.find(caller, run_id)
        run = self.table.aim(run_id, target, caller.name).as_wire()
        self.scheduler.wake()
        return run

    def _row(self, caller: Caller, asked: Submission, found: FoundTwin, phase: str) -> RunRow:
        run_id = make_run_id()
        if phase not in found.twin.phases:
            nearest = nearest_key(phase, found.twin.phases)
            hint = f" Did you mean {nearest!r}?" if nearest else ""
            known = ", ".join(found.twin.phases)
            raise BadSubmissionError(f"{found.path} has no phase {phase!r}: it has {known}.{hint}")
        run = {"id": run_id, "folder": found.inside, "phase": phase, "user": caller.name}
        try:
            values = {
                name: read_value(found.twin, name, value) if isinstance(value, str) else value
                for name, value in asked.parameters.items()
            }
            resolved = resolve(
                found.twin, scenario=asked.scenario, values=values, context=Context({"run": run})
            )
        except ChoiceError as error:
            raise BadSubmissionError(f"{found.path}: {error}") from error
        if resolved.missing:
            names = ", ".join(resolved.missing)
            raise BadSubmissionError(f"{found.path}: parameters without a value: {names}")
        return RunRow(
            id=run_id, twin=found.path, phase=phase, owner=caller.name, team=found.team,
            groups=sorted(caller.groups), status=Status.WAITING.value, target=Target.RUN.value,
            retries=found.twin.phases[phase].retries, scenario=asked.scenario,
            parameters=dict(resolved.parameters), keys=[found.path],
            plan=make_plan(resolved, phase, found.inside, most_seconds=self.settings.most_seconds),
            created_at=time.time(),
        )  # fmt: skip


def spec_of(row: RunRow, settings: RunnerSettings, places: Places) -> SandboxSpec:
    """Return what the sandbox of a run in place is."""
    place = places.of(row)
    area = label_for(row.owner)
    mounts = [Mount(settings.root / area, "/workspace", writable=True)]
    common = settings.root / "common"
    if common.is_dir() and (settings.root / area / "common").is_dir():
        mounts.append(Mount(common, "/workspace/common"))
    return SandboxSpec(
        places.sandbox_of(row),
        place.inside,
        place.outside,
        tuple(mounts),
        settings.variables,
        settings.limits,
    )


@contextlib.contextmanager
def open_runner(settings: RunnerSettings, backend: Backend) -> Iterator[Runner]:
    """Open what a runner has; its loop goes on while its application serves."""
    settings.state.mkdir(parents=True, exist_ok=True)
    settings.runs.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    migrate(database, "twinhub_runner")
    table, places = RunTable(database), Places(settings.runs)
    reconciler = Reconciler(table, backend, places, lambda row: spec_of(row, settings, places))
    scheduler = Scheduler(table, reconciler, places, settings.caps, settings.workers)
    runner = Runner(settings, table, Twins(settings.root), places, scheduler)
    runner.health.add("database", check_database(database))
    runner.background.keep("runs", lambda: scheduler.run(runner.background.stopping))
    try:
        yield runner
    finally:
        database.close()
        backend.close()
