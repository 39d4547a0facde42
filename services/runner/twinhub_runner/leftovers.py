"""What a runner that was killed has left among the files of runs and is nobody's.

It is cleared before anybody can ask for anything. A folder without a run is kept if there is more
in it than an unpacked save, which is the only thing that comes before its run: so a database that
was lost, or is the wrong one, costs no results.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from twinhub_runner.agent_files import KEPT
from twinhub_runner.places import ASIDE, RESTORED

if TYPE_CHECKING:
    from twinhub_runner.copies.copies import Copies
    from twinhub_runner.places import Places
    from twinhub_runner.store.runs import RunTable

_FOLDER = re.compile(r"([0-9a-z]{20})-1")
"""Of a run's first try, which goes on from a save if any does."""


def clear_leftovers(places: Places, copies: Copies, table: RunTable) -> None:
    """Remove what was being made when a runner was killed; may be repeated."""
    for made_anew in (ASIDE, KEPT):
        shutil.rmtree(places.runs / made_anew, ignore_errors=True)
    for name in copies.list_unfinished():
        copies.remove_unfinished(name)
    known = table.list_ids()
    for folder in list(places.runs.iterdir()) if places.runs.is_dir() else ():
        found = _FOLDER.fullmatch(folder.name)
        if found is None or found[1] in known or folder.is_symlink():
            continue
        if {one.name for one in folder.iterdir()} <= {RESTORED}:
            shutil.rmtree(folder, ignore_errors=True)
