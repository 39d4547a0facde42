"""A twin with state, and what tests ask a runner for with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.runner.asking import submit, wait_for_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

    Client = Callable[[str], TestClient]


TWIN = """\
format: 1
name: tank
parameters: {power: 3}
state: {keep: ["state/**"], checkpoint: ./save}
phases:
  create: {script: "mkdir -p state/deep; echo 0 >state/deep/level\\n"}
  execute:
    script: |
      echo $(($(cat state/deep/level) + POWER)) >new
      mv new state/deep/level
      cat state/deep/level
    variables: {POWER: "${parameters.power}"}
  serve: {live: true, script: "echo up; while :; do sleep 0.05; done\\n"}
"""
CHECKPOINT = "#!/bin/sh\necho saved by checkpoint >state/now\n"
MOST_BYTES = 1 << 30
TEAM, OWN = "teams/pumps/digital_twins/tank", "alice/digital_twins/tank"


def run(client: TestClient, *phases: str, twin: str = TEAM) -> dict[str, Any]:
    """Run phases to the end of the last."""
    last = submit(client, twin=twin, phases=phases)[-1]
    return wait_for_status(client, last["id"], "succeeded", "failed", "lost", "stopped")


def save(client: TestClient, run_id: str, to: str = "teams/pumps/data/saves/a.zip") -> str:
    """Save a run; return where."""
    answer = client.post(f"/api/runs/{run_id}/save", json={"to": to})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["path"])


def restore(client: TestClient, archive: str, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Go on from a save, to the end."""
    answer = client.post("/api/restores", json={"archive": archive, **asked})
    assert answer.status_code == 202, answer.text
    made = answer.json()["runs"][0]["id"]
    return wait_for_status(client, made, "succeeded", "failed", "lost", "stopped")
