"""Taking teams' folders from those who are not members any more.

What a container has mounted cannot be taken from it while something in it is open; so a workspace
of somebody who has left a team ends, and starts without that folder. Nobody else notices.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyterhub import orm
from tornado.ioloop import PeriodicCallback
from twinhub_api.names import label_for

if TYPE_CHECKING:
    from jupyterhub.app import JupyterHub

LOOK_SECONDS = 5
"""How often it is looked: whoever leaves has the folder for at most ten seconds."""

_log = logging.getLogger(__name__)


def watch(hub: JupyterHub) -> PeriodicCallback:
    """Look from now on; return what stops it."""
    looking = PeriodicCallback(partial(end_lost, hub), LOOK_SECONDS * 1000)
    looking.start()
    return looking


async def end_lost(hub: JupyterHub) -> int:
    """End each workspace with the folder of a team that its user is not in; return how many.

    One that is just starting or stopping takes its turn at the next look.
    """
    running = hub.db.query(orm.Spawner).filter(orm.Spawner.server_id.isnot(None)).all()
    ended = 0
    for found in running:
        user = hub.users[found.user]
        spawner = user.spawners[found.name]
        lost = _lost(spawner, [group.name for group in user.groups])
        if lost and spawner.active and not spawner.pending:
            await _end(hub, user, spawner, lost)
            ended += 1
    return ended


def _lost(spawner: Any, groups: list[str]) -> list[str]:  # noqa: ANN401 - a spawner of the site
    teams: tuple[str, ...] = getattr(spawner, "teams", ())
    return sorted(set(teams) - set(map(label_for, groups))) if teams else []


async def _end(hub: JupyterHub, user: Any, spawner: Any, lost: list[str]) -> None:  # noqa: ANN401
    teams = ", ".join(lost)
    _log.warning("workspace ended user=%s reason=left teams %s", user.name, teams)
    spawner.stop_notice = (
        f"It was stopped because you are not in {teams} any more, whose files it had. Start it to "
        "go on with your own."
    )
    await hub.proxy.delete_user(user, spawner.name)
    await user.stop(spawner.name)
