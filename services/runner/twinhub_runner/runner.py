"""The runner put together: what people ask of it, and the loop that does it."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
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
from twinhub_kit.sealing import load_sealer

from twinhub_runner.backends.base import Mount, SandboxSpec
from twinhub_runner.collecting import EVERY_SECONDS, clear_old
from twinhub_runner.copies.copies import Copies
from twinhub_runner.copies.inputs import plan_fetching
from twinhub_runner.copies.workshop import CLEAN, CREATE, Workshop
from twinhub_runner.environments.building import Environments
from twinhub_runner.environments.wanted import GUESSED
from twinhub_runner.environments.wanted import check_asked as check_software
from twinhub_runner.errors import (
    BadSubmissionError,
    NoRunError,
    NotAskingError,
    TwinRunsError,
)
from twinhub_runner.following import Followers
from twinhub_runner.identifiers import make_run_id
from twinhub_runner.leftovers import clear_leftovers
from twinhub_runner.operating import show_to_operators
from twinhub_runner.pausing import hold_runs_that_write
from twinhub_runner.places import Places
from twinhub_runner.plans import MAIN, RESTORE, make_plan
from twinhub_runner.reconciling import Reconciler
from twinhub_runner.rendering import names_of_services, plan_files
from twinhub_runner.resources import check_asked, limits_of
from twinhub_runner.room import LOOK_SECONDS, Room, end_runs_that_write_too_much
from twinhub_runner.scheduling import Pace, Scheduler
from twinhub_runner.secrets.delivering import Supply
from twinhub_runner.secrets.keeping import Secrets
from twinhub_runner.store.rows import RunRow
from twinhub_runner.store.runs import RunTable
from twinhub_runner.store.secrets import SecretTable
from twinhub_runner.telling import LISTENING
from twinhub_runner.twins import Twins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from twinhub_api.runner.runs import Run, Submission
    from twinhub_dtconfig.resolving import Resolved
    from twinhub_kit.callers import Caller

    from twinhub_runner.backends.base import Backend
    from twinhub_runner.copies.copies import Copy
    from twinhub_runner.copies.workshop import Chosen
    from twinhub_runner.environments.base import Maker
    from twinhub_runner.settings import RunnerSettings
    from twinhub_runner.twins import FoundTwin


_TERMINATE = "terminate"
_BEHIND = "The twin was changed since its copy was made: run create to take that in."


@dataclass(frozen=True)
class Runner:
    """Runs twins for people; what may be seen and told is decided here."""

    settings: RunnerSettings
    table: RunTable
    twins: Twins
    workshop: Workshop
    places: Places
    scheduler: Scheduler
    secrets: Secrets
    environments: Environments
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
            FileError: it leads out of its area.
            BadSubmissionError: a phase, scenario or value that it does not have.
            TwinRunsError: it is to be terminated while it runs.
            KeyUsedError: something else was asked for with the key.
            BusyError: so many runs of the caller's have not ended that no more wait.
        """
        said = json.dumps(asked.model_dump(mode="json"), sort_keys=True)
        digest = sha256(said.encode()).hexdigest()
        if known := self.table.list_asked(caller.name, key, digest):
            return [row.as_wire() for row in known]
        found = self.twins.find(caller, asked.twin)
        chosen = self.workshop.choose(caller, found, asked.phases[0])
        if asked.phases in {(_TERMINATE,), (CLEAN,)}:
            self._refuse_outside(chosen, asked.phases[0])
        is_fresh, why = chosen.is_fresh, _BEHIND if chosen.is_behind else ""
        rows: list[RunRow] = []
        for phase in asked.phases:
            if phase == CREATE and rows:
                chosen = self.workshop.choose(caller, found, CREATE)
            rows.append(self._row(caller, asked, chosen, phase))
        rows[0].is_fresh, rows[0].idempotency_key, rows[0].asked_digest = is_fresh, key, digest
        return self._add(caller, rows, why)

    def _refuse_outside(self, chosen: Chosen, phase: str) -> None:
        """Refuse what ends a twin's run where that would wait for the run to end.

        That is `terminate`; and `clean` of a twin in place, of which only what a phase has started
        goes on.
        """
        for row in self.table.list_open():
            listens = row.keys == [chosen.key] and row.status in LISTENING
            is_for_it = phase == _TERMINATE or (row.in_background and not row.copy)
            if listens and is_for_it and phase in row.plan.get("commands", {}):
                raise TwinRunsError(
                    f"{row.twin} runs as {row.id}, and is ended in there: give that run the command"
                    f" {phase}, as by `twin command {row.id} {phase}`."
                )

    def submit_again(
        self, caller: Caller, asked: Sequence[Submission], rerun_of: str, copy: Copy | None
    ) -> list[Run]:
        """Take in runs like earlier ones of a twin, one after the other, in a copy like theirs.

        The reason of the first one says what is not kept, and is as it is now.

        Raises:
            RunnerError: as `submit`.
            FileError: as `submit`.
        """
        found = self.twins.find(caller, asked[0].twin)
        chosen = self.workshop.choose_again(caller, found, copy)
        rows = [self._row(caller, one, chosen, one.phases[0]) for one in asked]
        rows[0].is_fresh = chosen.is_fresh
        for row in rows:
            row.rerun_of = rerun_of
        rows[0].reason = _tell_live(rows)
        return self._add(caller, rows, rows[0].reason)

    def submit_restored(
        self, caller: Caller, asked: Submission, chosen: Chosen, unpack: Callable[[RunRow], None],
        archive: str,
    ) -> Run:  # fmt: skip
        """Take in a run that goes on from a save, whose files ``unpack`` puts into its folder.

        Raises:
            RunnerError: as `submit`.
        """
        row = self._row(caller, asked, chosen, asked.phases[0])
        restoring = row.plan.get("commands", {}).get(RESTORE)
        if restoring is not None:
            row.plan = {**row.plan, "processes": {MAIN: restoring}, "keeps_children": True}
        row.is_fresh = True
        unpack(row)
        return self._add(caller, [row], why=f"It goes on from {archive}.")[0]

    def _add(self, caller: Caller, rows: list[RunRow], why: str = "") -> list[Run]:
        """Take in runs one after the other, or return those of the same key."""
        chain = make_run_id() if len(rows) > 1 else None
        for at, row in enumerate(rows):
            row.chain = chain
            row.waits_for = rows[at - 1].id if at else None
        runs = self.table.add(rows, why)
        for run in runs if runs[0].id == rows[0].id else ():
            self.audit.record(caller, "run", run.twin, phase=run.phase, run=run.id)
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
        self.audit.record(caller, f"{target}-run", run.twin, run=run.id, author=run.owner)
        self.scheduler.wake()
        return run

    def go_on(self, caller: Caller, run_id: str) -> Run:
        """Have a run begin, or go on, that asks whether to.

        Raises:
            NoRunError: there is no such run for the caller.
            NotAskingError: it does not ask.
        """
        row = self.find(caller, run_id)
        if not row.is_asking:
            raise NotAskingError(
                f"The run {run_id} does not ask whether to go on: it {row.status}."
            )
        self.table.note(
            run_id, "continued", who=caller.name, goes_on=True, is_asking=False, reason=""
        )
        self.places.of(row).hold(is_held=False)
        self.audit.record(caller, "continue-run", row.twin, run=row.id, author=row.owner)
        self.scheduler.wake()
        return self.find(caller, run_id).as_wire()

    def _row(self, caller: Caller, asked: Submission, chosen: Chosen, phase: str) -> RunRow:
        run_id, found = make_run_id(), chosen.found
        if phase not in found.twin.phases:
            nearest = nearest_key(phase, found.twin.phases)
            hint = f" Did you mean {nearest!r}?" if nearest else ""
            known = ", ".join(found.twin.phases)
            raise BadSubmissionError(f"{found.path} has no phase {phase!r}: it has {known}.{hint}")
        run = {"id": run_id, "folder": found.inside, "phase": phase, "user": caller.name}
        services = names_of_services(found.twin)
        context = Context({"run": run, "uses": chosen.required.paths, "services": services})
        resolved = _resolve(found, asked, context)
        check_asked(found.path, resolved.data, self.settings.limits)
        check_software(
            found.path, resolved.data, self.settings.software, is_described=found.is_described
        )
        made = plan_files(found.twin, phase, resolved.parameters, context, found.inside)
        self.secrets.check(caller.name, found.path, made.get("secrets", {}).values())
        plan = make_plan(
            resolved, phase, found.inside, most_seconds=self.settings.most_seconds,
            most_bytes=self.settings.limits.disk_bytes,
        )  # fmt: skip
        plan[GUESSED] = not found.is_described
        plan |= made
        plan["fetch"] = plan_fetching(found.twin, found.path, chosen.required.paths, plan)
        return RunRow(
            id=run_id, twin=found.path, phase=phase, owner=caller.name, team=found.team,
            groups=sorted(caller.groups), status=Status.WAITING.value, target=Target.RUN.value,
            retries=found.twin.phases[phase].retries, scenario=asked.scenario,
            parameters=dict(resolved.parameters), keys=[chosen.key], copy=chosen.copy,
            is_fresh=bool(chosen.copy) and phase == CREATE, requires=chosen.as_data(),
            outputs=list(found.twin.phases[phase].outputs) if chosen.copy else [],
            plan=plan, created_at=time.time(),
        )  # fmt: skip


def _tell_live(rows: Sequence[RunRow]) -> str:
    """Return what runs use as it is now, in words; empty if all is as it was."""
    if not rows[0].copy:
        return "It runs in its folder, which is as it is now."
    fetched = {one["name"] for row in rows for one in row.plan["fetch"] if "sha256" not in one}
    names = ", ".join(sorted(fetched))
    return f"As it is now, since nothing says what it was: {names}." if names else ""


def _resolve(found: FoundTwin, asked: Submission, context: Context) -> Resolved:
    try:
        values = {
            name: read_value(found.twin, name, value) if isinstance(value, str) else value
            for name, value in asked.parameters.items()
        }
        resolved = resolve(found.twin, scenario=asked.scenario, values=values, context=context)
    except ChoiceError as error:
        raise BadSubmissionError(f"{found.path}: {error}") from error
    if resolved.missing:
        names = ", ".join(resolved.missing)
        raise BadSubmissionError(f"{found.path}: parameters without a value: {names}")
    return resolved


def spec_of(row: RunRow, settings: RunnerSettings, places: Places) -> SandboxSpec:
    """Return what the sandbox of a run is that has been prepared."""
    place = places.of(row)
    mounts = tuple(
        Mount(settings.root / one["source"], one["target"], writable=one["writable"])
        for one in row.mounts
    )
    return SandboxSpec(
        places.sandbox_of(row), place.inside, place.outside, mounts, settings.variables,
        limits_of(row.plan, settings.limits), egress=settings.egress.of(row.groups),
        environment=row.environment,
    )  # fmt: skip


def make_runner(
    settings: RunnerSettings, database: Database, backend: Backend, pace: Pace | None = None,
    maker: Maker | None = None,
) -> Runner:  # fmt: skip
    """Put a runner together on a database that has its tables; nothing moves before it is told."""
    table, places = RunTable(database), Places(settings.runs)
    pace = pace or Pace()
    copies = Copies(settings.root, settings.runs / "copies")
    workshop = Workshop(settings.root, copies)
    sealer = load_sealer(settings.crypt_keys, settings.state / "secrets.key")
    secrets = Secrets(SecretTable(database), sealer)
    environments = Environments(
        maker, settings.software, settings.root, copies, settings.state / "environments"
    )
    reconciler = Reconciler(
        table, backend, places, workshop, lambda row: spec_of(row, settings, places),
        supply=Supply(secrets, places), environments=environments, first_pause=pace.first_retry,
    )  # fmt: skip
    room = Room(settings.root, settings.least_free)
    scheduler = Scheduler(table, reconciler, places, settings.caps, room, pace)
    return Runner(
        settings, table, Twins(settings.root), workshop, places, scheduler, secrets, environments
    )


@contextlib.contextmanager
def open_runner(
    settings: RunnerSettings, backend: Backend, maker: Maker | None = None
) -> Iterator[Runner]:
    """Open what a runner has; its loop goes on while its application serves."""
    settings.state.mkdir(parents=True, exist_ok=True)
    settings.runs.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    migrate(database, "twinhub_runner")
    runner = make_runner(settings, database, backend, maker=maker)
    clear_leftovers(runner.places, runner.workshop.copies, runner.table)
    runner.health.add("database", check_database(database))
    runner.background.keep(
        "runs", lambda: runner.scheduler.run(runner.background.stopping, settings.workers)
    )
    runner.background.every(
        LOOK_SECONDS, "written", partial(end_runs_that_write_too_much, runner, {})
    )
    runner.background.every(LOOK_SECONDS, "paused", partial(hold_runs_that_write, runner, {}))
    show_to_operators(runner, backend)
    if (days := settings.keep_days) is not None:
        runner.background.every(
            EVERY_SECONDS, "old runs", partial(clear_old, runner, days), first_after_seconds=60.0
        )
    try:
        yield runner
    finally:
        runner.environments.close()
        database.close()
        backend.close()
