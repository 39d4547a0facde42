"""Paths that two things make, and orders that can never begin."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from twinhub_dtconfig.checks.paths import PathIndex, is_pattern
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.loading import FILE_NAME
from twinhub_dtconfig.rules.phases import find_cycles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twinhub_dtconfig.checks.context import Context, Result
    from twinhub_dtconfig.models.environment import BuildStep
    from twinhub_dtconfig.models.phases import Phase
    from twinhub_dtconfig.nodes import Key


class _Writer(NamedTuple):
    path: str
    name: str
    """What makes the path; the outputs of one step have one name."""
    place: tuple[Key, ...]


def check_writers(context: Context) -> Iterator[Result]:
    """Yield each path that a second thing makes: files, build steps, phases.

    Phases run one after another, so that two of them may make the same path.
    """
    index = PathIndex()
    for writer in _writers(context):
        is_phase = writer.name.startswith(_PHASE)
        for other in index.owners(writer.path):
            if other != writer.name and not (is_phase and other.startswith(_PHASE)):
                what = f"{writer.path} is made by {other} too"
                yield Finding(writer.place, what, "give one of them another path")
        index.add(writer.path, writer.name)
    for at, file in enumerate(context.twin.files):
        target = posixpath.normpath(file.to)
        if target in {FILE_NAME, posixpath.normpath(file.render or FILE_NAME)}:
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
    yield from _circles(context.twin.phases, "phases")
    yield from _circles(context.twin.build, "build")
    for name, step in context.twin.build.items():
        inputs = {posixpath.normpath(path) for path in step.inputs if not is_pattern(path)}
        for at, output in enumerate(step.outputs):
            if posixpath.normpath(output) in inputs:
                what = f"{output} is an input too, so that the step would always run again"
                place = ("build", name, "outputs", at)
                yield Finding(place, what, "remove it from the inputs", is_warning=True)


def check_inputs(context: Context) -> Iterator[Result]:
    """Yield inputs of phases that nothing makes and that are not there."""
    made = PathIndex((writer.path, writer.name) for writer in _writers(context))
    for name, phase in context.twin.phases.items():
        for at, path in enumerate(phase.inputs):
            others = [owner for owner in made.owners(path) if owner != f"{_PHASE}{name}"]
            if not others and not is_pattern(path) and context.find(path).path is None:
                what = f"nothing makes {path}, and it does not exist"
                remedy = "add it to the outputs of the phase that makes it"
                yield Finding(("phases", name, "inputs", at), what, remedy, is_warning=True)


def _writers(context: Context) -> Iterator[_Writer]:
    for at, file in enumerate(context.twin.files):
        yield _Writer(file.to, f"files[{at}]", ("files", at, "to"))
    for section, prefix in (("build", "build."), ("phases", _PHASE)):
        for name, one in getattr(context.twin, section).items():
            for at, output in enumerate(one.outputs):
                yield _Writer(output, f"{prefix}{name}", (section, name, "outputs", at))


_PHASE = "phases."


def _circles(ends: Mapping[str, Phase] | Mapping[str, BuildStep], section: str) -> Iterator[Result]:
    """Yield a finding, at the inputs, for each circle of needs."""
    made = PathIndex((output, name) for name, one in ends.items() for output in one.outputs)
    after: dict[str, tuple[str, ...]] = {}
    for name, one in ends.items():
        needed = dict.fromkeys(owner for path in one.inputs for owner in made.owners(path))
        after[name] = tuple(owner for owner in needed if owner != name)
    for finding in find_cycles(after, (section,)):
        place = (*finding.path[:-1], "inputs")
        remedy = "remove an input or an output"
        yield Finding(place, finding.what.replace("wait for", "need"), remedy)
