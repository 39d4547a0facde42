"""Phases, processes and build steps: names, commands, order."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.meant import meant_phase
from twinhub_dtconfig.models.phases import STANDARD_PHASES
from twinhub_dtconfig.rules.links import link
from twinhub_dtconfig.shorthand import RENAMED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twinhub_dtconfig.models.phases import Phase
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Key

_MOST_CYCLES = 100
_MOST_NAMES = 8


def check_phases(twin: Twin) -> Iterator[Finding]:
    """Yield what is wrong with phases, their processes, and build steps."""
    for name, phase in twin.phases.items():
        yield from _check_name(name, twin.phases)
        if phase.processes is not None:
            yield from _check_processes(twin, ("phases", name), phase)
    for name, step in twin.build.items():
        for at, before in enumerate(step.after):
            yield from link(("build", name, "after", at), before, twin.build, "build")
    yield from find_cycles({name: step.after for name, step in twin.build.items()}, ("build",))


def find_cycles(after: Mapping[str, tuple[str, ...]], path: tuple[Key, ...]) -> Iterator[Finding]:
    """Yield one finding for each circle of things that wait for each other, at most a hundred."""
    yield from islice(_cycles(after, path), _MOST_CYCLES)


def _cycles(after: Mapping[str, tuple[str, ...]], path: tuple[Key, ...]) -> Iterator[Finding]:
    done: set[str] = set()
    for start in after:
        trail: dict[str, None] = {}  # a set in order: the way may be as long as a file allows
        stack = [(start, iter(after[start]))] if start not in done else []
        while stack:
            name, rest = stack[-1]
            trail[name] = None
            following = next(rest, None)
            if following is None:
                done.add(name)
                del trail[name]
                stack.pop()
            elif following in trail:
                way = list(trail)
                circle = [*way[way.index(following) :], following]
                what = f"they wait for each other: {_shown_circle(circle[::-1])}"
                yield Finding((*path, name, "after"), what, "remove one of them")
            elif following in after and following not in done:
                stack.append((following, iter(after[following])))


def _shown_circle(names: list[str]) -> str:
    shown = names if len(names) <= _MOST_NAMES else [*names[: _MOST_NAMES - 2], "…", names[-1]]
    return " → ".join(shown)


def _check_name(name: str, phases: Mapping[str, Phase]) -> Iterator[Finding]:
    if name in {*STANDARD_PHASES, *RENAMED}:
        return
    meant = meant_phase(name)
    nearest = nearest_key(name, STANDARD_PHASES) if meant is None or meant in phases else meant
    if nearest is not None:
        what = f"{name!r} is a phase of your own"
        yield Finding(("phases", name), what, nearest=nearest, is_warning=True, is_key=True)


def _check_processes(twin: Twin, path: tuple[Key, ...], phase: Phase) -> Iterator[Finding]:
    processes = phase.processes or {}
    for name, process in processes.items():
        place = (*path, "processes", name)
        for at, before in enumerate(process.after):
            yield from link((*place, "after", at), before, processes, "processes")
        ready = process.ready
        if ready is None:
            continue
        if isinstance(ready.port, str):
            yield from link((*place, "ready", "port"), ready.port, twin.ports, "ports")
        if ready.http is not None and not ready.http[0].isdigit():
            port = ready.http.partition("/")[0]
            yield from link((*place, "ready", "http"), port, twin.ports, "ports")
        if ready.log is not None:
            yield from _check_pattern((*place, "ready", "log"), ready.log)
    if phase.stop.model_fields_set:
        what = "a phase with processes stops each of them in its own way"
        yield Finding((*path, "stop"), what, "move it into the processes", is_key=True)
    after = {name: process.after for name, process in processes.items()}
    yield from find_cycles(after, (*path, "processes"))


def _check_pattern(path: tuple[Key, ...], pattern: str) -> Iterator[Finding]:
    try:
        re.compile(pattern)
    except re.error as error:
        what = f"the pattern cannot be read: {error.msg}"
        yield Finding(path, what, "put a backslash before ( ) [ ] { } * + ? | . that are meant so")
