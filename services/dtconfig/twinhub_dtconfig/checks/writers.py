"""Paths that two things make, and orders that can never begin."""

from __future__ import annotations

import itertools
import posixpath
from typing import TYPE_CHECKING, NamedTuple

from twinhub_dtconfig.checks.context import matches
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.rules.phases import find_cycles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twinhub_dtconfig.checks.context import Context, Result
    from twinhub_dtconfig.nodes import Key


class _Writer(NamedTuple):
    pattern: str
    name: str
    place: tuple[Key, ...]
    group: str
    """Writers of one group are one thing: the outputs of one step."""


def check_writers(context: Context) -> Iterator[Result]:
    """Yield each path that a second thing makes: files, build steps, phases.

    Phases run one after another, so that two of them may make the same path.
    """
    writers = list(_writers(context))
    for first, second in itertools.combinations(writers, 2):
        is_same = first.group == second.group or (first.name, second.name) == ("phase", "phase")
        if not is_same and _overlap(first.pattern, second.pattern):
            what = f"{second.pattern} is made by {_shown(first)} too"
            yield Finding(second.place, what, "give one of them another path")
    for at, file in enumerate(context.twin.files):
        target = posixpath.normpath(file.to)
        if target in {"twin.yaml", posixpath.normpath(file.render or "twin.yaml")}:
            what = f"it would be written over {target}"
            yield Finding(("files", at, "to"), what, "give another path")


def check_ready_files(context: Context) -> Iterator[Result]:
    """Yield files and ports by which two processes of a phase would both count as ready."""
    for name, phase in context.twin.phases.items():
        seen: dict[tuple[str, str], str] = {}
        for process_name, process in (phase.processes or {}).items():
            ready = process.ready
            for key in ("file", "port"):
                value = None if ready is None else getattr(ready, key)
                if value is None:
                    continue
                port = context.twin.ports.get(str(value))
                mark = (key, str(port.port if key == "port" and port else value))
                first = seen.setdefault(mark, process_name)
                if first != process_name:
                    what = f"{first} is ready by the same {key}, {value}"
                    place = ("phases", name, "processes", process_name, "ready", key)
                    yield Finding(place, what, "give each its own")


def check_orders(context: Context) -> Iterator[Result]:
    """Yield circles of phases or build steps that need what the other makes."""
    phases = {name: (phase.inputs, phase.outputs) for name, phase in context.twin.phases.items()}
    yield from _circles(phases, "phases")
    steps = {name: (step.inputs, step.outputs) for name, step in context.twin.build.items()}
    yield from _circles(steps, "build")
    for name, step in context.twin.build.items():
        for at, output in enumerate(step.outputs):
            if any(_overlap(output, one) for one in step.inputs):
                what = f"{output} is an input too, so that the step would always run again"
                place = ("build", name, "outputs", at)
                yield Finding(place, what, "narrow the inputs", is_warning=True)


def check_inputs(context: Context) -> Iterator[Result]:
    """Yield inputs of phases that nothing makes and that are not there."""
    for name, phase in context.twin.phases.items():
        others = [one for key, one in context.twin.phases.items() if key != name]
        made = [output for one in others for output in one.outputs]
        made += [output for step in context.twin.build.values() for output in step.outputs]
        made += [file.to for file in context.twin.files]
        for at, needed in enumerate(phase.inputs):
            is_there = any(_overlap(needed, output) for output in made)
            if (
                not is_there
                and not any(c in needed for c in "*?[")
                and not _exists(context, needed)
            ):
                what = f"nothing makes {needed}, and it does not exist"
                remedy = "add it to the outputs of the phase that makes it"
                yield Finding(("phases", name, "inputs", at), what, remedy, is_warning=True)


def _exists(context: Context, path: str) -> bool:
    return context.find(path).path is not None


def _writers(context: Context) -> Iterator[_Writer]:
    for at, file in enumerate(context.twin.files):
        yield _Writer(file.to, "files", ("files", at, "to"), f"files {at}")
    for name, step in context.twin.build.items():
        for at, output in enumerate(step.outputs):
            yield _Writer(output, "build", ("build", name, "outputs", at), f"build {name}")
    for name, phase in context.twin.phases.items():
        for at, output in enumerate(phase.outputs):
            yield _Writer(output, "phase", ("phases", name, "outputs", at), f"phase {name}")


def _shown(writer: _Writer) -> str:
    kind, *rest = writer.place
    return f"files[{rest[0]}]" if kind == "files" else f"{kind}.{rest[0]}"


def _overlap(first: str, second: str) -> bool:
    """Tell whether two paths or patterns surely mean a common file."""
    return matches(first, second) or matches(second, first)


def _circles(
    ends: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]], section: str
) -> Iterator[Result]:
    """Yield a finding, at the inputs, for each circle of needs."""
    after = {
        name: tuple(
            other
            for other, (_, outputs) in ends.items()
            if other != name and any(_overlap(one, made) for one in inputs for made in outputs)
        )
        for name, (inputs, _) in ends.items()
    }
    for finding in find_cycles(after, (section,)):
        place = (*finding.path[:-1], "inputs")
        remedy = "remove an input or an output"
        yield Finding(place, finding.what.replace("wait for", "need"), remedy)
