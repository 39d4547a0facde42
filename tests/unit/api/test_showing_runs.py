"""Runs as a notebook's kernel or a terminal prints them: nothing of a twin's making steers it."""

from __future__ import annotations

from datetime import UTC, datetime

from twinhub.runs import Results, Run
from twinhub_api.runner.results import Artefact
from twinhub_api.runner.runs import Run as Known
from twinhub_api.runner.runs import Status, Target

_HOSTILE = "\x1b]0;title\x07\x1b[2J\rroot#\u202e"
_KNOWN = Known(
    id="1m8es659b0qhaaabh9b2", twin="alice/digital_twins/t", phase="execute", owner="alice",
    status=Status.FAILED, target=Target.RUN, reason=_HOSTILE, created_at=datetime.now(UTC),
)  # fmt: skip


def test_nothing_in_a_line_steers_a_terminal() -> None:
    artefact = Artefact(path=f"{_HOSTILE}.csv", size=1, sha256="0" * 64)
    for text in (repr(Run(_KNOWN)), repr(Results("1", [artefact]))):
        assert text.isprintable()
        assert "\\x1b]0;title" in text
