"""Whether a phase that has succeeded may have failed: a pipe into tee has the status of tee.

Of scripts for bash it is known, see `twinhub_agent.hidden`; a script for sh, which tells nobody how
the parts of a pipe have ended, is only looked at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twinhub_runner.agents import hides_failure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

_TEE = re.compile(r"\|&?[ \t]*tee\b")
_SHELLS = frozenset({"sh", "dash"})
_HIDES = (
    "But a command before `| tee` failed, and tee has hidden it: see the log, and leave tee out,"
    " since the log is kept anyway."
)
_MAY_HIDE = (
    "But a failure before `| tee` would not be seen: leave tee out, since the log is kept anyway."
)


def tell_hidden(plan: Mapping[str, Any], outside: Path) -> str:
    """Return what people are told of a phase that has succeeded by its status; mostly nothing."""
    if hides_failure(outside):
        return _HIDES
    commands = [one["command"] for one in plan.get("processes", {}).values()]
    return _MAY_HIDE if any(map(_may_hide, commands)) else ""


def _may_hide(command: list[str]) -> bool:
    return command[0] in _SHELLS and any(
        _TEE.search(word) and "pipefail" not in word for word in command
    )
