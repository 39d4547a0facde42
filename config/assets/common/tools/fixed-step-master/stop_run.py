#!/usr/bin/env python3
"""Stops the run that holds a lock file: SIGTERM first, SIGKILL after ten seconds.

    stop_run.py LOCK

Exit code 0: the run was stopped, or none was in progress. 1: a run is in progress, but it cannot be
stopped from here.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
from pathlib import Path

from run_lock import find_holder, is_held

GRACE_SECONDS = 10


def stop(lock: Path) -> str | None:
    """Stop the run and return what happened, or None if it is not within reach."""
    if not is_held(lock):
        return "no run is in progress"
    pid = find_holder(lock)
    if pid is None:
        return None
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return "the run has just ended"
    try:
        if find_holder(lock) != pid:  # asked again: now the handle cannot mean another process
            return "the run has just ended"
        return _end(handle)
    finally:
        os.close(handle)


def _end(handle: int) -> str:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return "the run has just ended"
        if select.select([handle], [], [], GRACE_SECONDS)[0]:
            return f"the run was stopped ({number.name})"
    return "the run was told to stop and has not ended yet"


def main() -> int:
    """Stop the run named on the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("lock", type=Path)
    lock = parser.parse_args().lock
    outcome = stop(lock)
    if outcome is None:
        sys.stderr.write(f"{lock}: a run is in progress in another container: stop it from there\n")
        return 1
    sys.stdout.write(f"{outcome}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
