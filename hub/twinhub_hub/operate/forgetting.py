"""Has the library forget a user, so that a later one of that name inherits nothing there."""

from __future__ import annotations

import http.client
import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from twinhub_hub.installation import USERS_TOKEN
from twinhub_hub.operate.errors import NotRunningError, OperateError

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context

_SECONDS = 60
"""The library ends what the user has under way: it takes half of that at most."""


def have_library_forget(context: Context, name: str) -> None:
    """Have the library forget a user; may be repeated.

    Raises:
        NotRunningError: it does not answer; the text says what to do.
        OperateError: it does not forget the user now; the text says why, and what to do.
    """
    status, said = _ask(context, name)
    if status != HTTPStatus.NO_CONTENT:
        raise OperateError(
            f"The library did not forget {name}: {said} (status {status}). Repeat the command; if "
            f"that fails once more, see {context.installation.logs / 'library.log'}."
        )


def _ask(context: Context, name: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(
        "127.0.0.1", context.running.library_port, timeout=_SECONDS
    )
    token = context.installation.token(USERS_TOKEN)
    try:
        connection.request(
            "DELETE",
            f"/api/people/{quote(name, safe='')}",
            headers={"Authorization": f"token {token}"},
        )
        answer = connection.getresponse()
        return answer.status, _detail(answer.read())
    except (OSError, http.client.HTTPException) as error:
        raise NotRunningError(
            "The library does not answer, and it has to forget the user as well. Start it with "
            f"`twinhub up`, then repeat the command ({error})."
        ) from error
    finally:
        connection.close()


def _detail(body: bytes) -> str:
    """Return what a problem says (RFC 9457)."""
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode("utf-8", "replace")
