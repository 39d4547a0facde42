"""TwinHub for notebooks and scripts: ``twinhub.run("tank")``, ``import twinhub.assets``.

Nothing is imported before it is used, so that ``import twinhub`` costs a notebook nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twinhub.runs import Run

__all__ = ["report", "run"]


def run(
    twin: str,
    /,
    *,
    phase: str | Sequence[str] = "execute",
    scenario: str | None = None,
    parameters: Mapping[str, bool | float | str] | None = None,
    **values: bool | float | str,
) -> Run:
    """Ask for a phase of a twin, or several one after the other, and return at once.

    ``twin`` is the name of one of your own or a path of the library, such as
    ``common/digital_twins/tank``. Values of its parameters are further arguments; those whose names
    are no words of Python, or are ``phase`` or ``scenario``, stand in ``parameters``.

    Raises:
        twinhub.runs.RunsError: it cannot be run so, or the runner does not answer.
    """
    from twinhub.runs import start  # noqa: PLC0415  # costs time

    return start(twin, phase=phase, scenario=scenario, parameters={**(parameters or {}), **values})


def report(progress: float | None = None, **numbers: float) -> None:
    """Tell numbers of the run that this is part of, and how far it is, from 0 to 1.

    It prints a line such as ``@twin progress=0.4 level=1.25``, which the runner reads.
    """
    told = numbers if progress is None else {"progress": progress, **numbers}
    words = (f"{name}={float(value)!r}" for name, value in told.items())
    print("@twin", *words, flush=True)  # noqa: T201  # that is what it is for
