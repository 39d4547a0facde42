"""Holding all that runs in a sandbox as long as the runner wants that, which shows in a file."""

from __future__ import annotations

import os

from twinhub_agent.bare import signal, suppress

FILE = "pause"
"""In the folder that a sandbox reads; it is held as long as that is there."""


def is_wanted(inside: str) -> bool:
    """Return whether all is to be held; never where other things run beside the phase."""
    return os.getpid() == 1 and os.path.exists(f"{inside}/{FILE}")


def hold() -> None:
    """Stop all other processes of the sandbox where they are, also those that begin others."""
    _tell_all(signal.SIGSTOP)


def let_go() -> None:
    """Have them go on."""
    _tell_all(signal.SIGCONT)


def _tell_all(number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(-1, number)
