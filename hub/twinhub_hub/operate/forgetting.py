"""Has the library forget a user, so that a later one of that name inherits nothing there."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from twinhub_hub.operate.asking import ask_to_delete
from twinhub_hub.operate.errors import OperateError

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context


def have_library_forget(context: Context, name: str) -> None:
    """Have the library forget a user; may be repeated.

    Raises:
        NotRunningError: it does not answer; the text says what to do.
        OperateError: it does not forget the user now; the text says why, and what to do.
    """
    path = f"/api/people/{quote(name, safe='')}"
    status, said = ask_to_delete(context, "library", context.running.library_port, path)
    if status != HTTPStatus.NO_CONTENT:
        raise OperateError(
            f"The library did not forget {name}: {said} (status {status}). Repeat the command; if "
            f"that fails once more, see {context.installation.logs / 'library.log'}."
        )
