"""The edge's configuration: the one address that browsers reach, and what containers may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context

_OPTIONS = """{
	admin off
	auto_https off
	persist_config off
	default_bind 127.0.0.1
	servers {
		protocols h1
	}
	log default {
		output stderr
		level WARN
	}
}
"""
_STARTING = (
    "<!doctype html><html lang='en'><meta charset='utf-8'><meta http-equiv='refresh' content='3'>"
    "<meta name='color-scheme' content='light dark'><title>TwinHub is starting</title>"
    "<body style='font-family:system-ui;max-width:32rem;margin:20vh auto;padding:0 1rem'>"
    "<h1>TwinHub is starting</h1><p>This page tries again by itself every three seconds. "
    "Your workspace and what runs in it are not affected.</p></body></html>"
)


def render_caddyfile(context: Context) -> str:
    """Return the Caddyfile: people's side on loopback, the hub's API on the bridge."""
    running = context.running
    domain, port = context.settings.site.domain, running.port
    hosts = [f"http://{domain}:{port}"]
    if context.settings.site.wildcard:
        hosts.append(f"http://*.{domain}:{port}")
        hosts.append(f"http://*.services.{domain}:{port}")
    blocks = [
        _OPTIONS,
        _people(", ".join(hosts), proxy_port=running.proxy_port),
        _others(port, address=context.address),
    ]
    if running.gateway is not None:
        blocks.append(_containers(running.gateway, running.hub_port))
    return "\n".join(blocks)


def _people(hosts: str, *, proxy_port: int) -> str:
    return f"""{hosts} {{
	bind 127.0.0.1
	header -Server
	reverse_proxy 127.0.0.1:{proxy_port} {{
		# the proxy's own word that the hub is down: a page of the hub has a Content-Type
		@down {{
			status 503
			header !Content-Type
		}}
		handle_response @down {{
			error 503
		}}
	}}
	handle_errors 502 503 504 {{
		header Content-Type "text/html; charset=utf-8"
		header Cache-Control no-store
		respond "{_STARTING}" 503
	}}
}}
"""


def _others(port: int, *, address: str) -> str:
    """Send any other name of this host (localhost, 127.0.0.1) to the one that cookies belong to."""
    return f"""http://:{port} {{
	bind 127.0.0.1
	redir {address}{{uri}} 307
}}
"""


def _containers(gateway: str, hub_port: int) -> str:
    """Let workspaces reach the hub's API and nothing else of it."""
    return f"""http://:{hub_port} {{
	bind {gateway}
	@api path /hub/api /hub/api/*
	handle @api {{
		reverse_proxy 127.0.0.1:{hub_port}
	}}
	handle {{
		respond 404
	}}
}}
"""
