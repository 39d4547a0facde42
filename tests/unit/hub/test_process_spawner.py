"""The process mode's spawner between JupyterHub's private names and its database."""

from __future__ import annotations

import json
import os
import re
from importlib.util import find_spec
from pathlib import Path

from twinhub_hub.sandbox.processes import identify
from twinhub_hub.spawners.process import BubblewrapSpawner

_PRIVATE = re.compile(
    r"\b(?:self|cls|spawner|def)[. ](_[a-z]\w*)|^    (_[a-z]\w*)(?::| =)", re.MULTILINE
)
_BY_RULE = {"_env_keep_default"}
"""What traitlets wants a trait's default to be named."""


def _private_names(module: str) -> set[str]:
    """The private names that a module, or a package with all its modules, gives to objects."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin)
    paths = path.parent.rglob("*.py") if spec.submodule_search_locations else [path]
    found = (_PRIVATE.findall(path.read_text("utf-8")) for path in paths)
    return {name for pairs in found for pair in pairs for name in pair if name}


def test_no_private_name_of_ours_is_one_of_jupyterhubs() -> None:
    upstream = _private_names("jupyterhub") | _private_names("traitlets")
    ours = _private_names("twinhub_hub.spawners.process")
    assert {"_failed", "_spawn_pending", "_traits"} <= upstream
    assert {"_stages", "_check_alone"} <= ours
    assert ours & upstream <= _BY_RULE


async def test_a_spawner_finds_its_sandbox_again_after_the_hubs_restart() -> None:
    running = identify(os.getpid())
    assert running is not None
    kept = json.dumps({"sandbox": vars(running)})
    again = BubblewrapSpawner()
    again.load_state(json.loads(kept))
    assert again.get_state()["sandbox"] == vars(running)
    again.clear_state()
    assert "sandbox" not in again.get_state()


async def test_a_spawner_that_never_started_is_not_running() -> None:
    assert await BubblewrapSpawner().poll() == 0


async def test_what_ran_before_a_reboot_is_not_running_now() -> None:
    process = identify(os.getpid())
    assert process is not None
    spawner = BubblewrapSpawner()
    spawner.load_state({"sandbox": {**vars(process), "boot": "an-earlier-one"}})
    assert await spawner.poll() == 0
    await spawner.stop()  # and nothing is killed: this process is there to say so


def test_nothing_of_the_hubs_environment_is_kept() -> None:
    assert BubblewrapSpawner().env_keep == []
