"""One measured figure, as a line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Figure:
    """A value, and its ratio to another that was measured in the same run."""

    bench: str
    metric: str
    value: float
    unit: str
    n: int
    versus: str | None = None
    base: float | None = None
    """The value of ``versus``; the ratio is ``value / base``."""
    goal: float | None = None
    """Upper bound of the ratio, or of the value where there is no ratio."""

    def as_json(self) -> str:
        """Return the line; ``met`` is null where there is no goal."""
        ratio = None if not self.base else self.value / self.base
        compared = self.value if ratio is None else ratio
        line = asdict(self) | {
            "value": round(self.value, 3),
            "ratio": None if ratio is None else round(ratio, 3),
            "met": None if self.goal is None else compared <= self.goal,
        }
        line.pop("base")
        order = ("bench", "metric", "value", "unit", "versus", "ratio", "goal", "met", "n")
        return json.dumps({key: line[key] for key in order})


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile (the largest value of fewer than 20, nearly)."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
