"""Why a provider refused a sign-in, in words that lead to the remedy."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tornado.httpclient import HTTPClientError

if TYPE_CHECKING:
    from datetime import datetime

    from tornado.httpclient import HTTPResponse

MOST_SKEW_SECONDS = 60
"""How far two clocks may be apart before we say that this is why."""

_OF_THE_APPLICATION = frozenset({"invalid_client", "unauthorized_client"})
_ABOUT_US = _OF_THE_APPLICATION | {
    "insufficient_scope", "invalid_request", "invalid_scope", "unsupported_grant_type",
}  # fmt: skip
_OF_THE_CALLBACK = frozenset({"invalid_grant", "redirect_uri_mismatch"})


def explain_refusal(error: Exception, *, service: str, callback: str, now: datetime) -> str:
    """Return what went wrong and who can mend it, for the page of whoever wanted to sign in.

    Error codes are those of RFC 6749 section 5.2; the provider's clock is the ``Date`` of its
    answer (RFC 9110 section 6.6.1), ``now`` is ours.
    """
    response = error.response if isinstance(error, HTTPClientError) else None
    ahead = skew_seconds(response, now) if response else 0
    if abs(ahead) > MOST_SKEW_SECONDS:
        return (
            f"The clock of this TwinHub is {abs(ahead)} seconds "
            f"{'ahead of' if ahead > 0 else 'behind'} that of {service}, and what a "
            "sign-in hands over is valid for a short time only. An administrator should set "
            "the clock, best by a time server."
        )
    code = _error_code(response) if response else ""
    if code in _OF_THE_APPLICATION:
        return (
            f"{service} does not know this TwinHub. An administrator should compare the client id "
            f"and the secret with those of the application at {service}."
        )
    if code in _OF_THE_CALLBACK:
        return (
            f"{service} did not accept the code of this sign-in. Sign in again; if it fails once "
            f"more, an administrator should see that the application at {service} has exactly this "
            f"callback address: {callback}"
        )
    return (
        f"{service} refused this sign-in. Try again; if it fails once more, an administrator "
        f"should compare the client id, the secret and the scopes with those of the application at "
        f"{service}, whose callback address must be {callback}"
    )


def is_about_us(error: Exception) -> bool:
    """Return whether a refusal concerns this installation's application, whoever it was about.

    Codes of RFC 6749 section 5.2 and RFC 6750 section 3.1.
    """
    response = error.response if isinstance(error, HTTPClientError) else None
    return bool(response) and _error_code(response) in _ABOUT_US


def skew_seconds(response: HTTPResponse, now: datetime) -> int:
    """Return how far our clock is ahead of the one that made an answer; 0 where it does not say."""
    try:
        theirs = parsedate_to_datetime(response.headers["Date"])
        return round((now - theirs).total_seconds())
    except (KeyError, ValueError, TypeError):
        return 0


def _error_code(response: HTTPResponse) -> str:
    try:
        found = json.loads(response.body)
    except (ValueError, TypeError):
        return ""
    return str(found.get("error", "")) if isinstance(found, dict) else ""
