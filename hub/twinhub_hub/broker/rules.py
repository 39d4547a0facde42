"""Which requests pass: a list of what TwinHub asks Docker for, and nothing else.

What is forwarded is composed from what was understood here, never the text that came in. Containers
are named by their whole name, or by a whole id that the server still has to look up.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from twinhub_api.names import environment_image_for

from twinhub_hub.broker.bodies import check_create
from twinhub_hub.broker.environments import compose_build, labels_of
from twinhub_hub.broker.policy import RefusedError
from twinhub_hub.broker.run_bodies import check_run
from twinhub_hub.broker.run_policy import RunPolicy

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from twinhub_hub.broker.environments import Build
    from twinhub_hub.broker.policy import Policy

_LONGEST_TARGET = 1024
_SHOWN = 80
_SEGMENTS = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9_.:@-]*)+")  # no %, no //, no dot in front
_VERSION = r"(?P<version>/v1\.(?:4[0-9]|[5-9][0-9]))?"
_CONTAINER = r"/containers/(?P<container>[a-z0-9-]+)"
_ENVIRONMENT = r"/environments/(?P<environment>[0-9a-f]{64})"
_ID = re.compile(r"[0-9a-f]{64}")
_FLAGS = {"1": "1", "True": "1", "true": "1", "0": "0", "False": "0", "false": "0"}
_FLAG = re.compile("|".join(_FLAGS))
_OFF = re.compile("0|False|false")
_ON = re.compile("1|True|true")
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
    """What may be asked for: of workspaces by the hub, of runs by the runner."""

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
    LIST = Shape("GET", "/containers/json", {"all": _ON, "filters": re.compile(r"[ -~]{1,400}")})
    KILL = Shape("POST", f"{_CONTAINER}/kill", {"signal": re.compile("SIGTERM|SIGKILL")})
    BUILD = Shape("POST", _ENVIRONMENT)
    """The software of a twin; Docker is sent a build that is composed here."""
    REMOVE_BUILT = Shape("DELETE", _ENVIRONMENT)
    LIST_BUILT = Shape("GET", "/environments")


_BUILDING = frozenset({Action.BUILD, Action.REMOVE_BUILT, Action.LIST_BUILT})
_OF_WORKSPACES = frozenset(Action) - {Action.LIST, Action.KILL} - _BUILDING
_OF_RUNS = frozenset(Action) - {Action.STOP}


@dataclass(frozen=True)
class Call:
    """A request that may pass, as it is sent to Docker."""

    action: Action
    path: str
    query: Mapping[str, str]
    container: str = ""
    """Name or id of the container that it is about, to be looked up first."""
    body: Mapping[str, Any] | None = None
    build: Build | None = None


def decide(method: str, target: str, body: bytes, policy: Policy | RunPolicy) -> Call:
    """Return what to send to Docker for a request.

    Raises:
        RefusedError: with the reason.
    """
    actions = _OF_RUNS if isinstance(policy, RunPolicy) else _OF_WORKSPACES
    action, match, query = _find_action(method, target, actions)
    parts = match.groupdict()
    container = parts.get("container") or ""
    if container and not _ID.fullmatch(container) and policy.find_owner(container) is None:
        raise RefusedError(f"{container[:_SHOWN]} is no container of this installation")
    if action is Action.CREATE:
        return Call(action, match.group(), query, body=_check_create(body, policy, query))
    if isinstance(policy, RunPolicy) and action in _BUILDING:
        return _decide_building(action, parts.get("environment") or "", body, policy)
    image = parts.get("image")
    if isinstance(policy, RunPolicy) and image is not None and not policy.has_image(image):
        raise RefusedError("that is no image of runs")
    if body:
        raise RefusedError("a body, where there is none to be")
    if action is Action.LIST:
        query = _check_list(query, policy)
    return Call(action, match.group(), query, container)


def _decide_building(action: Action, address: str, body: bytes, policy: RunPolicy) -> Call:
    if policy.environments is None:
        raise RefusedError("nothing is built here")
    if action is Action.BUILD:
        build = compose_build(body, policy.environments, policy.prefix, address)
        return Call(action, "/build", build.query, build=build)
    if body:
        raise RefusedError("a body, where there is none to be")
    if action is Action.REMOVE_BUILT:
        tag = environment_image_for(policy.prefix, address)
        return Call(action, f"/images/{tag}", {"force": "0"})
    labels = [f"{key}={value}" for key, value in sorted(labels_of(policy.prefix).items())]
    return Call(action, "/images/json", {"filters": json.dumps({"label": labels})})


def _check_create(
    body: bytes, policy: Policy | RunPolicy, query: Mapping[str, str]
) -> Mapping[str, Any]:
    owner = policy.find_owner(query.get("name", ""))
    if owner is None:
        raise RefusedError("the name is none of this installation's")
    if isinstance(policy, RunPolicy):
        return check_run(body, policy, owner)
    return check_create(body, policy, owner)


def _check_list(query: Mapping[str, str], policy: Policy | RunPolicy) -> Mapping[str, str]:
    labels = {"label": [f"{key}={value}" for key, value in sorted(policy.labels.items())]}
    wanted = {"all": "1", "filters": json.dumps(labels)}
    if query != wanted:
        raise RefusedError("that lists more than this installation's own")
    return wanted


def _find_action(
    method: str, target: str, actions: Collection[Action]
) -> tuple[Action, re.Match[str], Mapping[str, str]]:
    raw_path, _, raw_query = target.partition("?")
    path = raw_path.replace("%40", "@")  # docker-py writes the digest of an image so
    if len(target) > _LONGEST_TARGET or not _SEGMENTS.fullmatch(path):
        raise RefusedError("the path is not in its plain form")
    for action in actions:
        match = re.fullmatch(_VERSION + action.value.path, path)
        if match is not None and action.value.method == method:
            return action, match, _check_query(action, raw_query)
    raise RefusedError("not among what is needed")


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
    flags = {key for key, pattern in action.value.query.items() if pattern in {_FLAG, _OFF, _ON}}
    return {key: _FLAGS[value] if key in flags else value for key, value in found.items()}
