"""What a twin has built before its phase: each step runs again only when what it reads is new.

What a step has made is kept in a folder by the digest of what it was made of, and put back from
there. Only runs of one person and twin see that folder.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import shutil

from twinhub_agent.bare import signal
from twinhub_agent.holding import open_other
from twinhub_agent.journal import when_there_is_room
from twinhub_agent.logs import Log, Stream
from twinhub_agent.phase import OWN, STOPPED, Phase
from twinhub_agent.supplying import take_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

NOT_BUILT = 125
"""Status of a phase before which something could not be built."""
_AS_THEY_ARE = frozenset({"stopped", "not-fetched"})
_MOST_KEPT = 20
_CHUNK = 1 << 20


def build(
    plan: Mapping[str, Any], inside: str, outside: str
) -> tuple[Mapping[str, str] | None, tuple[int, str] | None]:
    """Have all that a plan wants built; return the secrets of the phase, and how it ends.

    It ends where that fails, with ``not-built``, ``not-fetched`` or ``stopped``. Secrets are taken
    before, so that whoever tells them does not wait for all of this; no step has them.
    """
    secrets: Mapping[str, str] | None = {}
    if plan.get("secrets"):
        secrets = take_secrets(inside, outside, _note_stop())
    if secrets is None:
        return None, (0 if plan["live"] else STOPPED, "stopped")
    return secrets, _run_steps(plan, inside, outside)


def _note_stop() -> Callable[[], bool]:
    """Return a function that says whether this process was asked to end since."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked.append(number))
    return lambda: bool(asked)


def _run_steps(plan: Mapping[str, Any], inside: str, outside: str) -> tuple[int, str] | None:
    for step in plan.get("build", ()):
        if (ended := _Step(plan, step, outside).run(inside)) is not None:
            return ended
    return None


class _Step:
    """One step, in the folder of the twin."""

    def __init__(self, plan: Mapping[str, Any], step: Mapping[str, Any], outside: str) -> None:
        self._plan, self._step, self._outside = plan, step, outside
        self._twin, cache = step["twin"], plan.get("builds")
        self._cache = cache if cache and os.path.isdir(cache) else None

    def run(self, inside: str) -> tuple[int, str] | None:
        """Make its outputs, or put back those that were made of the same."""
        name, digest = self._step["name"], self._digest()
        kept = os.path.join(self._cache, digest) if self._cache else ""
        if kept and self._restore(kept):
            self._say(f"{name}: as it was built before.")
            return None
        self._say(f"{name} is built.")
        # no secrets: only the phase has them
        none: dict[str, Any] = {"commands": {}, "secrets": None, "files": None, "health": {}}
        one = {**self._plan, **none, "keeps_children": False, "live": False}
        one["time_limit"] = self._step["time_limit"]
        one["processes"] = {f"build-{name}": self._step["process"]}
        status, reason = when_there_is_room(lambda: Phase(one, inside, self._outside)).run()
        if status or reason != "ended":
            return status or NOT_BUILT, reason if reason in _AS_THEY_ARE else "not-built"
        missing = [pattern for pattern in self._step["outputs"] if not self._find([pattern])]
        if missing:
            self._say(f"{name} has not made {', '.join(missing)}.")
            return NOT_BUILT, "not-built"
        if self._cache:  # also for what it has left among its inputs, such as object files
            for made_of in dict.fromkeys((digest, self._digest())):
                self._keep(os.path.join(self._cache, made_of))
        return None

    def _digest(self) -> str:
        made = {key: self._step[key] for key in ("name", "outputs")}
        made["process"] = {key: self._step["process"][key] for key in ("command", "folder")}
        made["software"] = self._plan.get("software", "")
        made["inputs"] = {
            path: _digest_of(os.path.join(self._twin, path))
            for path in self._find(self._step["inputs"])
        }
        text = json.dumps(made, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

    def _find(self, patterns: Sequence[str]) -> list[str]:
        """Return the files that patterns stand for, by their paths in the twin's folder."""
        found = set()
        for pattern in patterns:
            for path in glob.glob(os.path.join(glob.escape(self._twin), pattern), recursive=True):
                if os.path.isfile(path) or os.path.islink(path):
                    found.add(os.path.relpath(path, self._twin))
        return sorted(found)

    def _restore(self, kept: str) -> bool:
        if not os.path.isdir(kept):
            return False
        try:
            shutil.copytree(kept, self._twin, symlinks=True, dirs_exist_ok=True)
            os.utime(kept)
        except (OSError, shutil.Error):
            return False
        return True

    def _keep(self, kept: str) -> None:
        """Keep what was made; where there is no room for it it is made again."""
        if os.path.isdir(kept):
            return
        new = f"{kept}.new"
        shutil.rmtree(new, ignore_errors=True)
        try:
            for path in self._find(self._step["outputs"]):
                target = os.path.join(new, path)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(os.path.join(self._twin, path), target, follow_symlinks=False)
            os.rename(new, kept)
        except OSError as error:
            self._say(f"{self._step['name']} is not kept: {error.strerror}.")
            shutil.rmtree(new, ignore_errors=True)
        self._forget_old()

    def _forget_old(self) -> None:
        with contextlib.suppress(OSError):
            found = [one for one in os.scandir(self._cache) if one.is_dir(follow_symlinks=False)]
            found.sort(key=lambda one: one.stat().st_mtime, reverse=True)
            for old in found[_MOST_KEPT:]:
                shutil.rmtree(old.path, ignore_errors=True)

    def _say(self, text: str) -> None:
        log = when_there_is_room(lambda: Log(f"{self._outside}/log", **self._plan["log"]))
        Stream(log, OWN, "t", lambda _: None).feed(f"{text}\n".encode("utf-8", "surrogateescape"))
        log.close()


def _digest_of(path: str) -> str:
    digest = hashlib.sha256()
    try:
        with open(path, "rb", opener=open_other) as file:
            while block := file.read(_CHUNK):
                digest.update(block)
    except OSError:
        return ""  # a link that leads nowhere
    return digest.hexdigest()
