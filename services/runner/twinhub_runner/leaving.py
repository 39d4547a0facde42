"""Who has left: all of their runs end; of who is in a team no more, those with its files.

Groups that are gone are noticed, too.

The hub tells nobody of either, so it is asked: of people only while they run something of a team.
A group that is deleted and made again between two looks is not told from the old one.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from twinhub_api.names import label_for
from twinhub_api.runner.runs import Target
from twinhub_kit.errors import UnavailableError

from twinhub_runner.store.runs import RUNNER
from twinhub_runner.twins import TEAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from twinhub_runner.runner import Runner
    from twinhub_runner.store.rows import RunRow

_log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
MOST_ASKED = 20
"""People of whom the hub, which has one thread, is asked at a time: 200 in 50 seconds."""
_GROUPS_SECONDS = 60.0
_TEAMS = "/workspace/teams/"


def watch_people(
    runner: Runner, has_left: Callable[[str], bool],
    groups_of: Callable[[str], Collection[str]], has_group: Callable[[str], bool],
) -> None:  # fmt: skip
    """Look after people and teams while the runner serves; the functions ask the hub."""
    background = runner.background
    background.every(LOOK_SECONDS, "gone", partial(end_runs_of_gone, runner, has_left, {}))
    background.every(LOOK_SECONDS, "leavers", partial(end_runs_of_leavers, runner, groups_of))
    background.every(_GROUPS_SECONDS, "groups", partial(forget_gone_groups, runner, has_group))


def end_runs_of_gone(
    runner: Runner, has_left: Callable[[str], bool], asked: dict[str, float]
) -> None:
    """Kill all that somebody runs, or is to, who may be here no more.

    It is asked of everybody who has something under way, again and again: so what was still asked
    for with a token that was remembered ends as well, and nothing has to be told to anybody.
    Nothing is killed while the hub does not answer. Of many people, those are asked of who were not
    for the longest time; ``asked`` is when each was.
    """
    rows = [row for row in runner.table.list_open() if row.target != Target.KILL]
    owners = sorted({row.owner for row in rows}, key=lambda one: (asked.get(one, 0.0), one))
    for owner in [one for one in asked if one not in owners]:
        del asked[owner]
    for owner in owners[:MOST_ASKED]:
        asked[owner] = time.monotonic()
        try:
            is_gone = has_left(owner)
        except UnavailableError as error:
            _log.warning("who has left is not known: %s", error)
            continue
        if is_gone:
            _kill([row for row in rows if row.owner == owner], runner, f"{owner} has left.")


def _kill(rows: list[RunRow], runner: Runner, why: str) -> None:
    for row in rows:
        runner.table.note(row.id, "left", why)
        runner.table.aim(row.id, Target.KILL, RUNNER)
    runner.scheduler.wake()


def end_runs_of_leavers(runner: Runner, groups_of: Callable[[str], Collection[str]]) -> None:
    """Kill what sees the files of a team in which its owner is no more.

    Nothing is killed while the hub does not answer.
    """
    rows = [row for row in runner.table.list_open() if row.target != Target.KILL and _teams(row)]
    for owner in sorted({row.owner for row in rows}):
        try:
            still = set(map(label_for, groups_of(owner)))
        except UnavailableError as error:
            _log.warning("leavers not looked for: %s", error)
            return
        for row in (one for one in rows if one.owner == owner):
            if gone := sorted(_teams(row) - still):
                _kill([row], runner, f"{owner} is not in {', '.join(gone)} any more.")


def forget_gone_groups(runner: Runner, has_group: Callable[[str], bool]) -> None:
    """Have the runs of a group that is gone be their owners' alone, whoever has its name later.

    The secrets that people gave for its twins are forgotten.
    """
    teams = runner.table.list_teams()
    known = {one for groups in teams.values() for one in groups if label_for(one) in teams}
    for group in sorted(known | set(runner.secrets.table.list_groups())):
        try:
            is_gone = not has_group(group)
        except UnavailableError as error:
            _log.warning("groups not looked at: %s", error)
            return
        if is_gone:
            runner.table.forget_team(label_for(group))
            runner.secrets.table.remove_below(f"{TEAMS}/{label_for(group)}")


def _teams(row: RunRow) -> set[str]:
    """Return the labels of the teams whose files a run sees, or is to see."""
    targets = (str(one["target"]) for one in row.mounts or ())
    mounted = {one.removeprefix(_TEAMS).split("/")[0] for one in targets if one.startswith(_TEAMS)}
    return mounted | ({row.team} if row.team else set())
