"""What the runner's process is told, and what workspaces are told of it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from twinhub_hub.apply.egress import network_environment
from twinhub_hub.apply.library import quota_of
from twinhub_hub.egress import (
    NO_NAME_SERVER,
    closed_networks,
    egress_in_use,
    network_of,
    strictest_egress,
)
from twinhub_hub.installation import RUNNER_KEYS, RUNNER_TOKEN
from twinhub_hub.sandbox.command import system_mounts
from twinhub_hub.sandbox.edition import current_edition, environment_of
from twinhub_hub.sandbox.recipe import read_recipe
from twinhub_hub.settings.images import RUN_IMAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_hub.apply.context import Context
    from twinhub_hub.egress import Egress

PREFIX = "/services/runner"
"""Where the runner is, for people and for workspaces."""

VARIABLE = "TWINHUB_RUNNER_URL"
"""Variable of workspaces with the runner's address; their token is in JUPYTERHUB_API_TOKEN."""


def runner_command() -> list[str]:
    """Return the command of the process; ``-P`` keeps the current folder out of its modules."""
    return [sys.executable, "-P", "-m", "twinhub_runner.service"]


def runner_environment(context: Context) -> Mapping[str, str]:
    """Return what the process finds in its environment, its token in a variable of its own."""
    return {
        "TWINHUB_RUNNER_SETTINGS": json.dumps(_settings(context), sort_keys=True),
        "TWINHUB_RUNNER_TOKEN": context.installation.token(RUNNER_TOKEN),
        "TWINHUB_RUNNER_CRYPT_KEYS": context.installation.token(RUNNER_KEYS),
    }


def _settings(context: Context) -> Mapping[str, object]:
    running, runner = context.running, context.settings.runner
    return {
        "port": running.runner_port,
        "uid": context.settings.uid,
        **_sandboxes(context),
        "runner": {
            "root": str(context.assets),
            "state": str(context.installation.runner_state),
            "hub_api_url": f"http://127.0.0.1:{running.hub_port}/hub/api",
            "most_seconds": runner.hours * 3600,
            "software": _software(context),
            "variables": _variables(context),
            "keep_days": runner.keep_days,
            "egress": _egress(context),
            "least_free": runner.least_free,
            "quota": quota_of(context),
            "limits": {"disk_bytes": runner.disk, **_limits(context)},
            "caps": {
                "all": runner.all,
                "each_user": runner.each_user,
                "groups": {one.name: one.limit for one in runner.groups},
                "wait_seconds": None if runner.wait_hours is None else runner.wait_hours * 3600,
            },
        },
    }


def _limits(context: Context) -> Mapping[str, object]:
    """Return what each run may use of the machine, where that can be limited."""
    runner = context.settings.runner
    cpus = None if context.running.engine == "process" else runner.cpus
    return {"memory_bytes": runner.memory, "cpus": cpus, "processes": runner.processes}


def _software(context: Context) -> Mapping[str, object]:
    """Return what twins may ask for, and the Python that runs have."""
    allowed = context.settings.runner.environments
    version = "{}.{}".format(*sys.version_info[:2])
    if context.running.engine == "docker":
        image = read_recipe(context.share / "images/run/Dockerfile")
        version = image.environment["TWINHUB_PYTHON"]
    return {
        "python": allowed.python, "system": allowed.system, "version": version,
        "keep_seconds": allowed.keep_days * 86_400,
    }  # fmt: skip


def _sandboxes(context: Context) -> Mapping[str, object]:
    """Return what sandboxes are made of: containers, or what workspaces see without an engine."""
    if context.running.engine == "docker":
        return {
            "docker": _containers(context), "needed": [str(context.installation.sockets)]
        }  # fmt: skip
    edition = current_edition(context.installation.environments)
    shown = {target: str(source) for source, target in system_mounts(edition)}
    built = context.settings.runner.environments
    return {
        "system": shown, "needed": [str(edition)], "may_compile": built.compile,
        "build_seconds": built.minutes * 60,
    }  # fmt: skip


def _containers(context: Context) -> Mapping[str, object]:
    """Return what containers of runs are made with, and which networks they may be on."""
    settings = context.settings
    return {
        "socket": str(context.installation.runs_socket),
        "prefix": settings.engine.prefix,
        "image": RUN_IMAGE,
        "network": network_of(settings.engine.network, strictest_egress(settings)),
        "networks": {one: _network(context, one) for one in egress_in_use(settings)},
    }


def _network(context: Context, egress: Egress) -> Mapping[str, object]:
    network = context.settings.engine.network
    name = network_of(network, egress)
    return {
        "name": name,
        "name_servers": list(NO_NAME_SERVER) if name in closed_networks(network) else [],
        "variables": network_environment(context).get(name, {}),
    }


def _egress(context: Context) -> Mapping[str, object]:
    """Return what runs may reach outside: as the workspaces of their owners."""
    settings = context.settings
    groups = {rule.name: rule.egress for rule in settings.groups if rule.egress}
    return {"usual": settings.workspace.egress, "groups": groups}


def _variables(context: Context) -> Mapping[str, str]:
    """Return what the environment of each run begins with; an image has variables of its own."""
    own = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
    if context.running.engine == "docker":
        return own
    edition = current_edition(context.installation.environments)
    return {**environment_of(edition), **own, "HOME": "/tmp"}  # noqa: S108 - the sandbox's own


def workspace_environment(context: Context) -> Mapping[str, str]:
    """Return the variable with which a workspace finds the runner; it is no secret."""
    running = context.running
    if running.gateway is not None:
        return {VARIABLE: f"http://{running.gateway}:{running.hub_port}{PREFIX}"}
    return {VARIABLE: f"http://127.0.0.1:{running.runner_port}"}
