"""What may become of a run: one table of legal moves, and what is wanted beside what is."""

from __future__ import annotations

from twinhub_api.runner.runs import Status

LEGAL: dict[Status, frozenset[Status]] = {
    Status.WAITING: frozenset({Status.PREPARING, Status.STOPPED, Status.FAILED}),
    Status.PREPARING: frozenset({Status.STARTING, Status.STOPPED, Status.FAILED}),
    Status.STARTING: frozenset({
        Status.RUNNING, Status.STOPPING, Status.SUCCEEDED, Status.FAILED, Status.STOPPED,
        Status.LOST, Status.WAITING,
    }),
    Status.RUNNING: frozenset({
        Status.STOPPING, Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.LOST,
        Status.WAITING,
    }),
    Status.STOPPING: frozenset({
        Status.STOPPED, Status.SUCCEEDED, Status.FAILED, Status.LOST,
    }),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.STOPPED: frozenset(),
    Status.LOST: frozenset(),
}  # fmt: skip
"""From each status, those that may follow; back to waiting leads another try."""


class IllegalMoveError(Exception):
    """A fault in the runner: a run was to go where it cannot from where it is."""


def check_move(now: Status, then: Status) -> None:
    """Refuse a move that is not in the table.

    Raises:
        IllegalMoveError: it is not.
    """
    if then not in LEGAL[now]:
        raise IllegalMoveError(f"a run that is {now} cannot become {then}")
