"""Asks the hub or a service of this installation: to forget a user, and what it needs."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING

from twinhub_hub.installation import METRICS_TOKEN, USERS_TOKEN
from twinhub_hub.operate.errors import NotRunningError

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context
    from twinhub_hub.installation import Installation

_SECONDS = 60
_SECONDS_OF_A_LOOK = 2
_MOST_BYTES = 64 * 1024
_SHOWN = 200


def ask_to_delete(context: Context, who: str, port: int, path: str) -> tuple[int, str]:
    """Return the status and what is said, in words, of a DELETE; ``who`` is for people.

    Raises:
        NotRunningError: nobody answers; the text says what to do.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    token = context.installation.token(USERS_TOKEN)
    try:
        connection.request("DELETE", path, headers={"Authorization": f"token {token}"})
        answer = connection.getresponse()
        return answer.status, _words(answer.read())
    except (OSError, http.client.HTTPException) as error:
        raise NotRunningError(
            f"The {who} does not answer, and it has to forget the user too. Start it with "
            f"`twinhub up`, then repeat the command ({error})."
        ) from error
    finally:
        connection.close()


def ask_for_warnings(port: int) -> list[str]:
    """Return what a service on a port says that it needs; nothing where it does not answer.

    Whether it runs at all is for the supervisor to say.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS_OF_A_LOOK)
    try:
        connection.request("GET", "/health")
        said = json.loads(connection.getresponse().read(_MOST_BYTES))
        return [str(text) for text in said["warnings"].values()]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError):
        return []
    finally:
        connection.close()


def ask_for_numbers(installation: Installation, port: int, prefix: str) -> dict[str, float]:
    """Return the numbers of a service on a port whose names begin so, without that beginning.

    None where it does not answer.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS_OF_A_LOOK)
    try:
        token = installation.token(METRICS_TOKEN)
        connection.request("GET", "/metrics", headers={"Authorization": f"token {token}"})
        lines = connection.getresponse().read(_MOST_BYTES * 16).decode().splitlines()
        found = (line.removeprefix(prefix).split() for line in lines if line.startswith(prefix))
        return {name: float(value) for name, value in found}
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()


def _words(body: bytes) -> str:
    """Return what a problem (RFC 9457) or the hub says, else the beginning of the answer."""
    try:
        said = json.loads(body)
        return str(said.get("detail") or said["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return body[:_SHOWN].decode("utf-8", "replace")
