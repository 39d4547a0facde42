"""How what runs on a closed network finds the proxy to listed hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.egress import network_of, proxy_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_hub.apply.context import Context


def network_environment(context: Context) -> Mapping[str, Mapping[str, str]]:
    """Return the variables of workspaces by their network: how the proxy is found, where one is."""
    running = context.running
    if running.listed is None or running.gateway is None:
        return {}
    address = f"http://{running.listed.gateway}:{running.listed.port}"
    name = network_of(context.settings.engine.network, "listed")
    return {name: proxy_environment(address, running.gateway)}
