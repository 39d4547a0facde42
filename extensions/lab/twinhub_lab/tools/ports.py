"""Programs at ports of the workspace, below ``proxy/``: asked without what signs their user in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server_proxy.handlers import LocalProxyHandler, RemoteProxyHandler

from twinhub_lab.tools.cookies import without_sign_in

if TYPE_CHECKING:
    from tornado.web import Application


class PortHandler(LocalProxyHandler):  # type: ignore[misc]
    """`proxy/PORT/…`."""

    def proxy_request_headers(self) -> Any:  # noqa: ANN401 - Tornado's headers
        """Return what the program is asked with."""
        return without_sign_in(super().proxy_request_headers())


class HostHandler(RemoteProxyHandler):  # type: ignore[misc]
    """`proxy/HOST:PORT/…`, for the hosts that jupyter-server-proxy allows."""

    def proxy_request_headers(self) -> Any:  # noqa: ANN401 - Tornado's headers
        """Return what the program is asked with."""
        return without_sign_in(super().proxy_request_headers())


_INSTEAD_OF = {LocalProxyHandler: PortHandler, RemoteProxyHandler: HostHandler}


def shield(application: Application) -> int:
    """Put our handlers in the place of jupyter-server-proxy's, which pass everything on.

    It takes no other classes by its configuration, and its rules come before those that are added
    later. Returns how many were exchanged.
    """
    rules = [
        rule
        for group in application.default_router.rules
        for rule in getattr(group.target, "rules", ())
        if rule.target in _INSTEAD_OF
    ]
    for rule in rules:
        rule.target = _INSTEAD_OF[rule.target]
    return len(rules)
