"""One FMU that FMPy simulates: start values are written as JSON for ``simulate_fmu(**json)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.cosimulation.base import Assignment, Found, Instance, Mention, dump_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class SingleModel:
    """A co-simulation of one model, whose variables are named without a prefix."""

    suffix = ".json"

    def __init__(self, source: str) -> None:
        """Take the path of the FMU as the twin writes it."""
        self.file = source
        self.instances = self.models = {"": Instance("", source)}
        self.mentions: tuple[Mention, ...] = ()

    def find(self, name: str) -> Found:
        """Return the variable of that name: every name is one of the only model's."""
        return Found(self.instances[""], name, name)

    def write(self, target: Path, assignments: Sequence[Assignment]) -> None:
        """Write the FMU's path and the values as arguments of FMPy's ``simulate_fmu``."""
        values = {one.name: one.value for one in assignments}
        arguments = {"filename": self.file, "start_values": values}
        target.write_text(dump_json(arguments), encoding="utf-8")
