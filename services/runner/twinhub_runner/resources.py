"""What a run may use: what its twin asks for, within what the site grants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from twinhub_dtconfig.values import format_size, parse_size
from twinhub_kit.sizes import show_size

from twinhub_runner.errors import BadSubmissionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_runner.backends.base import Limits

ASKED = "resources"
"""Key of a plan with what the twin asks for, of ``memory`` and ``disk`` in bytes, and ``cpus``."""


def asked_for(data: Mapping[str, Any]) -> dict[str, int | float]:
    """Return what a resolved twin asks for, of what is granted by measure."""
    asked: Mapping[str, Any] = data.get("resources", {})
    found: dict[str, int | float] = {}
    if asked.get("memory") is not None:
        found["memory"] = cast("int", parse_size(asked["memory"]))
    if asked.get("disk") is not None:
        found["disk"] = cast("int", parse_size(asked["disk"]))
    if asked.get("cpu") is not None:
        found["cpus"] = asked["cpu"]
    return found


def check_asked(twin: str, data: Mapping[str, Any], site: Limits) -> None:
    """Refuse a twin that asks for more than the site grants any run.

    Raises:
        BadSubmissionError: it does; the text names the key.
    """
    asked, rest = asked_for(data), data.get("resources", {})
    memory, disk = int(asked.get("memory", 0)), int(asked.get("disk", 0))
    cpus = asked.get("cpus", 0)
    faults = {}
    if site.memory_bytes is not None and memory > site.memory_bytes:
        most = format_size(site.memory_bytes)
        faults["memory"] = f"{format_size(memory)} of memory, and a run has at most {most}"
    if site.disk_bytes is not None and disk > site.disk_bytes:
        most = format_size(site.disk_bytes)
        faults["disk"] = f"{format_size(disk)} of the disk, and a run has at most {most}"
    if site.cpus is not None and cpus > site.cpus:
        faults["cpu"] = f"{cpus:g} cores, and a run has at most {site.cpus:g}"
    faults |= {key: "what no run has here" for key in ("gpu", "devices") if rest.get(key)}
    for key, what in faults.items():
        raise BadSubmissionError(f"{twin} asks for {what}: see resources.{key} in its twin.yaml.")


def limits_of(plan: Mapping[str, Any], site: Limits) -> Limits:
    """Return the limits of a run: the twin's where it has some, within the site's.

    What the site does not limit is not: there is no way to, as for cores without an engine.
    """
    asked: Mapping[str, Any] = plan.get(ASKED, {})
    memory, cpus, disk = asked.get("memory"), asked.get("cpus"), asked.get("disk")
    return replace(
        site,
        memory_bytes=site.memory_bytes and min(memory or site.memory_bytes, site.memory_bytes),
        cpus=site.cpus and min(cpus or site.cpus, site.cpus),
        disk_bytes=min((one for one in (disk, site.disk_bytes) if one), default=None),
    )


def tell_out_of_memory(plan: Mapping[str, Any], had_bytes: int | None) -> str:
    """Return what to do about a run that needed more memory than it had."""
    had = "what it has" if had_bytes is None else f"the {format_size(had_bytes)} that it has"
    if "memory" in plan.get(ASKED, {}):
        return f"It needed more memory than {had}: raise resources.memory in its twin.yaml."
    return (
        f"It needed more memory than {had}, which is all that this site grants: an administrator "
        "can raise runner.memory in twinhub.yaml."
    )


def tell_out_of_disk(plan: Mapping[str, Any], written: int | None, most: int) -> str:
    """Return what to do about a run that has written more than it may; None of a single file."""
    what = "one file of it was" if written is None else f"it has written {show_size(written)},"
    more = f"{what} more than the {show_size(most)} that it has"
    more = f"{more[0].upper()}{more[1:]}"
    if "disk" in plan.get(ASKED, {}):
        return f"{more}: raise resources.disk in its twin.yaml."
    return (
        f"{more}, which is all that this site grants: an administrator can raise runner.disk in "
        "twinhub.yaml."
    )
