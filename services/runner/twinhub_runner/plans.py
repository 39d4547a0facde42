"""What an agent is told of a phase: made of a resolved twin, in the words of `twinhub_agent`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_runner.resources import ASKED, asked_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twinhub_dtconfig.resolving import Resolved

ENVIRONMENT = "environment"
"""Key of a plan with the software that the twin asks for."""
SOFTWARE = "software"
"""Key of a plan with the address of the software that its phase has."""
BUILDS = "/run/twinhub/builds"
"""Where a sandbox has what its twin has built before."""
_UNPREPARED = frozenset({"terminate", "clean"})
"""Phases before which nothing is built."""
LOG = {"segment": 4 << 20, "head": 2, "tail": 14}
"""Of a long log 8 MiB are kept from its beginning, and 56 MiB up to its end."""
CHECKPOINT, RESTORE = "state.checkpoint", "state.restore"
"""Commands with which a twin writes its state and goes on from it; no twin's own are so called."""
HEALTH = {"every": 10.0, "begin": 60.0}
"""Seconds between two questions to a port that is to answer, and that it has to begin in."""
_EXECUTE = "execute"
_BY_HTTP = frozenset({"http", "ws", "sse"})
LEAST_FILE_BYTES = 64 << 20
"""That one file may have, whatever a run may write: the agent writes with the same limit."""
MAIN = "main"
"""What the one process of a phase is called that is a command or a script."""


def make_plan(
    resolved: Resolved, phase: str, folder: str, *, most_seconds: float | None,
    most_bytes: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the plan of a phase that runs in a folder of the sandbox.

    ``most_seconds`` is what the site allows where the twin sets no limit; a live phase has none.
    ``most_bytes`` is what the site lets a run write, or None.
    """
    data: Mapping[str, Any] = resolved.data["phases"][phase]
    variables = {**resolved.data.get("variables", {}), **data.get("variables", {})}
    is_live = bool(data.get("live"))
    limit = data.get("time_limit")
    asked = asked_for(resolved.data)
    most = min((int(one) for one in (asked.get("disk"), most_bytes) if one), default=None)
    processes = data.get("processes") or {MAIN: {**data, "variables": {}}}
    return {
        "phase": phase,
        "live": is_live,
        "time_limit": limit if limit is not None or is_live else most_seconds,
        "keeps_children": "processes" not in data,
        "log": LOG,
        "ports": dict(resolved.data.get("ports", {})),
        "health": _health(resolved, phase, data),
        "file_bytes": most and max(most, LEAST_FILE_BYTES),
        ASKED: asked,
        ENVIRONMENT: dict(resolved.data.get("environment", {})),
        "build": [] if phase in _UNPREPARED else [*_build(resolved, folder)],
        "builds": BUILDS,
        "processes": {
            name: _process(one, folder, data.get("folder", "."), variables, resolved)
            for name, one in processes.items()
        },
        "commands": {**_other_phases(resolved, phase, folder), **_commands(resolved, folder)},
    }


def _build(resolved: Resolved, folder: str) -> Iterator[dict[str, Any]]:
    """Yield what is built before a phase, each step after those that it needs."""
    steps, shared = dict(resolved.data.get("build", {})), resolved.data.get("variables", {})
    done: set[str] = set()
    while steps:
        name = next((n for n in steps if done.issuperset(steps[n].get("after", ()))), "")
        data = steps.pop(name or next(iter(steps)))
        done.add(name)
        yield {
            "name": name, "twin": folder, "inputs": data["inputs"], "outputs": data["outputs"],
            "time_limit": data.get("time_limit"),
            "process": _process(data, folder, ".", shared, resolved) | {"after": []},
        }  # fmt: skip


def _other_phases(resolved: Resolved, phase: str, folder: str) -> dict[str, Any]:
    """Return the phases that may run inside this one, such as ``terminate``: single commands."""
    shared = resolved.data.get("variables", {})
    return {
        name: _process(data, folder, ".", shared, resolved)
        for name, data in resolved.data["phases"].items()
        if name != phase and not data.get("processes")
    }


def _commands(resolved: Resolved, folder: str) -> dict[str, Any]:
    """Return what the twin can be told while it runs."""
    shared = resolved.data.get("variables", {})
    state: Mapping[str, Any] = resolved.data.get("state", {})
    made: dict[str, dict[str, Any]] = {
        name: _process({"command": state[key]}, folder, ".", shared, resolved)
        for name, key in ((CHECKPOINT, "checkpoint"), (RESTORE, "restore"))
        if state.get(key) is not None
    }
    for name, data in resolved.data.get("commands", {}).items():
        effect = data["effect"]
        if "message" in effect:
            made[name] = {"not_yet": "a message needs a service of the site, and it has none yet"}
        else:
            words = effect.get("command") or _call(effect["http"], resolved)
            made[name] = _process({"command": words}, folder, ".", shared, resolved)
            made[name]["is_call"] = "http" in effect
        made[name]["arguments"] = data.get("arguments", {})
    return made


def _call(request: Mapping[str, Any], resolved: Resolved) -> list[str]:
    """Return what `twinhub_agent.calling` is given."""
    path = request.get("path", "/")
    return [
        request.get("method", "POST"), str(_port(request["port"], resolved)),
        path if path.startswith("/") else f"/{path}", request.get("body", ""),
    ]  # fmt: skip


def _process(
    data: Mapping[str, Any], folder: str, own: str, variables: Mapping[str, str], resolved: Resolved
) -> dict[str, Any]:
    stop = data.get("stop", {})
    return {
        "command": _command(data),
        "folder": _inside(folder, data.get("folder") or own),
        "variables": {**variables, **data.get("variables", {})},
        "after": list(data.get("after", ())),
        "ready": _ready(data.get("ready") or {}, resolved),
        "restart": data.get("restart", "never"),
        "essential": data.get("essential", True),
        "stop": {
            "signal": stop.get("signal", "SIGTERM"),
            "command": stop.get("command"),
            "grace": stop.get("grace", 10.0),
        },
    }


def _command(data: Mapping[str, Any]) -> list[str]:
    """Return the words of a command; a script becomes an argument of its interpreter."""
    script = data.get("script")
    if script is None:
        return list(data["command"])
    first, _, _ = str(script).partition("\n")
    if not first.startswith("#!"):
        return ["sh", "-eu", "-c", script]
    return ["sh", "-c", _RUN_SCRIPT, "script", script]


_RUN_SCRIPT = 'file=$(mktemp) && printf %s "$1" >"$file" && chmod 700 "$file" && exec "$file"'
"""A script with an interpreter of its own has to be a file (execve(2))."""


def _health(resolved: Resolved, phase: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to go on answering: ports with a path for that, of a phase that runs a twin.

    A process is killed that does not where it is known for it: the port is in its ``ready``.
    """
    if not (data.get("live") or phase == _EXECUTE):
        return {}
    return {
        name: {
            "http": f"http://localhost:{port['port']}/{str(port['health']).lstrip('/')}",
            "process": _listener(name, data.get("processes") or {}), **HEALTH,
        }
        for name, port in resolved.data.get("ports", {}).items()
        if port.get("health") and port.get("protocol", "http") in _BY_HTTP
    }  # fmt: skip


def _listener(port: str, processes: Mapping[str, Any]) -> str | None:
    for name, process in processes.items():
        ready = process.get("ready") or {}
        if port in {str(ready.get("port")), str(ready.get("http")).partition("/")[0]}:
            return name
    return next(iter(processes)) if len(processes) == 1 else None


def _ready(ready: Mapping[str, Any], resolved: Resolved) -> dict[str, Any]:
    made = {name: ready[name] for name in ("within", "log", "file", "command") if name in ready}
    if "port" in ready:
        made["port"] = _port(ready["port"], resolved)
    if "http" in ready:
        port, _, path = str(ready["http"]).partition("/")
        made["http"] = f"http://localhost:{_port(port, resolved)}/{path}"
    return made


def _port(port: int | str, resolved: Resolved) -> int:
    text = str(port)
    return int(text) if text.isdecimal() else int(resolved.data["ports"][text]["port"])


def _inside(folder: str, path: str) -> str:
    return folder if path == "." else f"{folder}/{path}"
