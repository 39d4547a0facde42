"""The body of a `create`: parsed once, checked key by key, and composed anew from what was checked.

Docker reads JSON more generously than most (keys in any case, the last of two alike wins), so what
it gets is never what was sent: each key is one of those below, spelt as here, once.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from twinhub_hub.broker.policy import LABEL, SHORT_LOOKUPS, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from twinhub_hub.broker.policy import Policy

    _Check = Callable[[Any], bool]

_SHOWN = 80
_LEAST_MEMORY = 2**22
_CPU_PERIOD, _LEAST_QUOTA = 100_000, 1_000
_MANY, _LONG = 512, 32_768
_HOST_LABEL = re.compile(r"[a-z0-9-]{1,63}")
_PORT = re.compile(r"[0-9]{1,5}/tcp")
_VARIABLE = re.compile(r"[^=\0]+=[^\0]*", re.DOTALL)


def check_create(body: bytes, policy: Policy, label: str) -> dict[str, Any]:
    """Return what to send to Docker for a container of the user with this label.

    Raises:
        RefusedError: it is no JSON object, or asks for anything but a workspace.
    """
    sent = _parse(body)
    checked = _check(sent, _top_checks(policy), "")
    host = checked["HostConfig"] = _check(
        checked["HostConfig"], _host_checks(policy, label), "HostConfig."
    )
    if host["MemorySwap"] != host["Memory"]:
        raise RefusedError("HostConfig.MemorySwap is not HostConfig.Memory, so there would be swap")
    targets = {bind.split(":")[1] for bind in host["Binds"]}
    if not set(checked.get("Volumes", {})) <= targets:
        raise RefusedError("Volumes names a path that HostConfig.Binds does not mount")
    return checked | {"Labels": {LABEL: policy.prefix}}


def _parse(body: bytes) -> dict[str, Any]:
    try:
        sent = json.loads(
            body.decode("utf-8"), object_pairs_hook=_without_twins, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise RefusedError("the body is no JSON that the broker reads") from error
    if not isinstance(sent, dict):
        raise RefusedError("the body is no JSON object")
    return sent


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RefusedError("a key stands twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise RefusedError(f"{name} is no JSON")


def _check(sent: Mapping[str, Any], checks: Mapping[str, _Check], where: str) -> dict[str, Any]:
    """Return the keys that have a value; null is what clients send for keys that they leave out."""
    for key, value in sent.items():
        if key not in checks:
            raise RefusedError(f"{where}{_show(key)} is not allowed")
        if value is not None and not checks[key](value):
            raise RefusedError(f"{where}{key} cannot be {_show(value)}")
    found = {key: value for key, value in sent.items() if value is not None}
    for key in checks:
        if key in _REQUIRED and key not in found:
            raise RefusedError(f"{where}{key} is missing")
    return found


_REQUIRED = frozenset(
    {
        "Image", "User", "HostConfig", "NetworkMode", "Binds", "CapDrop", "SecurityOpt", "Memory",
        "MemorySwap", "CpuPeriod", "CpuQuota", "PidsLimit", "LogConfig",
    }
)  # fmt: skip


def _top_checks(policy: Policy) -> Mapping[str, _Check]:
    return {
        "Image": policy.has_image,
        "User": _one_of([str(policy.uid)]),
        "Hostname": _matches(_HOST_LABEL),
        # other folders would be made, or entered, before the container has shed its rights
        "WorkingDir": _one_of([policy.workspace]),
        "Cmd": _each(_is_text),
        "Env": _each(_matches(_VARIABLE)),
        "ExposedPorts": _keys(_matches(_PORT)),
        "Volumes": _keys(_is_text),  # what `Binds` mounts, see `check_create`
        "AttachStdout": _is_flag,
        "AttachStderr": _is_flag,
        "HostConfig": lambda value: isinstance(value, dict),
        "NetworkingConfig": _is_empty,
    } | dict.fromkeys(
        ("Tty", "OpenStdin", "StdinOnce", "AttachStdin", "NetworkDisabled"), _one_of([False])
    ) | dict.fromkeys(
        # docker-py names them and leaves them null
        ("Domainname", "Entrypoint", "MacAddress", "Labels", "StopSignal", "Healthcheck",
         "StopTimeout", "Runtime"), _never,
    )  # fmt: skip


def _host_checks(policy: Policy, label: str) -> Mapping[str, _Check]:
    is_mount = _one_of(policy.mounts(label))
    return {
        "NetworkMode": _one_of(policy.networks),
        "Binds": lambda value: (
            _each(lambda bind: is_mount(bind) or policy.is_team_mount(bind))(value)
            and len(set(value)) == len(value)
        ),
        "CapDrop": _one_of([["ALL"]]),
        "SecurityOpt": _one_of([["no-new-privileges"]]),
        "Memory": _between(_LEAST_MEMORY, policy.memory),
        "MemorySwap": _between(_LEAST_MEMORY, policy.memory),
        "ShmSize": _between(1, policy.shared_memory),
        "CpuPeriod": _between(_CPU_PERIOD, _CPU_PERIOD),
        "CpuQuota": _between(_LEAST_QUOTA, max(_LEAST_QUOTA, int(policy.cpus * _CPU_PERIOD))),
        "PidsLimit": _between(1, policy.processes),
        "LogConfig": _one_of([policy.log]),
        "AutoRemove": _one_of([False]),
        "Dns": _each(_is_address),
        "DnsOptions": _one_of([list(SHORT_LOOKUPS)]),
        "Links": _is_empty,
        "Mounts": _is_empty,
    }


def _one_of(allowed: Iterable[object]) -> _Check:
    values = list(allowed)  # compared with their types: in Python 1 equals True, in Go it does not
    return lambda value: any(type(value) is type(one) and value == one for one in values)


def _between(least: int, most: int) -> _Check:
    return lambda value: type(value) is int and least <= value <= most


def _each(check: _Check) -> _Check:
    return lambda value: isinstance(value, list) and len(value) <= _MANY and all(map(check, value))


def _matches(pattern: re.Pattern[str]) -> _Check:
    return lambda value: _is_text(value) and pattern.fullmatch(value) is not None


def _keys(check: _Check) -> _Check:
    return lambda value: (
        isinstance(value, dict)
        and all(check(key) and (one is None or _is_empty(one)) for key, one in value.items())
    )


def _is_text(value: object) -> bool:
    """Return whether it is a text that Python and Go write alike: no NUL, no half of a pair."""
    if not isinstance(value, str) or len(value) > _LONG or "\0" in value:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_empty(value: object) -> bool:
    return isinstance(value, (list, dict)) and not value


def _is_address(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _never(value: object) -> bool:
    return False


def _show(value: object) -> str:
    text = value if isinstance(value, str) and value.isalnum() else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
