"""Addresses: who listens where, and which origin each user has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_api import names

from twinhub_hub.apply.logs import log_request
from twinhub_hub.pages.certificates import CertificateHandler

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context
    from twinhub_hub.settings.site import Site


_LOOK_SECONDS = 1
"""A hub that starts waits so long for what workspaces answer; looking at others goes on."""


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Bind everything to loopback and hand the proxy, which outlives the hub, its routes."""
    running, hub = context.running, c.JupyterHub
    hub.bind_url = f"http://127.0.0.1:{running.proxy_port}"
    hub.hub_bind_url = f"http://127.0.0.1:{running.hub_port}"
    hub.public_url = context.address
    hub.trusted_downstream_ips = ["127.0.0.1"]  # the edge tells whose request it is
    if context.settings.site.wildcard:
        hub.subdomain_host = context.address
        hub.subdomain_hook = origin_of
    if running.gateway is not None:
        c.Spawner.hub_connect_url = f"http://{running.gateway}:{running.hub_port}"
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{running.proxy_api_port}"
    c.ConfigurableHTTPProxy.auth_token = context.proxy_token
    hub.db_url = f"sqlite:///{context.installation.database}"
    hub.cookie_secret = context.cookie_secret
    hub.cleanup_servers = False  # workspaces outlive the hub
    hub.concurrent_spawn_limit = 0  # the spawner has a queue, and nobody is refused
    hub.init_spawners_timeout = _LOOK_SECONDS
    hub.log_level = "INFO"
    hub.tornado_settings = {
        "slow_spawn_timeout": 0,  # straight to the progress page
        "log_function": log_request,
    }
    if context.settings.site.tls is not None:
        _apply_encryption(context.settings.site, hub)


def _apply_encryption(site: Site, hub: Any) -> None:  # noqa: ANN401
    """Bind the cookies of signing in to one host, where each user has an origin."""
    hub.cookie_host_prefix_enabled = site.wildcard
    if site.tls is not None and site.tls.acme is not None:
        hub.extra_handlers = [("/certificate", CertificateHandler)]


def origin_of(name: str, domain: str, kind: str) -> str:
    """Return the host of a user's or service's origin; JupyterHub's ``subdomain_hook``."""
    if kind == "user":
        return names.host_for(name, domain)
    return f"{name}.services.{domain}"
