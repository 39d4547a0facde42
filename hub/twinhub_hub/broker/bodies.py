"""The body of the `create` of a workspace: checked key by key, composed anew from what passed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from twinhub_hub.broker.checks import (
    HOST_LABEL,
    VARIABLE,
    between,
    check_keys,
    check_no_swap,
    each,
    is_address,
    is_empty,
    is_flag,
    is_text,
    keys_of,
    limit_checks,
    matches,
    never,
    one_of,
    parse_object,
)
from twinhub_hub.broker.policy import SHORT_LOOKUPS, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_hub.broker.checks import Check
    from twinhub_hub.broker.policy import Policy

_PORT = re.compile(r"[0-9]{1,5}/tcp")


def check_create(body: bytes, policy: Policy, label: str) -> dict[str, Any]:
    """Return what to send to Docker for a container of the user with this label.

    Raises:
        RefusedError: it is no JSON object, or asks for anything but a workspace.
    """
    checked = check_keys(parse_object(body), _top_checks(policy), "", _REQUIRED)
    host = checked["HostConfig"] = check_keys(
        checked["HostConfig"], _host_checks(policy, label), "HostConfig.", _REQUIRED
    )
    check_no_swap(host)
    targets = {bind.split(":")[1] for bind in host["Binds"]}
    if not set(checked.get("Volumes", {})) <= targets:
        raise RefusedError("Volumes names a path that HostConfig.Binds does not mount")
    return checked | {"Labels": dict(policy.labels)}


_REQUIRED = frozenset(
    {
        "Image", "User", "HostConfig", "NetworkMode", "Binds", "CapDrop", "SecurityOpt", "Memory",
        "MemorySwap", "CpuPeriod", "CpuQuota", "PidsLimit", "LogConfig",
    }
)  # fmt: skip


def _top_checks(policy: Policy) -> Mapping[str, Check]:
    return {
        "Image": policy.has_image,
        "User": one_of([str(policy.uid)]),
        "Hostname": matches(HOST_LABEL),
        # other folders would be made, or entered, before the container has shed its rights
        "WorkingDir": one_of([policy.workspace]),
        "Cmd": each(is_text),
        "Env": each(matches(VARIABLE)),
        "ExposedPorts": keys_of(matches(_PORT)),
        "Volumes": keys_of(is_text),  # what `Binds` mounts, see `check_create`
        "AttachStdout": is_flag,
        "AttachStderr": is_flag,
        "HostConfig": lambda value: isinstance(value, dict),
        "NetworkingConfig": is_empty,
    } | dict.fromkeys(
        ("Tty", "OpenStdin", "StdinOnce", "AttachStdin", "NetworkDisabled"), one_of([False])
    ) | dict.fromkeys(
        # docker-py names them and leaves them null
        ("Domainname", "Entrypoint", "MacAddress", "Labels", "StopSignal", "Healthcheck",
         "StopTimeout", "Runtime"), never,
    )  # fmt: skip


def _host_checks(policy: Policy, label: str) -> Mapping[str, Check]:
    is_mount = one_of(policy.mounts(label))
    return {
        "NetworkMode": one_of(policy.networks),
        "Binds": lambda value: (
            each(lambda bind: is_mount(bind) or policy.is_team_mount(bind))(value)
            and len(set(value)) == len(value)
        ),
        "CapDrop": one_of([["ALL"]]),
        "SecurityOpt": one_of([["no-new-privileges"]]),
        **limit_checks(policy.memory, policy.cpus, policy.processes),
        "ShmSize": between(1, policy.shared_memory),
        "LogConfig": one_of([policy.log]),
        "AutoRemove": one_of([False]),
        "Dns": each(is_address),
        "DnsOptions": one_of([list(SHORT_LOOKUPS)]),
        "Links": is_empty,
        "Mounts": is_empty,
    }
