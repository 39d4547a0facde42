"""What can be wrong with a provider's answer, and what it says of a person."""

from __future__ import annotations

import ssl
from http import HTTPStatus

from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError

TIMED_OUT = 599
"""Tornado's own code of an answer that did not come."""

_TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS

NO_ANSWER = (HTTPClientError, OSError, ValueError, KeyError)
"""What a call to a provider raises: it refuses, is silent, or something else answers for it."""


class ProviderDownError(Exception):
    """The provider does not answer, or asks to be left alone for a while."""


class LeftError(Exception):
    """The provider says that somebody may not be here any more."""


class NotActiveError(HTTPError):  # type: ignore[misc]
    """The provider knows the person, and that it is not to be let in; 403 with the reason."""

    def __init__(self, reason: str) -> None:
        """Say why, and what the person can do."""
        super().__init__(HTTPStatus.FORBIDDEN, reason)


class TakenNameError(HTTPError):  # type: ignore[misc]
    """A name has changed hands at the provider: what lies under it is another person's."""

    def __init__(self) -> None:
        """Say so, and what can be done."""
        super().__init__(
            HTTPStatus.FORBIDDEN,
            "Somebody else has worked here under your name before. An administrator can "
            "remove that user; until then TwinHub keeps the files from you.",
        )


def is_down(error: Exception) -> bool:
    """Return whether an error means that the provider cannot be asked now, not that it refuses.

    An answer that is no JSON or lacks what it must have is one of something before the provider.
    """
    if isinstance(error, HTTPClientError):
        return bool(error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code == _TOO_MANY)
    return isinstance(error, OSError | ValueError | KeyError)


def remedy(error: Exception) -> str:
    """Return what to do about a provider that does not answer."""
    if isinstance(error, ssl.SSLError):
        return (
            "This TwinHub does not trust its certificate: an administrator should add the "
            "certificate of its authority to those that this host trusts."
        )
    if isinstance(error, ValueError | KeyError):
        return (
            "What did answer in its place is not what TwinHub expects: an administrator finds it "
            "in the log of the hub. Try again in a few minutes."
        )
    return "Try again in a few minutes."
