"""The audit trail of a service: one line in its log for each change of what others may notice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from twinhub_api.log_lines import log_fields, shorten

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

_log = logging.getLogger("twinhub.audit")

_LONGEST = 200


class Audit:
    """Records who did what to which thing."""

    def record(self, caller: Caller, action: str, subject: object, **facts: object) -> None:
        """Write a line ``audit`` with who, what, on which thing, and facts; never a secret."""
        event = {
            "action": action,
            "user": _short(caller.name),
            "subject": _short(subject),
            **{name: _short(value) for name, value in facts.items()},
        }
        with log_fields(audit=event):
            _log.info("audit action=%s user=%s subject=%s", action, event["user"], event["subject"])


def _short(value: object) -> object:
    if isinstance(value, bool | int | float) or value is None:
        return value
    text = shorten(str(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
