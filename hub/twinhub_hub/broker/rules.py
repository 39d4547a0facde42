"""Which requests pass: a list of what TwinHub's spawner asks Docker for, and nothing else.

What is forwarded is composed from what was understood here, never the text that came in. Containers
are named by their whole name, or by a whole id that the server still has to look up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from twinhub_api import names

from twinhub_hub.broker.bodies import check_create
from twinhub_hub.broker.policy import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_hub.broker.policy import Policy

_LONGEST_TARGET = 1024
_SHOWN = 80
_SEGMENTS = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9_.:@-]*)+")  # no %, no //, no dot in front
_VERSION = r"(?P<version>/v1\.(?:4[0-9]|[5-9][0-9]))?"
_CONTAINER = r"/containers/(?P<container>[a-z0-9-]+)"
_ID = re.compile(r"[0-9a-f]{64}")
_FLAGS = {"1": "1", "True": "1", "true": "1", "0": "0", "False": "0", "false": "0"}
_FLAG = re.compile("|".join(_FLAGS))
_OFF = re.compile("0|False|false")
_SECONDS = re.compile(r"[0-9]|[1-5][0-9]|60")
_LINES = re.compile(r"[0-9]{1,4}|all")


@dataclass(frozen=True)
class Shape:
    """What a request of one kind looks like."""

    method: str
    path: str
    query: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    """Each parameter that it may have."""


class Action(Enum):
    """What the hub may ask for."""

    PING = Shape("GET", "/_ping")
    VERSION = Shape("GET", "/version")
    INSPECT_IMAGE = Shape("GET", r"/images/(?P<image>[a-z0-9][a-z0-9._/:@-]{0,254})/json")
    CREATE = Shape("POST", "/containers/create", {"name": re.compile(r"[a-z0-9-]{1,200}")})
    INSPECT = Shape("GET", f"{_CONTAINER}/json")
    LOGS = Shape(
        "GET",
        f"{_CONTAINER}/logs",
        {"stdout": _FLAG, "stderr": _FLAG, "timestamps": _FLAG, "follow": _OFF, "tail": _LINES},
    )
    START = Shape("POST", f"{_CONTAINER}/start")
    STOP = Shape("POST", f"{_CONTAINER}/stop", {"t": _SECONDS})
    REMOVE = Shape("DELETE", _CONTAINER, {"v": _FLAG, "force": _FLAG, "link": _OFF})


@dataclass(frozen=True)
class Call:
    """A request that may pass, as it is sent to Docker."""

    action: Action
    path: str
    query: Mapping[str, str]
    container: str = ""
    """Name or id of the container that it is about, to be looked up first."""
    body: Mapping[str, Any] | None = None


def decide(method: str, target: str, body: bytes, policy: Policy) -> Call:
    """Return what to send to Docker for a request.

    Raises:
        RefusedError: with the reason.
    """
    action, match, query = _find_action(method, target)
    parts = match.groupdict()
    container = parts.get("container") or ""
    if container and not _ID.fullmatch(container) and _label_in(container, policy) is None:
        raise RefusedError(f"{container[:_SHOWN]} is no container of this installation")
    if action is not Action.CREATE:
        if body:
            raise RefusedError("a body, where there is none to be")
        return Call(action, match.group(), query, container)
    label = _label_in(query.get("name", ""), policy)
    if label is None:
        raise RefusedError("the name is none of a workspace of this installation")
    return Call(action, match.group(), query, body=check_create(body, policy, label))


def _find_action(method: str, target: str) -> tuple[Action, re.Match[str], Mapping[str, str]]:
    raw_path, _, raw_query = target.partition("?")
    path = raw_path.replace("%40", "@")  # docker-py writes the digest of an image so
    if len(target) > _LONGEST_TARGET or not _SEGMENTS.fullmatch(path):
        raise RefusedError("the path is not in its plain form")
    for action in Action:
        match = re.fullmatch(_VERSION + action.value.path, path)
        if match is not None and action.value.method == method:
            return action, match, _check_query(action, raw_query)
    raise RefusedError("not among what workspaces need")


def _check_query(action: Action, raw: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        if raw:
            raise RefusedError("the query is not in its plain form") from error
        pairs = []
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RefusedError("a parameter stands twice in the query")
    for key, value in found.items():
        if key not in action.value.query or not action.value.query[key].fullmatch(value):
            raise RefusedError(f"the query cannot have {key[:_SHOWN]!r} as {value[:_SHOWN]!r}")
    flags = {key for key, pattern in action.value.query.items() if pattern in {_FLAG, _OFF}}
    return {key: _FLAGS[value] if key in flags else value for key, value in found.items()}


def _label_in(container: str, policy: Policy) -> str | None:
    return names.find_label(policy.prefix, container)
