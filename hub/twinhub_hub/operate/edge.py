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
# one page without any other file; the Caddyfile takes no double quotes or braces in it
_STARTING = (
    "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
    "<meta name='viewport' content='width=device-width'>"
    "<meta name='color-scheme' content='light dark'><meta http-equiv='refresh' content='3'>"
    "<title>TwinHub is starting</title></head>"
    "<body style='font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:18vh auto;"
    "padding:0 1rem'><main>"
    "<svg viewBox='0 0 32 32' width='48' height='48' fill='none' stroke-width='3.6' "
    "aria-hidden='true'><rect x='11.5' y='11.5' width='17' height='17' rx='5.5' "
    "stroke='#2a9d8f'/><rect x='3.5' y='3.5' width='17' height='17' rx='5.5' "
    "stroke='currentColor'/><path d='M11.5 24v-7a5.5 5.5 0 0 1 3.2-5' stroke='#2a9d8f'/></svg>"
    "<h1 style='font-size:1.75rem'>TwinHub is starting</h1>"
    "<p>This page tries again by itself every three seconds. Workspaces and what runs in them "
    "go on.</p><p>If it takes longer than a minute, tell an administrator: "
    "<code>make status</code> shows what is wrong.</p></main></body></html>"
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
        _people(", ".join(hosts), domain, address=context.address, proxy_port=running.proxy_port),
        _others(port, address=context.address),
    ]
    if running.gateway is not None:
        blocks.append(_containers(running.gateway, running.hub_port))
    return "\n".join(blocks)


def _people(hosts: str, domain: str, *, address: str, proxy_port: int) -> str:
    return f"""{hosts} {{
	bind 127.0.0.1
	header -Server
	# the hub's pages have one origin: on a user's own they would give their visitor's rights to it
	@elsewhere {{
		path /hub /hub/*
		not host {domain}
		not path /hub/static/* /hub/logo
	}}
	redir @elsewhere {address}{{uri}} 302
	@hub not path /user/*
	request_body @hub {{
		max_size 1MB
	}}
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
	request_body {{
		max_size 1MB
	}}
	handle @api {{
		reverse_proxy 127.0.0.1:{hub_port}
	}}
	handle {{
		respond 404
	}}
}}
"""
