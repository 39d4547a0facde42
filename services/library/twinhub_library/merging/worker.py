"""The process that merges notebooks: three on each line it reads, one or null on each it writes."""

from __future__ import annotations

import json
import logging
import resource
import sys
from argparse import Namespace
from typing import Any

MOST_MEMORY = 2 << 30
MOST_PROCESSOR_SECONDS = 50
MOST_WRITTEN = 128 << 20
_FORMAT = 4


def main() -> int:
    """Merge what comes in, within limits."""
    limits = (
        (resource.RLIMIT_AS, MOST_MEMORY), (resource.RLIMIT_CPU, MOST_PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, MOST_WRITTEN), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    )  # fmt: skip
    for what, most in limits:
        resource.setrlimit(what, (most, most))
    logging.disable()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_merge(*json.loads(line))) + "\n")
    sys.stdout.flush()
    return 0


def _merge(base: str, ours: str, theirs: str) -> str | None:
    """Return the merged notebook; None where both sides changed the same, or one is no notebook."""
    from nbdime.merging.decisions import apply_decisions  # noqa: PLC0415 - within the limits
    from nbdime.merging.notebooks import decide_notebook_merge  # noqa: PLC0415

    try:
        sides = [_parse(one) for one in (base, ours, theirs)]
        decisions = decide_notebook_merge(*sides, args=_strategy())
        if any(decision.conflict for decision in decisions):
            return None
        merged = apply_decisions(sides[0], decisions)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, RuntimeError, TypeError,
            ValueError, AssertionError, MemoryError):  # fmt: skip
        return None
    return _written(merged, ours) if _keeps_all(sides[0], sides[1], merged) else None


def _parse(text: str) -> Any:  # noqa: ANN401 - a notebook as JSON
    from nbformat import from_dict  # noqa: PLC0415 - within the limits

    content = json.loads(text)
    if not isinstance(content, dict) or content.get("nbformat") != _FORMAT:
        raise ValueError("no notebook of format 4")
    for cell in content["cells"]:
        if isinstance(cell.get("source"), list):
            cell["source"] = "".join(cell["source"])
    return from_dict(content)


def _strategy() -> Namespace:
    """Return how nbdime decides: it leaves open what both sides changed."""
    return Namespace(
        merge_strategy="mergetool", input_strategy="mergetool", output_strategy="use-local",
        ignore_transients=True, log_level="ERROR",
    )  # fmt: skip


def _keeps_all(base: Any, ours: Any, merged: Any) -> bool:  # noqa: ANN401 - notebooks as JSON
    """Return whether all that ours has and the base has not is in what was merged."""
    return _pieces(ours) - _pieces(base) <= _pieces(merged)


def _pieces(notebook: Any) -> set[str]:  # noqa: ANN401 - a notebook as JSON
    """Return the lines, the outputs and the attachments, each as text."""
    found: set[str] = set()
    for cell in notebook["cells"]:
        found.update(cell["source"].splitlines())
        parts = [*cell.get("outputs", ()), *cell.get("attachments", {}).items()]
        for part in parts:
            plain = {**part, "execution_count": None} if isinstance(part, dict) else part
            found.add(json.dumps(plain, sort_keys=True))
    return found


def _written(notebook: Any, ours: str) -> str:  # noqa: ANN401 - a notebook as JSON
    """Return a notebook as nbformat writes it, which is how Jupyter does."""
    from nbformat import NO_CONVERT, writes  # noqa: PLC0415 - within the limits

    text: str = writes(notebook, NO_CONVERT)
    return text + "\n" if ours.endswith("\n") and not text.endswith("\n") else text


if __name__ == "__main__":
    sys.exit(main())
