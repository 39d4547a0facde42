"""Telling the agent of a run its secrets, by a pipe that only its sandbox and the runner see."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_agent.supplying import NOTE, PIPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_runner.places import Place, Places
    from twinhub_runner.secrets.keeping import Secrets
    from twinhub_runner.store.rows import RunRow

_WRITE = os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_YET = frozenset({errno.ENXIO, errno.ENOENT, errno.EAGAIN, errno.EPIPE})


@dataclass(frozen=True, slots=True)
class Supply:
    """Gives runs the secrets that their owners have given."""

    secrets: Secrets
    places: Places

    def check(self, row: RunRow) -> None:
        """Refuse a run whose secrets are not there.

        Raises:
            MissingSecretError: they are not.
        """
        if needed := names_of(row):
            self.secrets.open(row.owner, row.twin, needed)

    def give(self, row: RunRow) -> bool:
        """Tell the agent of a run its secrets; return whether it has them, or needs none.

        May be repeated: the agent takes them once.

        Raises:
            MissingSecretError: they are not there any more.
        """
        needed, place = names_of(row), self.places.of(row)
        if not needed or os.path.lexists(place.outside / NOTE):
            return True
        values = self.secrets.open(row.owner, row.twin, needed)
        return tell(place, {key: values[name] for key, name in row.plan["secrets"].items()})


def tell(place: Place, values: Mapping[str, str]) -> bool:
    """Tell an agent its secrets; return whether it listens."""
    try:
        pipe = os.open(place.inside / PIPE, _WRITE)
    except OSError as error:
        if error.errno in _NOT_YET:
            return False
        raise
    try:
        os.write(pipe, json.dumps(dict(values)).encode() + b"\n")
    except (BlockingIOError, BrokenPipeError):
        return False
    finally:
        os.close(pipe)
    (place.inside / PIPE).unlink(missing_ok=True)  # whoever listens has it open
    return True


def names_of(row: RunRow) -> set[str]:
    """Return the names of the secrets that a run needs."""
    return set(row.plan.get("secrets", {}).values())
