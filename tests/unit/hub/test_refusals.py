"""What people read when a provider refuses their sign-in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from twinhub_hub.auth.refusals import MOST_SKEW_SECONDS, explain_refusal, is_about_us

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
CALLBACK = "https://twins.example.org/hub/oauth_callback"


def refusal(body: bytes = b"", **headers: str) -> HTTPClientError:
    """What the client raises when a provider answers 400."""
    request = HTTPRequest("https://gitlab.example.org/oauth/token")
    answer = HTTPResponse(request, 400, headers=HTTPHeaders(headers), buffer=BytesIO(body))
    return HTTPClientError(400, response=answer)


def page_of(error: Exception) -> str:
    """What the page says."""
    return explain_refusal(error, service="GitLab", callback=CALLBACK, now=NOW)


@pytest.mark.parametrize(("seconds", "word"), [(90, "ahead of"), (-7200, "behind")])
def test_clocks_that_differ_are_named_with_the_seconds(seconds: int, word: str) -> None:
    theirs = format_datetime(NOW - timedelta(seconds=seconds), usegmt=True)
    text = page_of(refusal(json.dumps({"error": "invalid_grant"}).encode(), Date=theirs))
    assert f"{abs(seconds)} seconds {word} that of GitLab" in text


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("invalid_client", "compare the client id and the secret"),
        ("unauthorized_client", "compare the client id and the secret"),
        ("invalid_grant", f"exactly this callback address: {CALLBACK}"),
        ("invalid_scope", "the client id, the secret and the scopes"),
    ],
)
def test_each_error_of_oauth_leads_to_its_remedy(code: str, remedy: str) -> None:
    near = format_datetime(NOW - timedelta(seconds=MOST_SKEW_SECONDS - 1), usegmt=True)
    assert remedy in page_of(refusal(json.dumps({"error": code}).encode(), Date=near))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b"{}"])
def test_an_answer_that_says_nothing_gets_the_general_advice(body: bytes) -> None:
    assert "refused this sign-in" in page_of(refusal(body, Date="yesterday"))


def test_a_failure_without_an_answer_gets_the_general_advice() -> None:
    assert "refused this sign-in" in page_of(ValueError("no address"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [("invalid_client", True), ("insufficient_scope", True), ("invalid_grant", False), ("", False)],
)
def test_a_refusal_of_the_application_is_told_from_one_of_a_person(
    code: str, *, expected: bool
) -> None:
    assert is_about_us(refusal(json.dumps({"error": code}).encode())) is expected
    assert not is_about_us(OSError())
