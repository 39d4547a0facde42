"""How this process reaches the network, for builds of images."""

from __future__ import annotations

import os

_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def proxies() -> dict[str, str]:
    """Return the variables with which this process reaches the network, for builds."""
    names = (name for proxy in _PROXIES for name in (proxy, proxy.upper()))
    return {name: os.environ[name] for name in names if name in os.environ}
