"""What the hub logs of each answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from jupyterhub.log import log_request as log_request_as_jupyterhub
from tornado.web import HTTPError
from twinhub_api.log_lines import log_fields, shorten

if TYPE_CHECKING:
    from tornado.web import RequestHandler

_LONGEST_NAME = 64


def log_request(handler: RequestHandler) -> None:
    """Log an answer as JupyterHub does, with its parts as the field ``request``.

    What comes every minute from each workspace is logged only when something is wrong with it.
    """
    if getattr(handler, "is_routine", False) and handler.get_status() == HTTPStatus.OK:
        return
    request = handler.request
    parts = {
        "method": shorten(request.method or "")[:_LONGEST_NAME],
        "status": handler.get_status(),
        "user": _user_name(handler),
        "address": shorten(request.remote_ip or "")[:_LONGEST_NAME],
        "milliseconds": round(1000 * request.request_time(), 1),
    }
    with log_fields(request=parts):
        log_request_as_jupyterhub(handler)


def _user_name(handler: RequestHandler) -> str | None:
    try:
        user = handler.current_user
    except (HTTPError, RuntimeError):
        return None
    return shorten(user.name)[:_LONGEST_NAME] if hasattr(user, "name") else None
