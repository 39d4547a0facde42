"""Having environments made once, and telling each run that waits for one what its build prints."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_agent.logs import Log, Stream
from twinhub_dtconfig.digests import environment_digest
from twinhub_kit.files.paths import RelativePath

from twinhub_runner.backends.base import BackendError
from twinhub_runner.environments.base import NotMadeError
from twinhub_runner.environments.remedies import find_remedy
from twinhub_runner.environments.wanted import (
    GUESSED,
    environment_of,
    is_plain,
    read_requirements,
    read_wanted,
)
from twinhub_runner.folders import opened_folder
from twinhub_runner.plans import LOG
from twinhub_runner.twins import Twins

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from twinhub_dtconfig.models.environment import Environment

    from twinhub_runner.copies.copies import Copies
    from twinhub_runner.environments.base import Maker, Wanted
    from twinhub_runner.environments.wanted import Allowed
    from twinhub_runner.store.rows import RunRow

_log = logging.getLogger(__name__)

PROCESS = "environment"
"""What the lines of a build are called by in the log of a run."""
WAITS = "Its environment is being built, which can take minutes: see its log."
BUILT = "Its environment is there, and it begins when it has its turn."
_GOES_ON = "What a folder seems to need is a guess, so its phase runs without it."
_MOST_LINES = 20_000
"""Of a build's output that are kept for runs that come to wait for it."""
_LAST_LINES = 5
_REMEMBERED_SECONDS = 900.0
_AT_ONCE, _POLL_SECONDS = 2, 0.2


@dataclass
class _Build:
    """One environment that is being made, or could not be."""

    readers: dict[str, int] = field(default_factory=dict)
    """The runs that wait for it, and how many lines each has been told."""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))
    count: int = 0
    """Of all lines, also of those that are not kept."""
    fault: Exception | None = None
    is_done: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def say(self, line: str) -> None:
        with self.lock:
            self.lines.append(line)
            self.count += 1

    def take(self, run: str) -> list[str]:
        """Return the lines that a run has not been told yet."""
        with self.lock:
            new = self.count - self.readers.get(run, 0)
            self.readers[run] = self.count
            return list(self.lines)[-new:] if new else []


class Environments:
    """The software of all twins of an installation; any thread may ask."""

    def __init__(
        self, maker: Maker | None, allowed: Allowed, root: Path, copies: Copies, used: Path
    ) -> None:  # fmt: skip
        """Have environments made by a maker; without one runs have what they find.

        ``used`` is a folder with a file for each, whose time is that of its last use.
        """
        self._maker, self.allowed = maker, allowed
        self._root, self._copies, self._used = root, copies, used
        self._builds: dict[str, _Build] = {}
        self._guesses: dict[str, tuple[float, str]] = {}
        """Environments that nobody has asked for and that could not be made: when, and why."""
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(_AT_ONCE)
        self._own_turns: dict[str, threading.Semaphore] = {}
        """Of each person: a build of theirs waits for the one before, those of others do not."""

    def ensure(self, row: RunRow, outside: Path) -> str | None:
        """Return the address of a run's environment, empty where it needs none.

        None while it is being made: what that prints goes to the run's log, in ``outside``.

        Raises:
            NotMadeError: it cannot be made.
            FileError: the file that lists its packages is not there.
            BackendError: nobody can say right now, or its build was cut off.
        """
        asked = environment_of(row.plan)
        if self._maker is None or is_plain(asked):
            return ""
        try:
            return self._ensure(row, asked, self._maker, outside)
        except NotMadeError as error:
            if not row.plan.get(GUESSED):
                raise
            _write(outside, [*str(error).splitlines(), _GOES_ON])
            return ""

    def base_of(self, row: RunRow) -> str:
        """Return what the programs stand on that a run has, by its content.

        It counts for what the run's twin builds; empty for a twin that builds nothing.

        Raises:
            BackendError: nobody can say right now.
        """
        return self._maker.base() if self._maker is not None and row.plan.get("build") else ""

    def _ensure(self, row: RunRow, asked: Environment, maker: Maker, outside: Path) -> str | None:
        with self._lock:
            mine = [one for one, build in self._builds.items() if row.id in build.readers]
        if mine:
            return self._follow(row, mine[0], outside)
        wanted, requirements = self._read(row, asked)
        self.allowed.check(row.twin, wanted)
        digest = environment_digest(asked, image=maker.base(), requirements=requirements)
        address = digest.removeprefix("sha256:")
        if row.plan.get(GUESSED):
            self._refuse_again(address)
        has = maker.has(address)
        with self._lock:
            build = self._builds.get(address)
            if build is None and has:
                self.note_use(address)
                return address
            if build is None:
                build = self._begin(address, wanted, row.owner)
            if build.stopping.is_set():
                return None  # it is begun anew when it has ended
            build.readers[row.id] = 0
        return self._follow(row, address, outside)

    def _follow(self, row: RunRow, address: str, outside: Path) -> str | None:
        """Tell a run what its build has printed since; return the address when it is made."""
        with self._lock:
            build = self._builds[address]
            is_done, lines = build.is_done, build.take(row.id)
        _write(outside, lines)
        return self._finish(row.id, address, build) if is_done else None

    def _refuse_again(self, address: str) -> None:
        """Refuse a guess that was wrong a while ago: else each phase would wait for that again.

        Raises:
            NotMadeError: it was.
        """
        at, why = self._guesses.get(address, (float("-inf"), ""))
        if time.monotonic() - at < _REMEMBERED_SECONDS:
            raise NotMadeError(why)
        self._guesses.pop(address, None)

    def leave(self, run: str) -> None:
        """Have a run wait no more; what nobody waits for is given up."""
        with self._lock:
            for address, build in list(self._builds.items()):
                if build.readers.pop(run, None) is not None and not build.readers:
                    build.stopping.set()
                    if build.is_done:
                        del self._builds[address]

    def close(self) -> None:
        """Give up all that is being made."""
        with self._lock:
            for build in self._builds.values():
                build.stopping.set()

    def note_use(self, address: str) -> None:
        """Write down that an environment is used now."""
        self._used.mkdir(parents=True, exist_ok=True)
        (self._used / address).touch()

    def collect(self, needed: set[str]) -> None:
        """Remove what no run needs and none has used for long.

        Raises:
            BackendError: nobody can say what there is, or it cannot be removed now.
        """
        if self._maker is None:
            return
        for address in self._maker.list_made() - needed:
            file = self._used / address
            if not file.exists():
                self.note_use(address)
            elif time.time() - file.stat().st_mtime > self.allowed.keep_seconds:
                self._maker.remove(address)
                file.unlink(missing_ok=True)

    def _read(self, row: RunRow, asked: Environment) -> tuple[Wanted, bytes | None]:
        requirements, path = None, row.twin
        if asked.requirements is not None:
            place = RelativePath.parse(f"{row.twin}/{asked.requirements}")
            path = str(place)
            with self._opened(row) as folder:
                requirements = read_requirements(folder, asked.requirements, place)
        return read_wanted(asked, requirements, path), requirements

    @contextlib.contextmanager
    def _opened(self, row: RunRow) -> Iterator[int]:
        """Open the folder that a run works in."""
        copy = self._copies.find(row.copy) if row.copy else None
        if copy is not None:
            with opened_folder(copy.twin_folder) as folder:
                yield folder
        else:
            with Twins(self._root).opened(RelativePath.parse(row.twin)) as folder:
                yield folder

    def _begin(self, address: str, wanted: Wanted, owner: str) -> _Build:
        build = self._builds[address] = _Build()
        # as a daemon: the end of this process is the end of what it has begun
        threading.Thread(
            target=self._make, args=(address, wanted, build, owner), name="environment", daemon=True
        ).start()
        return build

    def _own_turn(self, owner: str, build: _Build) -> AbstractContextManager[None]:
        with self._lock:
            turns = self._own_turns.setdefault(owner, threading.Semaphore())
        return _turn(turns, build)

    def _make(self, address: str, wanted: Wanted, build: _Build, owner: str) -> None:
        assert self._maker is not None  # noqa: S101 - nothing is begun without one
        begun = time.monotonic()
        try:
            with self._own_turn(owner, build), _turn(self._turns, build):
                if build.stopping.is_set():
                    return
                for one in (*wanted.system, *wanted.python):
                    build.say(f"environment: {one}")
                self._maker.make(address, wanted, build.say, build.stopping)
            build.say(f"environment: ready after {time.monotonic() - begun:.0f} s")
        except (NotMadeError, BackendError) as error:
            build.fault = error
        except BaseException:
            build.fault = NotMadeError("the runner failed: see its log")
            raise
        finally:
            _log.info("environment built address=%s fault=%s", address[:12], build.fault)
            with self._lock:
                build.is_done = True
                if build.stopping.is_set():
                    self._builds.pop(address, None)

    def _finish(self, run: str, address: str, build: _Build) -> str:
        with self._lock:
            build.readers.pop(run, None)
            if not build.readers and self._builds.get(address) is build:
                del self._builds[address]
        if isinstance(build.fault, BackendError):
            raise build.fault  # it is begun anew
        if build.fault is not None:
            why = _explain(str(build.fault), list(build.lines))
            self._guesses[address] = time.monotonic(), why
            raise NotMadeError(why)
        self.note_use(address)
        return address


@contextlib.contextmanager
def _turn(turns: threading.Semaphore, build: _Build) -> Iterator[None]:
    """Have a turn for a block, or go on without one when nobody waits for the build any more."""
    while not (has_one := turns.acquire(timeout=_POLL_SECONDS)) and not build.stopping.is_set():
        pass
    try:
        yield
    finally:
        if has_one:
            turns.release()


def _explain(fault: str, lines: list[str]) -> str:
    said = [line.strip() for line in lines if line.strip()]
    last = "".join(f"\n  {line[:200]}" for line in said[-_LAST_LINES:])
    why = find_remedy("\n".join(said)) or fault.rstrip(".")
    return f"Its environment cannot be built: {why}.{last}"


def _write(outside: Path, lines: list[str]) -> None:
    """Add lines to the log of a run whose agent has not begun."""
    if not lines:
        return
    log = Log(str(outside / "log"), **LOG)
    stream = Stream(log, PROCESS, "o", _see_nothing)
    stream.feed("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    log.close()


def _see_nothing(_line: bytes) -> None:
    pass
