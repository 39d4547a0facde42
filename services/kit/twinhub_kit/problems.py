"""Refusals as clients see them (RFC 9457), in answers and in the record of operations."""

from __future__ import annotations

from http import HTTPStatus

from twinhub_api.problems import Problem

FAULT = "A fault in TwinHub: its log says more. Tell an administrator the time."
"""All that anybody is told of what is not theirs to mend."""


def make_problem(status: int, detail: str, *, code: str) -> Problem:
    """Return what is wrong, with the status in words as its title."""
    title = _phrase(status)
    return Problem(type="about:blank", title=title, status=status, detail=detail, code=code)


def _phrase(status: int) -> str:
    """Return a status in words; protocols upon HTTP have some of their own, such as 460 of tus."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"
