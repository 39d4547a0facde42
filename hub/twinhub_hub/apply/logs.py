"""What the hub's log looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_hub.log_lines import ShortLines

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - every step's signature
    """Keep each line short and in one piece, whatever people send."""
    c.JupyterHub.logging_config = {
        "filters": {"short": {"()": ShortLines}},
        "handlers": {"console": {"filters": ["short"]}},
    }
