"""Files that are made: one with a secret in it never leaves memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.interpolation import find_names
from twinhub_dtconfig.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Key

_MOST_COMPARISONS = 100_000
_SECRETS_OF_SERVICES = frozenset({"password", "token"})


def check_files(twin: Twin) -> Iterator[Finding]:
    """Yield secret files that would be kept with results or state, or be built from."""
    for at, file in enumerate(twin.files):
        if file.text is not None and holds_secret(file.text):
            yield from check_secret_file(twin, at)


def holds_secret(text: str) -> bool:
    """Return whether a secret is put into a text, so that what is made of it is kept in memory."""
    return any(
        name.namespace == "secrets"
        or (name.namespace == "services" and name.rest in _SECRETS_OF_SERVICES)
        for name in find_names(text)
    )


def check_secret_file(twin: Twin, at: int) -> Iterator[Finding]:
    """Yield each pattern by which the file at an index, which holds a secret, would be kept."""
    if len(twin.files) * _count_kept(twin) > _MOST_COMPARISONS:
        what = "there are too many files and patterns to tell whether results would hold its secret"
        yield Finding(("files", at), what, "name folders in outputs, not each file")
        return
    target = twin.files[at].to
    for path, pattern in _kept(twin):
        if matches(target, pattern):
            what = f"{pattern!r} would keep {target}, which holds a secret"
            yield Finding(path, what, f"put {target} elsewhere, or name the files that are meant")


def _count_kept(twin: Twin) -> int:
    count = len(twin.state.keep) + sum(len(phase.outputs) for phase in twin.phases.values())
    return count + sum(len(step.inputs) + len(step.outputs) for step in twin.build.values())


def _kept(twin: Twin) -> Iterator[tuple[tuple[Key, ...], str]]:
    for name, phase in twin.phases.items():
        for at, pattern in enumerate(phase.outputs):
            yield ("phases", name, "outputs", at), pattern
    for name, step in twin.build.items():
        for key in ("inputs", "outputs"):
            for at, pattern in enumerate(getattr(step, key)):
                yield ("build", name, key, at), pattern
    for at, pattern in enumerate(twin.state.keep):
        yield ("state", "keep", at), pattern
