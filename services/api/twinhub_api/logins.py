"""The token that a login came with, for git at the GitLab that people sign in by."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field

from twinhub_api.wire import Wire

_PORTS = {"https": 443, "http": 80}


class GitTokenIn(Wire):
    """What a token is wanted for."""

    remote: str = Field(max_length=1000, description="Address of the repository.")


class GitToken(Wire):
    """A token for git with the user name ``oauth2``, which is to be kept nowhere."""

    model_config = ConfigDict(hide_input_in_errors=True)

    token: str = Field(repr=False)
    expires_at: datetime | None
    may_write: bool


def is_at(remote: str, site: str) -> bool:
    """Return whether an address is one of a site's: scheme, host and port are, and its path."""
    try:
        one, other = urlsplit(remote), urlsplit(site)
        is_same = (one.scheme, one.hostname, one.port or _PORTS.get(one.scheme)) == (
            other.scheme, other.hostname, other.port or _PORTS.get(other.scheme),
        )  # fmt: skip
    except ValueError:
        return False
    is_web = one.scheme in _PORTS and bool(one.hostname) and "@" not in one.netloc
    names = one.path.split("/")
    is_below = one.path.startswith(f"{other.path.rstrip('/')}/") and not {".", ".."} & set(names)
    return is_same and is_web and is_below
