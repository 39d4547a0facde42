"""The client of the runner: runs are asked for, followed and ended."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import quote

from twinhub_api.client.base import ServiceClient, Values
from twinhub_api.client.errors import ProblemError, UnreachableError
from twinhub_api.runner.commands import CommandIn, RunCommand, RunCommandList
from twinhub_api.runner.logs import (
    Heard,
    LogLine,
    NoLineError,
    SeriesList,
    parse_lines,
    parse_record,
)
from twinhub_api.runner.results import Artefact, Artefacts, Preview, Provenance
from twinhub_api.runner.runs import (
    Run,
    RunEvent,
    RunEventPage,
    RunPage,
    Submission,
    Submitted,
)
from twinhub_api.runner.saves import Forked, ForkIn, RestoreIn, Saved, SaveIn
from twinhub_api.runner.secrets import KeptSecret, SecretList
from twinhub_api.runner.usage import Cleared, Clearing, RunLoad, RunUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

T = TypeVar("T")

VARIABLE = "TWINHUB_RUNNER_URL"
_PAGE = 1000
_CHUNK = 2**20
_PAUSES = (0.2, 0.5, 1.0, 2.0, *[5.0] * 24)
"""Seconds before each further try to go on with a log: a runner is started again within them, also
on a busy machine or with a whole installation."""


class RunnerClient(ServiceClient):
    """Asks the runner as whoever runs this."""

    @classmethod
    def here(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Return the client of this workspace: address and token are in its environment.

        Raises:
            NotSetUpError: there is no address.
        """
        found = os.environ if environment is None else environment
        return cls.from_environment(found, variable=VARIABLE, name="runner")

    def submit(self, asked: Submission, key: str = "") -> tuple[Run, ...]:
        """Ask for runs; asked for again with the same key, the same runs are answered."""
        answer = self.ask(
            "POST", "/api/runs", body=asked.model_dump(exclude_none=True),
            headers={"Idempotency-Key": key or secrets.token_hex(16)},
        )  # fmt: skip
        return self._read(Submitted, answer).runs

    def find(self, run: str) -> Run:
        """Return a run."""
        return self.get(Run, _path(run))

    def list_runs(
        self, *, twin: str = "", is_open: bool = False, page: int = _PAGE
    ) -> Iterator[Run]:
        """Yield one's own runs and those of one's teams' twins, the newest first.

        They are asked for so many at a time.
        """
        after: str | None = None
        while True:
            values: Values = {
                "twin": twin, "open": is_open or None, "after": after,
                "limit": max(1, min(page, _PAGE)),
            }  # fmt: skip
            found = self.get(RunPage, "/api/runs", values)
            yield from found.items
            if (after := found.next) is None:
                return

    def list_events(self, run: str) -> Iterator[RunEvent]:
        """Yield what has happened to a run, the oldest first."""
        after: int | None = None
        while True:
            values: Values = {"after": after, "limit": _PAGE}
            page = self.get(RunEventPage, f"{_path(run)}/events", values)
            yield from page.items
            if (after := page.next) is None:
                return

    def stop(self, run: str) -> Run:
        """Have a run end as its twin wishes."""
        return self.post(Run, f"{_path(run)}/stop", None)

    def kill(self, run: str) -> Run:
        """End a run at once."""
        return self.post(Run, f"{_path(run)}/kill", None)

    def go_on(self, run: str) -> Run:
        """Have a run begin, or go on, that asks whether to."""
        return self.post(Run, f"{_path(run)}/continue", None)

    def usage(self) -> RunUsage:
        """Return how much room one's own runs take."""
        return self.get(RunUsage, "/api/usage")

    def clear(self, asked: Clearing) -> Cleared:
        """Have one's own runs that ended long ago lose log and results, or tell which would."""
        return self.post(Cleared, "/api/clearings", asked.model_dump())

    def command(self, run: str, asked: CommandIn) -> RunCommand:
        """Tell a run something; see `find_command` for how it ends."""
        return self.post(RunCommand, f"{_path(run)}/commands", asked.model_dump())

    def find_command(self, run: str, command: str) -> RunCommand:
        """Return what a run was told, and how it has ended."""
        return self.get(RunCommand, f"{_path(run)}/commands/{quote(command, safe='')}")

    def list_commands(self, run: str) -> tuple[RunCommand, ...]:
        """Return what a run was told, the oldest first."""
        return self.get(RunCommandList, f"{_path(run)}/commands").commands

    def metrics(self, run: str, *, most: int = 1000, start: int = 0) -> SeriesList:
        """Return the numbers that a run has printed, with at most so many points of each.

        ``start`` is the ``end`` of an earlier answer, for what has come since.
        """
        return self.get(SeriesList, f"{_path(run)}/metrics", {"most": most, "start": start})

    def load(self, run: str) -> RunLoad:
        """Return what the processes of a run use now."""
        return self.get(RunLoad, f"{_path(run)}/load")

    def read_log(
        self, run: str, *, start: int = 0, attempt: int | None = None
    ) -> Iterator[LogLine]:
        """Yield the lines of a log that there are now, from a place on."""
        while True:
            values: Values = {"start": start, "attempt": attempt}
            answer = self.ask("GET", f"{_path(run)}/log", values=values)
            text = answer.content.decode("utf-8", "replace")
            if not text:
                return
            yield from (line for one in text.split("\n") if (line := parse_record(one)))
            start = int(answer.headers["X-Log-End"])

    def follow_log(self, run: str, *, attempt: int | None = None) -> Iterator[Heard]:
        """Yield the lines of a log until the run has ended, also over a restart of the runner.

        Raises:
            UnreachableError: the runner does not answer for a while.
        """
        start, pauses = 0, iter(_PAUSES)
        while True:
            try:
                for heard in self._stream_log(run, start, attempt):
                    if heard is None:
                        return
                    attempt, start, pauses = heard.attempt, heard.end, iter(_PAUSES)
                    yield heard
            except (UnreachableError, ProblemError) as error:
                if not _is_away(error) or (pause := next(pauses, None)) is None:
                    raise
            else:
                pause = next(pauses, _PAUSES[-1])
            self._sleep(pause)

    def list_artefacts(self, run: str) -> Artefacts:
        """Return all declared outputs of a run that were kept."""
        items: list[Artefact] = []
        after: int | None = None
        while True:
            values: Values = {"after": after, "limit": _PAGE}
            page = self.get(Artefacts, f"{_path(run)}/artefacts", values)
            items += page.items
            if (after := page.next) is None:
                return page.model_copy(update={"items": tuple(items)})

    def preview(self, run: str, path: str) -> Preview:
        """Return the beginning of a declared output."""
        return self.get(Preview, f"{_path(run)}/previews/{quote(path)}")

    def read_artefact(self, run: str, path: str) -> Iterator[bytes]:
        """Yield the content of a declared output piece by piece."""
        with self.stream("GET", f"{_path(run)}/artefacts/{quote(path)}") as answer:
            yield from answer.iter_bytes(_CHUNK)

    def save_artefact(self, run: str, artefact: Artefact, folder: Path) -> Path:
        """Write a declared output below a folder, at its path in the twin; return where.

        Raises:
            FileExistsError: another file is there.
            UnreachableError: what has come is not what was kept.
        """
        names = artefact.path.split("/")
        if not all(names) or ".." in names or "." in names:
            raise UnreachableError(f"The runner tells a path that leads out: {artefact.path!r}")
        target = folder.joinpath(*names)
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        aside = target.with_name(f".{target.name}.part")
        try:
            with aside.open("wb") as file:
                for chunk in self.read_artefact(run, artefact.path):
                    digest.update(chunk)
                    file.write(chunk)
            if digest.hexdigest() != artefact.sha256:
                raise UnreachableError(f"{artefact.path} has come damaged: ask for it again")
            os.link(aside, target)
        finally:
            aside.unlink(missing_ok=True)
        return target

    def save_crate(self, run: str, target: Path) -> None:
        """Write a run that has ended as an RO-Crate, a ZIP archive."""
        with self.stream("GET", f"{_path(run)}/crate") as answer, target.open("xb") as file:
            for chunk in answer.iter_bytes(_CHUNK):
                file.write(chunk)

    def get_provenance(self, run: str) -> Provenance:
        """Return where a run comes from."""
        return self.get(Provenance, f"{_path(run)}/provenance")

    def rerun(self, run: str) -> tuple[Run, ...]:
        """Ask for the same again."""
        return self.post(Submitted, f"{_path(run)}/rerun", None).runs

    def save(self, run: str, to: str = "") -> Saved:
        """Write the state of a run as an archive to the library."""
        return self.post(Saved, f"{_path(run)}/save", SaveIn(to=to).model_dump())

    def restore(self, asked: RestoreIn) -> Run:
        """Ask for a run that goes on from a save."""
        return self.post(Submitted, "/api/restores", asked.model_dump()).runs[0]

    def fork(self, asked: ForkIn) -> Forked:
        """Make a twin of one's own of a save."""
        return self.post(Forked, "/api/forks", asked.model_dump())

    def list_secrets(self, twin: str | None = None) -> tuple[KeptSecret, ...]:
        """Return the secrets that one has given, or those that a twin has; no values."""
        return self.get(SecretList, "/api/secrets", {"twin": twin}).items

    def set_secret(self, twin: str, name: str, value: str) -> None:
        """Give a twin's secret for one's own runs of it."""
        self.ask("PUT", "/api/secrets", body={"twin": twin, "name": name, "value": value})

    def remove_secret(self, twin: str, name: str) -> None:
        """Forget what one has given for a secret."""
        self.ask("DELETE", "/api/secrets", values={"twin": twin, "name": name})

    def wait_for_end(
        self, run: str, tell: Callable[[Run], None] | None = None, *, seconds: float | None = None
    ) -> Run:
        """Wait until a run has ended.

        Raises:
            TimeoutError: it has not within so many seconds.
        """
        ends = None if seconds is None else time.monotonic() + seconds
        polls = iter((0.05, 0.1, 0.2, 0.4, 0.8))
        while True:
            found = self._patiently(lambda: self.find(run))
            if tell is not None:
                tell(found)
            if found.status.is_final:
                return found
            if ends is not None and time.monotonic() > ends:
                raise TimeoutError(f"The run {run} has not ended after {seconds:g} s.")
            self._sleep(next(polls, 1.0))

    def wait_for_command(self, run: str, given: RunCommand) -> RunCommand:
        """Wait until what a run was told has ended, or the run has."""
        command, polls = given.id, iter((0.05, 0.1, 0.2, 0.4, 0.8))
        while not given.has_ended:
            self._sleep(next(polls, 1.0))
            given = self._patiently(lambda: self.find_command(run, command))
        return given

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Return what is answered, also by a runner that is started again meanwhile."""
        for pause in _PAUSES:
            try:
                return ask()
            except (UnreachableError, ProblemError) as error:
                if not _is_away(error):
                    raise
            self._sleep(pause)
        return ask()

    def _stream_log(self, run: str, start: int, attempt: int | None) -> Iterator[Heard | None]:
        """Yield what one connection tells; None at the end of the run."""
        query = f"?start={start}" + (f"&attempt={attempt}" if attempt is not None else "")
        with self.stream("GET", f"{_path(run)}/log/follow{query}") as answer:
            for name, data, place in _events(answer.iter_bytes()):
                if name == "end":
                    yield None
                    return
                if data:
                    tried, _, end = place.partition("-")
                    try:
                        lines = parse_lines(data)
                    except NoLineError as error:
                        raise UnreachableError(
                            "The runner tells a log as this version of TwinHub does not know it:"
                            " is it of the same version?"
                        ) from error
                    yield Heard(int(tried), int(end), lines)


def _is_away(error: UnreachableError | ProblemError) -> bool:
    """Return whether a runner does not answer that may again in a moment."""
    return isinstance(error, UnreachableError) or error.status == HTTPStatus.SERVICE_UNAVAILABLE


def _path(run: str) -> str:
    return f"/api/runs/{quote(run, safe='')}"


def _events(chunks: Iterable[bytes]) -> Iterator[tuple[str, list[str], str]]:
    """Yield name, lines of data and id of each event of a stream (text/event-stream)."""
    rest = b""
    name, place, data = "", "", list[str]()
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            field, _, value = line.decode("utf-8", "replace").partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "id":
                place = value
            elif field == "data":
                data.append(value)
            elif not line:
                yield name, data, place
                name, data = "", []
