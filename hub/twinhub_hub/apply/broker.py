"""What the broker is told to allow: what the spawner is told to ask for, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.apply.limits import highest_limits
from twinhub_hub.apply.spawner import HOME, LOG, WORKSPACE
from twinhub_hub.broker.policy import Policy
from twinhub_hub.egress import networks_in_use
from twinhub_hub.images import all_images
from twinhub_hub.layers.recipe import tags_of

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context


def broker_policy(context: Context) -> Policy:
    """Return the policy of an installation; limits of the settings are the most that passes."""
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
