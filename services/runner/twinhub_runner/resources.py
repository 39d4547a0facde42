"""What a run may use: what its twin asks for, within what the site grants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from twinhub_dtconfig.values import format_size, parse_size

from twinhub_runner.errors import BadSubmissionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_runner.backends.base import Limits

ASKED = "resources"
"""Key of a plan with what the twin asks for, of ``memory`` in bytes and ``cpus``."""


def asked_for(data: Mapping[str, Any]) -> dict[str, int | float]:
    """Return what a resolved twin asks for, of what is granted by measure."""
    asked: Mapping[str, Any] = data.get("resources", {})
    found: dict[str, int | float] = {}
    if asked.get("memory") is not None:
        found["memory"] = cast("int", parse_size(asked["memory"]))
    if asked.get("cpu") is not None:
        found["cpus"] = asked["cpu"]
    return found


def check_asked(twin: str, data: Mapping[str, Any], site: Limits) -> None:
    """Refuse a twin that asks for more than the site grants any run.

    Raises:
        BadSubmissionError: it does; the text names the key.
    """
    asked, rest = asked_for(data), data.get("resources", {})
    memory, cpus = int(asked.get("memory", 0)), asked.get("cpus", 0)
    faults = {}
    if site.memory_bytes is not None and memory > site.memory_bytes:
        most = format_size(site.memory_bytes)
        faults["memory"] = f"{format_size(memory)} of memory, and a run has at most {most}"
    if site.cpus is not None and cpus > site.cpus:
        faults["cpu"] = f"{cpus:g} cores, and a run has at most {site.cpus:g}"
    faults |= {key: "what no run has here" for key in ("gpu", "devices") if rest.get(key)}
    for key, what in faults.items():
        raise BadSubmissionError(f"{twin} asks for {what}: see resources.{key} in its twin.yaml.")


def limits_of(plan: Mapping[str, Any], site: Limits) -> Limits:
    """Return the limits of a run: the twin's where it has some, within the site's.

    Where the site limits nothing nothing is limited: there is no way to.
    """
    asked: Mapping[str, Any] = plan.get(ASKED, {})
    memory, cpus = asked.get("memory"), asked.get("cpus")
    return replace(
        site,
        memory_bytes=site.memory_bytes and min(memory or site.memory_bytes, site.memory_bytes),
        cpus=site.cpus and min(cpus or site.cpus, site.cpus),
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
