"""The edge's configuration: the one address that browsers reach, and what containers may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.apply import runner
from twinhub_hub.apply.library import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twinhub_hub.apply.context import Context
    from twinhub_hub.installation import Running
    from twinhub_hub.settings.site import Site
    from twinhub_hub.settings.tls import Acme

_STRICT_SECONDS = 365 * 24 * 3600
_OPEN_FOR = "720h"
_UNTRUSTED = "header_up -X-Real-Ip\n\t\theader_up -X-Scheme"
"""The hub would believe them before what the edge says itself; see Tornado's ``xheaders``."""
# what the library answers itself has this form; see twinhub_api.problems
_AWAY = """header Content-Type application/problem+json
			header Cache-Control no-store
			header Retry-After 2
			respond `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":\
"TwinHub is starting: try again in a moment.","code":"unavailable"}` 503"""
_SECURE = 'header_down Set-Cookie "$" "; Secure"'
"""Jupyter Server sets cookies without; a second one in a cookie changes nothing."""
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
    "<code>twinhub status</code> shows what is wrong.</p></main></body></html>"
)


def render_caddyfile(context: Context) -> str:
    """Return the Caddyfile: people's side, and the hub's API on the bridge."""
    running, site = context.running, context.settings.site
    hosts = _hosts(site)
    blocks = [_options(context), _people(context)]
    if site.tls is None:
        blocks += [_site(hosts, "http", running.port)]
        blocks += [_others("http", running.port, address=context.address)]
    elif context.certificate_files:
        source = "tls " + " ".join(map(_quoted, context.certificate_files))
        blocks += [_site(hosts, "https", running.port, tls=source)]
        blocks += [_others("https", running.port, address=context.address, tls=source)]
    elif site.tls.acme is not None:
        issuer = _issuer(context, site.tls.acme)
        blocks += [_site(hosts[:1], "https", running.port, tls=f"tls {{{issuer}\n\t}}")]
        if hosts[1:]:  # each when it is first visited, if the hub knows whose it is
            tls = f"tls {{{issuer}\n\t\ton_demand\n\t}}"
            blocks += [_site(hosts[1:], "https", running.port, tls=tls)]
    if site.tls is not None and site.tls.http_port is not None:
        blocks += [_to_https(hosts, site.tls.http_port, context)]
    if running.gateway is not None:
        blocks.append(_containers(running.gateway, running))
    return "\n".join(blocks)


def _hosts(site: Site) -> list[str]:
    below = [f"*.{site.domain}", f"*.services.{site.domain}"] if site.wildcard else []
    return [site.domain, *below]


def _quoted(value: object) -> str:
    """Return a word as the Caddyfile reads it, whatever is in it."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _options(context: Context) -> str:
    """Return what holds for the whole edge; a new certificate comes in over the socket."""
    site = context.settings.site
    socket = _quoted(f"unix/{context.installation.edge_socket}|0600")
    lines = [
        f"admin {socket if context.certificate_files else 'off'}",
        f"auto_https {'disable_redirects' if site.tls and site.tls.acme else 'off'}",
        "persist_config off",
        *([f"default_bind {site.bind}"] if site.bind else []),
        *(_acme_options(context) if site.tls and site.tls.acme else []),
    ]
    return "{\n\t" + "\n\t".join(lines) + _SERVERS + "}\n"


_SERVERS = """
	servers {
		protocols h1
	}
	log default {
		output stderr
		level WARN
		format filter {
			request>headers delete
			request>tls delete
			request>host regexp `^(.{0,100})(?s:.*)$` `$1`
			request>uri regexp `^([^?]{0,300})(?s:.*)$` `$1`
			wrap append {
				process edge
				wrap json {
					time_key time
					time_format rfc3339_nano
					message_key message
				}
			}
		}
	}
"""


def _acme_options(context: Context) -> Iterator[str]:
    running, tls = context.running, context.settings.site.tls
    yield f"https_port {running.port}"
    if tls and tls.http_port:
        yield f"http_port {tls.http_port}"
    yield "skip_install_trust"
    yield f"on_demand_tls {{\n\t\task http://127.0.0.1:{running.hub_port}/hub/certificate\n\t}}"


def _issuer(context: Context, acme: Acme) -> str:
    """Return the authority as an issuer: the only one, also for names that look local."""
    lines = [f"dir {_quoted(acme.directory)}"]
    if acme.email:
        lines.append(f"email {_quoted(acme.email)}")
    if acme.ca_file:
        lines.append(f"trusted_roots {_quoted(context.installation.home / acme.ca_file)}")
    return "\n\t\tissuer acme {\n\t\t\t" + "\n\t\t\t".join(lines) + "\n\t\t}"


def _people(context: Context) -> str:
    """Return what people's hosts have in common, as a snippet."""
    site, running = context.settings.site, context.running
    below = "; includeSubDomains" if site.wildcard else ""
    strict = f'header Strict-Transport-Security "max-age={_STRICT_SECONDS}{below}"\n\t'
    return f"""(people) {{
	header -Server
	{strict if site.is_encrypted else ""}# the hub's pages have one origin:
	# on a user's own they would give their visitor's rights to it
	@elsewhere {{
		path /hub /hub/* /open /open/*
		not host {site.domain}
		not path /hub/static/* /hub/logo
	}}
	redir @elsewhere {context.address}{{uri}} 302
{_OTHER_PAGES}	# workspaces and the library take files of any size
	@hub not path /user/* {PREFIX}/*
	request_body @hub {{
		max_size 1MB
	}}
{_services(site.domain, running)}	reverse_proxy 127.0.0.1:{running.proxy_port} {{
		{_UNTRUSTED}
		# a new certificate replaces this configuration; what is open goes on for this long
		stream_close_delay {_OPEN_FOR}
		{_SECURE if site.is_encrypted else ""}
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
		@program path {PREFIX}/* {runner.PREFIX}/* /api/* /lib
		handle @program {{
			{_AWAY}
		}}
		header Content-Type "text/html; charset=utf-8"
		header Cache-Control no-store
		respond "{_STARTING}" 503
	}}
}}
"""


def _services(domain: str, running: Running) -> str:
    return _library(domain, running.library_port) + _runner(domain, running.runner_port)


def _library(domain: str, port: int) -> str:
    """Lead to the library; like the hub's pages its own have one origin."""
    return f"""	@library {{
		host {domain}
		path {PREFIX}/*
	}}
	handle @library {{
		uri strip_prefix {PREFIX}
		reverse_proxy 127.0.0.1:{port} {{
			{_UNTRUSTED}
		}}
	}}
	@library_pages {{
		host {domain}
		path /lib /open /open/*
	}}
	handle @library_pages {{
		reverse_proxy 127.0.0.1:{port} {{
			{_UNTRUSTED}
		}}
	}}
"""


def _runner(domain: str, port: int) -> str:
    """Lead to the runner."""
    return f"""	@runner {{
		host {domain}
		path {runner.PREFIX}/*
	}}
	handle @runner {{
		uri strip_prefix {runner.PREFIX}
		reverse_proxy 127.0.0.1:{port} {{
			{_UNTRUSTED}
			stream_close_delay {_OPEN_FOR}
		}}
	}}
"""


# Browsers tell where a request comes from, see https://www.w3.org/TR/fetch-metadata/; those that
# do not still send an Origin with what changes something. Programs send neither, and a token.
_OTHER_PAGES = """\
	# a page of another origin may lead its visitor into a workspace, and do nothing else there:
	# tools in it have checks of their own, or none
	@others_requests {
		path /user/*
		header Sec-Fetch-Site cross-site
		header Sec-Fetch-Site same-site
		not {
			method GET HEAD
			header Sec-Fetch-Mode navigate
			header Sec-Fetch-Dest document
		}
	}
	error @others_requests "not from another page" 403
	@others_origin {
		path /user/*
		header Origin *
		not header Origin {http.request.scheme}://{http.request.hostport}
		# some browsers keep it when a form of the hub leads here; pages cannot set the others
		not {
			method GET HEAD
			header Sec-Fetch-Mode navigate
			header Sec-Fetch-Dest document
		}
	}
	error @others_origin "not from another page" 403
	handle_errors 403 {
		header Content-Type "text/plain; charset=utf-8"
		header Cache-Control no-store
		respond "Refused: a page of another address has asked for this. Open it itself." 403
	}
"""


def _site(hosts: Sequence[str], scheme: str, port: int, *, tls: str = "") -> str:
    addresses = ", ".join(f"{scheme}://{host}:{port}" for host in hosts)
    return f"{addresses} {{\n\t{tls}\n\timport people\n}}\n"


def _others(scheme: str, port: int, *, address: str, tls: str = "") -> str:
    """Send any other name of this host (localhost, 127.0.0.1) to the one that cookies belong to."""
    return f"""{scheme}://:{port} {{
	{tls}
	redir {address}{{uri}} 307
}}
"""


def _to_https(hosts: Sequence[str], port: int, context: Context) -> str:
    addresses = ", ".join(f"http://{host}:{port}" for host in hosts)
    there = context.settings.site.address(context.running.port, host="{host}")
    others = _others("http", port, address=context.address)
    return f"{addresses} {{\n\tredir {there}{{uri}} 308\n}}\n\n{others}"


def _containers(gateway: str, running: Running) -> str:
    """Let workspaces reach the APIs of hub, library and runner and nothing else of them."""
    return f"""http://:{running.hub_port} {{
	bind {gateway}
	@api path /hub/api /hub/api/*
	handle @api {{
		request_body {{
			max_size 1MB
		}}
		reverse_proxy 127.0.0.1:{running.hub_port} {{
			{_UNTRUSTED}
		}}
	}}
	@library path {PREFIX}/api/* {PREFIX}/lib /lib
	handle @library {{
		uri strip_prefix {PREFIX}
		reverse_proxy 127.0.0.1:{running.library_port} {{
			{_UNTRUSTED}
		}}
	}}
	@runner path {runner.PREFIX}/api/*
	handle @runner {{
		uri strip_prefix {runner.PREFIX}
		reverse_proxy 127.0.0.1:{running.runner_port} {{
			{_UNTRUSTED}
		}}
	}}
	handle {{
		respond 404
	}}
	handle_errors 502 503 504 {{
		{_AWAY}
	}}
}}
"""
