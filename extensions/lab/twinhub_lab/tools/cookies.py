"""Cookies and frames: a tool sees and sets no cookies but its own, and nobody else shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_OURS = ("jupyterhub-", "username-", "_xsrf", "jupyter-")
"""How the names of cookies begin that sign somebody in at the hub or a Jupyter server."""

_PREFIXES = ("__Host-Http-", "__Host-", "__Http-", "__Secure-")
"""With which browsers bind cookies; see "Cookie Name Prefixes" of RFC 6265bis. With TLS the hub's
names begin so."""

_SET = "Set-Cookie"


def _is_ours(cookie: str, names: str | tuple[str, ...] = _OURS) -> bool:
    for prefix in _PREFIXES:
        cookie = cookie.removeprefix(prefix)
    return cookie.startswith(names)


_HUB = "jupyterhub-"
"""How the names of those begin that are the hub's and nobody else's."""


class Headers(Protocol):
    """Headers as Tornado keeps them."""

    def get_list(self, name: str) -> Sequence[str]:
        """Return all values of one header."""

    def add(self, name: str, value: str) -> None:
        """Add one value of a header."""

    def __delitem__(self, name: str) -> None:
        """Remove all values of one header."""


class RequestHeaders(Protocol):
    """Headers of a request."""

    def pop(self, name: str, default: str) -> str:
        """Remove a header and return its value."""

    def __setitem__(self, name: str, value: str) -> None:
        """Set a header."""


_H = TypeVar("_H", bound=RequestHeaders)


def without_ours(cookie: str) -> str:
    """Return a ``Cookie`` header without what signs its user in."""
    pairs = (pair.strip() for pair in cookie.split(";"))
    return "; ".join(pair for pair in pairs if pair and not _is_ours(pair))


def without_sign_in(headers: _H) -> _H:
    """Return the headers for a program of the user's without what signs somebody in at the hub.

    Cookies such as ``_xsrf`` stay, which the program may have set itself; so does what it asks for
    in ``Authorization``, unless that is by what the hub has let this request in.
    """
    given = [pair.strip() for pair in headers.pop("Cookie", "").split(";") if pair.strip()]
    kept = [pair for pair in given if not _is_ours(pair, _HUB)]
    if kept:
        headers["Cookie"] = "; ".join(kept)
    authorization = headers.pop("Authorization", "")
    is_of_the_hub = kept == given or authorization.lower().startswith("token ")
    if authorization and not is_of_the_hub:
        headers["Authorization"] = authorization
    return headers


def confined(cookie: str, path: str) -> str | None:
    """Return a ``Set-Cookie`` value for one path of this host alone; None if it may not be set."""
    first, *attributes = (part.strip() for part in cookie.split(";"))
    if _is_ours(first) or first.startswith("__Host-"):
        return None
    kept = [a for a in attributes if a.split("=")[0].strip().lower() not in {"domain", "path"}]
    return "; ".join([first, *kept, f"Path={path}"])


def confine(headers: Headers, path: str) -> None:
    """Confine all cookies that the headers of a response set."""
    given = headers.get_list(_SET)
    if not given:
        return
    del headers[_SET]
    for cookie in given:
        value = confined(cookie, path)
        if value is not None:
            headers.add(_SET, value)


class _Response(Protocol):
    headers: Headers


class _Request(Protocol):
    tool_path: str


def confine_response(response: _Response, request: _Request) -> None:
    """Confine the cookies of a response, and let no page of another origin show it in a frame.

    The handler has left the tool's path at the request.
    """
    confine(response.headers, request.tool_path)
    response.headers.add("Content-Security-Policy", "frame-ancestors 'self'")
