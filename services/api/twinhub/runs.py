"""Runs in a notebook: ask for one, wait for it, have its log, its numbers and its results.

``twinhub.run("tank", duration=10).wait()`` is the short way. What is wrong is a `RunsError`, whose
text says what to do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_api.cli.terminal import safe
from twinhub_api.client.errors import ClientError
from twinhub_api.client.places import Places
from twinhub_api.client.runner import RunnerClient
from twinhub_api.runner.commands import CommandIn
from twinhub_api.runner.runs import Status, Submission
from twinhub_api.runner.saves import ForkIn, RestoreIn

from twinhub.showing import (
    Shower,
    ShownPreview,
    as_html,
    as_line,
    as_row,
    as_table,
    without_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twinhub_api.runner.logs import LogLine
    from twinhub_api.runner.results import Artefact, Provenance
    from twinhub_api.runner.runs import Run as Known

    Value = bool | int | float | str

__all__ = [
    "Results",
    "Run",
    "RunFailedError",
    "RunsError",
    "find",
    "fork",
    "recent",
    "restore",
    "start",
]

_SHOWN_LINES = 10


class RunsError(Exception):
    """Something that stops what was asked for; the text says what is wrong and what to do."""


class RunFailedError(RunsError):
    """A run that has ended, and has not succeeded."""

    def __init__(self, run: Run, text: str) -> None:
        """Hold the run."""
        super().__init__(text)
        self.run = run


class Run:
    """One phase of a twin that somebody has asked for; what is known of it is asked anew."""

    def __init__(self, known: Known, before: Sequence[Run] = ()) -> None:
        """Hold what the runner says of a run."""
        self._known = known
        self.before = tuple(before)
        """The runs of the phases that were asked for before it, with it."""

    @property
    def id(self) -> str:
        """What it is called by."""
        return self._known.id

    @property
    def twin(self) -> str:
        """The path of its twin in the library."""
        return self._known.twin

    @property
    def phase(self) -> str:
        """The phase."""
        return self._known.phase

    @property
    def parameters(self) -> dict[str, Value]:
        """All values of the twin's parameters, with defaults."""
        return dict(self._known.parameters)

    @property
    def details(self) -> Known:
        """All that the runner says of it, now."""
        if not self._known.status.is_final:
            with _asking() as client:
                self._known = client.find(self.id)
        return self._known

    @property
    def status(self) -> str:
        """How it is now, such as ``waiting``, ``running`` or ``succeeded``."""
        return self.details.status.value

    @property
    def reason(self) -> str:
        """Why it is as it is."""
        return self.details.reason

    @property
    def exit_code(self) -> int | None:
        """The status that its phase has ended with."""
        return self.details.exit_code

    def wait(self, seconds: float | None = None, *, check: bool = True, show: bool = True) -> Run:
        """Wait until it has ended, and return it; a terminal or notebook shows how far it is.

        Without ``check`` one that has not succeeded is returned too.

        Raises:
            RunFailedError: it has not succeeded; the text has the end of its log.
            TimeoutError: it has not ended within so many seconds, and goes on.
        """
        with _asking() as client, Shower(client, is_shown=show) as shower:
            self._known = client.wait_for_end(self.id, shower.show, seconds=seconds)
        if check and self._known.status is not Status.SUCCEEDED:
            raise RunFailedError(self, self._how_it_failed())
        return self

    def log(self, process: str | None = None) -> str:
        """Return what it has printed until now, or only what one of its processes has."""
        lines = [line for line in self._lines() if process in {None, line.process}]
        return "".join(line.text + ("" if line.goes_on else "\n") for line in lines)

    def follow(self) -> Iterator[str]:
        """Yield what it prints, line by line, until it has ended."""
        with _asking() as client:
            for heard in client.follow_log(self.id):
                yield from (line.text for line in heard.lines)

    def metrics(self, most: int = 1000) -> dict[str, list[tuple[float, float]]]:
        """Return the numbers that it has printed: seconds since 1970 and value, by name.

        Of more than ``most`` points of a number, the least and greatest of equal parts are kept.
        """
        with _asking() as client:
            found = client.metrics(self.id, most=most).series
        return {one.name: [(time / 1000, value) for time, value in one.points] for one in found}

    def results(self) -> Results:
        """Return the declared outputs that were kept when it ended, by their paths."""
        with _asking() as client:
            return Results(self.id, client.list_artefacts(self.id).items)

    def provenance(self) -> Provenance:
        """Return where it comes from: configuration, inputs with digests, who and when."""
        with _asking() as client:
            return client.get_provenance(self.id)

    def rerun(self) -> Run:
        """Ask for the same again; return the last of the new runs, at once.

        Raises:
            RunsError: something is not there any more as it was.
        """
        with _asking() as client:
            return _chain(client.rerun(self.id))

    def save(self, to: str = "") -> str:
        """Write what its twin keeps as an archive to the library; return where.

        Raises:
            RunsError: it keeps nothing, or something is there already.
        """
        with _asking() as client:
            return client.save(self.id, _places().path_of(to) if to else "").path

    def command(
        self, name: str, /, arguments: Mapping[str, Value] | None = None, **values: Value
    ) -> int | None:
        """Give it a command of its twin, or a phase such as ``terminate``; return how that ended.

        None if the run has ended before the command has.

        Raises:
            RunsError: there is no such command, or the run does not go on.
        """
        asked = CommandIn(name=name, arguments={**(arguments or {}), **values})
        with _asking() as client:
            return client.wait_for_command(self.id, client.command(self.id, asked)).exit_code

    def stop(self) -> Run:
        """Have it end as its twin wishes; see `wait`."""
        with _asking() as client:
            self._known = client.stop(self.id)
        return self

    def kill(self) -> Run:
        """End it at once; see `wait`."""
        with _asking() as client:
            self._known = client.kill(self.id)
        return self

    def go_on(self) -> Run:
        """Have it begin, or go on, though little room is left on the disk; see its `reason`."""
        with _asking() as client:
            self._known = client.go_on(self.id)
        return self

    def __repr__(self) -> str:
        """Return the run as a line."""
        return as_line(self._known)

    def _repr_html_(self) -> str:
        """Return the run as a table, for notebooks; all of it is text."""
        lines = without_numbers(line.text for line in self._lines())[-_SHOWN_LINES:]
        return as_html(self.details, lines=lines)

    def _lines(self) -> list[LogLine]:
        with _asking() as client:
            return list(client.read_log(self.id))

    def _how_it_failed(self) -> str:
        known = self._known
        first = f"The run {known.id} has {known.status}. {known.reason}".strip()
        last = without_numbers(line.text for line in self._lines())[-_SHOWN_LINES:]
        return "\n".join(map(safe, [*first.splitlines(), *last]))


class RunList(list[Run]):
    """Some runs, the newest first; a table in a notebook."""

    def _repr_html_(self) -> str:
        """Return a table, for notebooks; all of it is text."""
        head = ("run", "twin", "phase", "status", "time", "why")
        return as_table([as_row(one.details) for one in self], head)


class Results(Mapping[str, bytes]):
    """The declared outputs of a run: ``results["output/levels.csv"]`` is what is in one."""

    def __init__(self, run: str, artefacts: Sequence[Artefact]) -> None:
        """Hold what the runner says of the outputs of a run."""
        self._run = run
        self.artefacts = tuple(artefacts)
        """Path, size and digest of each."""

    def __getitem__(self, path: str) -> bytes:
        """Return what is in a file."""
        if all(one.path != path for one in self.artefacts):
            raise KeyError(path)
        with _asking() as client:
            return b"".join(client.read_artefact(self._run, path))

    def __iter__(self) -> Iterator[str]:
        """Return the paths."""
        return iter([one.path for one in self.artefacts])

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.artefacts)

    def preview(self, path: str) -> ShownPreview:
        """Return the beginning of a file: text, rows of a table, or how large a picture is."""
        with _asking() as client:
            return ShownPreview(**dict(client.preview(self._run, path)))

    def text(self, path: str) -> str:
        """Return the text of a file in UTF-8."""
        return self[path].decode("utf-8", "replace")

    def save(self, folder: str | Path) -> list[Path]:
        """Write all below a folder, where none of them is yet; return where they are.

        Raises:
            RunsError: something is there already.
        """
        with _asking() as client:
            try:
                return [
                    client.save_artefact(self._run, one, Path(folder)) for one in self.artefacts
                ]
            except OSError as error:
                raise RunsError(f"{error.filename2 or error.filename}: {error.strerror}") from error

    def __repr__(self) -> str:
        """Return a line for each."""
        lines = (safe(f"{one.path}  {one.size} B") for one in self.artefacts)
        return "\n".join(lines) or "No results."

    def _repr_html_(self) -> str:
        """Return a table, for notebooks; all of it is text."""
        rows = [(one.path, f"{one.size} B", one.sha256) for one in self.artefacts]
        return as_table(rows, ("path", "size", "SHA-256"))


def start(
    twin: str, *, phase: str | Sequence[str] = "execute", scenario: str | None = None,
    parameters: Mapping[str, Value] | None = None,
) -> Run:  # fmt: skip
    """Ask for runs, as `twinhub.run` does; return the last one.

    Raises:
        RunsError: it cannot be run so, or the runner does not answer.
    """
    phases = (phase,) if isinstance(phase, str) else tuple(phase)
    with _asking() as client:
        asked = Submission(
            twin=_places().twin_of(twin), phases=phases, scenario=scenario,
            parameters=dict(parameters or {}),
        )  # fmt: skip
        return _chain(client.submit(asked))


def restore(
    archive: str, *, phase: str = "", twin: str = "", parameters: Mapping[str, Value] | None = None
) -> Run:
    """Ask for a run that goes on from a save; see `Run.save`.

    Raises:
        RunsError: it is damaged, or the twin is not what it was.
    """
    with _asking() as client:
        asked = RestoreIn(
            archive=_places().path_of(archive), phase=phase,
            twin=_places().twin_of(twin) if twin else "", parameters=dict(parameters or {}),
        )  # fmt: skip
        return Run(client.restore(asked))


def fork(archive: str, name: str, *, twin: str = "") -> str:
    """Make a twin of one's own of a save; return its path in the library.

    Raises:
        RunsError: it is damaged, or something has the name already.
    """
    with _asking() as client:
        asked = ForkIn(
            archive=_places().path_of(archive), name=name,
            twin=_places().twin_of(twin) if twin else "",
        )  # fmt: skip
        return client.fork(asked).twin


def _chain(made: Sequence[Known]) -> Run:
    runs: list[Run] = []
    for one in made:
        runs.append(Run(one, runs))
    return runs[-1]


def find(run: str) -> Run:
    """Return a run by its id.

    Raises:
        RunsError: there is none that you may know of.
    """
    with _asking() as client:
        return Run(client.find(run))


def recent(twin: str = "", limit: int = 20) -> RunList:
    """Return the newest runs, of one twin or of all.

    Raises:
        RunsError: the runner does not answer.
    """
    with _asking() as client:
        path = _places().twin_of(twin) if twin else ""
        if path and "/" not in path:
            path = _places().path_of(f"digital_twins/{path}")
        return RunList(map(Run, islice(client.list_runs(twin=path, page=limit), limit)))


def _places() -> Places:
    return Places.from_environment(os.environ)


@contextmanager
def _asking() -> Iterator[RunnerClient]:
    """Yield the client of the runner, whose errors become those of this module."""
    try:
        with RunnerClient.here() as client:
            yield client
    except ClientError as error:
        raise RunsError(str(error)) from None  # how it was asked for helps nobody
