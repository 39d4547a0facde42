"""The body of the `create` of a run: checked key by key, composed anew from what passed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_hub.broker.checks import (
    HOST_LABEL,
    VARIABLE,
    between,
    check_keys,
    check_no_swap,
    each,
    is_address,
    is_text,
    limit_checks,
    matches,
    one_of,
    parse_object,
)
from twinhub_hub.broker.policy import SHORT_LOOKUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_hub.broker.checks import Check
    from twinhub_hub.broker.run_policy import RunPolicy

_ENTRYPOINT = [
    "/usr/bin/python3", "-I", "-S", "/run/twinhub/in/twinhub_agent/start.py",
    "/run/twinhub/in", "/run/twinhub/out",
]  # fmt: skip
_FIXED: Mapping[str, object] = {
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges"],
    "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"}},
}
"""Of the host's side: what is the same for all runs, and is sent as it stands here."""
_MOST_LIKELY_TO_GO = 1000


def check_run(body: bytes, policy: RunPolicy, sandbox: str) -> dict[str, Any]:
    """Return what to send to Docker for the container of a sandbox.

    Raises:
        RefusedError: it is no JSON object, or asks for anything but a run.
    """
    top, host = _top_checks(policy), _host_checks(policy)
    checked = check_keys(parse_object(body), top, "", set(top) - {"Labels", "Hostname"})
    made = check_keys(checked["HostConfig"], host, "HostConfig.", set(host) - {"Dns", "DnsOptions"})
    check_no_swap(made)
    policy.check_mounts(made["Binds"], sandbox)
    return checked | {"Labels": dict(policy.labels), "HostConfig": made | dict(_FIXED)}


def _top_checks(policy: RunPolicy) -> Mapping[str, Check]:
    return {
        "Image": policy.has_image,
        "User": one_of([str(policy.uid)]),
        "Hostname": matches(HOST_LABEL),
        "WorkingDir": one_of(["/"]),
        "Entrypoint": one_of([_ENTRYPOINT]),
        "Env": each(matches(VARIABLE)),
        "Labels": one_of([dict(policy.labels)]),
        "HostConfig": lambda value: isinstance(value, dict),
    }


def _host_checks(policy: RunPolicy) -> Mapping[str, Check]:
    return {
        "NetworkMode": one_of(policy.networks),
        "Binds": each(is_text),
        **limit_checks(policy.memory, policy.cpus, policy.processes),
        # a run may be the first to go when the machine runs out of memory, never the last
        "OomScoreAdj": between(0, _MOST_LIKELY_TO_GO),
        "Dns": each(is_address),
        "DnsOptions": one_of([list(SHORT_LOOKUPS)]),
        **{key: one_of([value]) for key, value in _FIXED.items()},
    }
