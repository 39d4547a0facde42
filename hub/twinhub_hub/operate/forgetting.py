"""Has library and runner forget a user, so that a later one of that name inherits nothing there."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from twinhub_hub.operate.asking import ask_to_delete
from twinhub_hub.operate.errors import OperateError

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context


def have_services_forget(context: Context, name: str) -> None:
    """Have the runner forget a user, which ends their runs, then the library; may be repeated.

    Raises:
        NotRunningError: one does not answer; the text says what to do.
        OperateError: one does not forget the user now; the text says why, and what to do.
    """
    running = context.running
    for service, port in (("runner", running.runner_port), ("library", running.library_port)):
        path = f"/api/people/{quote(name, safe='')}"
        status, said = ask_to_delete(context, service, port, path)
        if status != HTTPStatus.NO_CONTENT:
            raise OperateError(
                f"The {service} did not forget {name}: {said} (status {status}). Repeat the "
                "command; if that fails once more, see "
                f"{context.installation.logs / f'{service}.log'}."
            )
