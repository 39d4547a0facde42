"""What the page on the installation warns of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from twinhub_hub.operate.health import Health, Space
from twinhub_hub.operate.supervisor import Process

WELL = Health(
    processes=[Process("hub", "RUNNING", 1, 60)],
    spaces=[Space("Assets", Path("/assets"), free=50, total=100)],
    database_bytes=1,
    deletions=[],
)


def test_all_is_well() -> None:
    assert WELL.problems == []


def test_each_problem_is_a_sentence_with_a_remedy() -> None:
    ill = Health(
        processes=[Process("hub", "FATAL", 0, 0)],
        spaces=[Space("Assets", Path("/assets"), free=5, total=100)],
        database_bytes=1,
        deletions=["alice"],
    )
    assert ill.problems == [
        "The process hub does not run (FATAL): see `twinhub logs`.",
        "Little room is left on the disk of /assets: remove files or enlarge it.",
        "Files of deleted users wait to be archived: run `twinhub up`.",
    ]


def test_a_supervisor_that_does_not_answer_is_a_problem() -> None:
    assert replace(WELL, processes=[]).problems == [
        "The supervisor does not answer: run `twinhub up`."
    ]
