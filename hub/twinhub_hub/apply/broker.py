"""What the broker is told to allow: what the spawner is told to ask for, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.apply.limits import highest_limits
from twinhub_hub.apply.spawner import HOME, LOG, WORKSPACE
from twinhub_hub.broker.environments import EnvironmentPolicy
from twinhub_hub.broker.policy import Policy
from twinhub_hub.broker.run_policy import RunPolicy
from twinhub_hub.egress import networks_in_use
from twinhub_hub.images import all_images
from twinhub_hub.layers.recipe import tags_of
from twinhub_hub.proxies import proxies
from twinhub_hub.settings.images import RUN_IMAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_hub.apply.context import Context


_BUILT_BY = ("Dockerfile", "install-environment")


def broker_policy(context: Context) -> Policy:
    """Return the policy of workspaces; limits of the settings are the most that passes."""
    workspace, engine = context.settings.workspace, context.settings.engine
    most = highest_limits(context.settings)
    return Policy(
        prefix=engine.prefix,
        networks=networks_in_use(context.settings),
        images=tuple(image.image for image in all_images(context.settings)),
        uid=context.settings.uid,
        assets=str(context.assets),
        home=HOME,
        workspace=WORKSPACE,
        memory=most.memory,
        cpus=most.cpus,
        processes=workspace.processes,
        shared_memory=workspace.shared_memory,
        layers=tags_of(engine.prefix),
        log={"Type": LOG["type"], "Config": LOG["config"]},
    )


def run_policy(context: Context) -> RunPolicy:
    """Return the policy of runs, likewise."""
    runner, engine = context.settings.runner, context.settings.engine
    return RunPolicy(
        prefix=engine.prefix,
        networks=networks_in_use(context.settings),
        images=(RUN_IMAGE,),
        uid=context.settings.uid,
        assets=str(context.assets),
        memory=runner.memory,
        cpus=runner.cpus,
        processes=runner.processes,
        environments=_environment_policy(context),
    )


def _environment_policy(context: Context) -> EnvironmentPolicy:
    """Return what is built for twins; where no package is allowed nothing is."""
    allowed, folder = context.settings.runner.environments, context.share / "images/environment"
    return EnvironmentPolicy(
        parent=RUN_IMAGE,
        uid=context.settings.uid,
        files={one: (folder / one).read_text("utf-8") for one in _BUILT_BY},
        python=allowed.python,
        system=allowed.system,
        may_compile=allowed.compile,
        memory=allowed.memory,
        cpus=allowed.cpus,
        seconds=allowed.minutes * 60,
        arguments=proxies(),
    )


def broker_environment(context: Context) -> Mapping[str, str]:
    """Return what the broker finds in its environment."""
    installation = context.installation
    return {
        "TWINHUB_BROKER_POLICY": broker_policy(context).as_json(),
        "TWINHUB_BROKER_SOCKET": str(installation.broker_socket),
        "TWINHUB_BROKER_RUNS": run_policy(context).as_json(),
        "TWINHUB_BROKER_RUNS_SOCKET": str(installation.runs_socket),
        "TWINHUB_BROKER_ENGINE": context.running.engine_address,
    }
