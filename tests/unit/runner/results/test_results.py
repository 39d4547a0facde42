"""Runs of described twins work in copies, and what is left of them can be had and made again."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.library import find_free_port
from tests.unit.runner.asking import submit, texts, wait_for_status
from tests.unit.runner.results.test_previewing import PNG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    Client = Callable[[str], TestClient]

pytestmark = pytest.mark.heavy  # real sandboxes
RESULT = "source\npump of alice\nprofile\n3\n"
TEAM_TWIN = "teams/pumps/digital_twins/tank"


def run(client: TestClient, *phases: str, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Run phases one after the other; return the last one when all have succeeded."""
    *_, last = submit(client, phases=phases, **asked)
    ended = wait_for_status(client, last["id"], "succeeded", "failed", "stopped")
    assert ended["status"] == "succeeded", ended["reason"]
    return ended


def result_of(client: TestClient, run_id: str) -> str:
    """Return the one result of a run."""
    text: str = client.get(f"/api/runs/{run_id}/artefacts/output/result.csv").text
    return text


@pytest.mark.d4(5)
def test_picture_is_shown_within_a_sandbox_whatever_it_is_called(
    client_of: Client, root: Path
) -> None:
    (root / "alice/digital_twins/tank/source.txt").write_bytes(PNG)
    alice = client_of("alice")
    ended = run(alice, "create", "execute")
    address = f"/api/runs/{ended['id']}/artefacts/output/result.csv"
    shown = alice.get(address, params={"shown": True})
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert alice.get(address).headers["content-type"] == "application/octet-stream"


def test_only_declared_outputs_come_back_and_nothing_is_written_beside_them(
    client_of: Client, root: Path
) -> None:
    alice = client_of("alice")
    ended = run(alice, "create", "execute")

    answer = alice.get(f"/api/runs/{ended['id']}/artefacts").json()
    digest = hashlib.sha256(RESULT.encode()).hexdigest()
    assert answer["items"] == [
        {"path": "output/result.csv", "size": len(RESULT), "sha256": digest}
    ]  # fmt: skip
    assert answer["missing"] == ["output/never.txt"]
    download = alice.get(f"/api/runs/{ended['id']}/artefacts/output/result.csv")
    assert (download.text, download.headers["etag"]) == (RESULT, f'"{digest}"')
    assert download.headers["content-disposition"].startswith("attachment")
    assert download.headers["content-security-policy"].startswith("sandbox")
    preview = alice.get(f"/api/runs/{ended['id']}/previews/output/result.csv").json()
    assert (preview["kind"], preview["columns"]) == ("table", ["source"])
    assert client_of("carol").get(f"/api/runs/{ended['id']}/previews/output/result.csv").is_error
    shown = alice.get(f"/api/runs/{ended['id']}/artefacts/output/result.csv?shown=true")
    assert (shown.status_code, shown.json()["code"]) == (415, "no-picture")
    assert not (root / "alice/digital_twins/tank/output").exists()
    assert not (root / "alice/models/pump/no").exists()


def test_described_twin_sees_nothing_but_itself_and_what_it_requires(client_of: Client) -> None:
    alice = client_of("alice")
    ended = run(alice, "create", "execute")
    assert texts(alice, ended["id"]) == [
        "read-only", "/workspace:", "common", "digital_twins", "models", "",
        "/workspace/digital_twins:", "tank",
    ]  # fmt: skip


def test_later_edits_reach_no_run_until_the_twin_is_created_again(
    client_of: Client, root: Path
) -> None:
    alice = client_of("alice")
    run(alice, "create")
    (root / "alice/models/pump/pump.txt").write_text("another pump\n")
    (root / "alice/digital_twins/tank/twin.yaml").write_text("broken: [\n")
    assert alice.post("/api/runs", json={"twin": "tank"}).status_code == 422
    (root / "alice/digital_twins/tank/twin.yaml").write_text(
        "format: 1\nname: tank\nphases: {create: 'true', execute: 'false'}\n"
    )
    kept = run(alice, "execute")
    assert result_of(alice, kept["id"]) == RESULT
    events = alice.get(f"/api/runs/{kept['id']}/events").json()["items"]
    assert "run create to take that in" in events[0]["why"]

    (failed,) = submit(alice, phases=["create"])
    wait_for_status(alice, failed["id"], "succeeded")
    (failed,) = submit(alice, phases=["execute"])
    assert wait_for_status(alice, failed["id"], "failed", "succeeded")["status"] == "failed"


def test_clean_ends_a_copy(client_of: Client, root: Path) -> None:
    alice = client_of("alice")
    run(alice, "create", "clean")
    assert list((root / ".runs/copies").iterdir()) == []


def test_each_member_of_a_team_has_a_copy_of_their_own(client_of: Client) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    of_alice = run(alice, "create", "execute", twin=TEAM_TWIN)
    of_bob = run(bob, "create", "execute", twin=TEAM_TWIN)
    assert result_of(bob, of_alice["id"]) == RESULT
    assert result_of(alice, of_bob["id"]) == RESULT.replace("alice", "bob")


def test_published_twin_runs_at_its_usual_place_and_stays_as_it_is(
    client_of: Client, root: Path
) -> None:
    alice = client_of("alice")
    ended = run(alice, "execute", twin="common/digital_twins/cooler@1")
    assert texts(alice, ended["id"]) == ["made", "twin.yaml"]
    assert alice.get(f"/api/runs/{ended['id']}/artefacts/made").text == "made\n"
    assert [one.name for one in (root / "common/.store/2").iterdir()] == ["twin.yaml"]


def test_asset_that_is_not_there_is_named_at_once(client_of: Client, root: Path) -> None:
    (root / "alice/models/pump").rename(root / "alice/models/pumpe")
    answer = client_of("alice").post("/api/runs", json={"twin": "tank"})
    assert answer.status_code == 422
    assert "uses.pump: there is no models/pump" in answer.json()["detail"]


def test_input_that_leads_out_of_its_area_ends_the_run_with_the_reason(
    client_of: Client, root: Path
) -> None:
    (root / "alice/models/pump/pump.txt").unlink()
    (root / "alice/models/pump").rmdir()
    (root / "alice/models/pump").symlink_to("../../bob/models/pump")
    answer = client_of("alice").post("/api/runs", json={"twin": "tank"})
    assert answer.status_code == 422
    assert "a link that leads out" in answer.json()["detail"]


def test_provenance_names_twin_and_inputs_with_digests(client_of: Client) -> None:
    alice = client_of("alice")
    ended = run(alice, "create", "execute", parameters={"power": 4})
    told = alice.get(f"/api/runs/{ended['id']}/provenance").json()

    assert told["run"]["parameters"] == {"power": 4}
    assert told["twin"]["path"] == "alice/digital_twins/tank"
    assert [one["path"] for one in told["inputs"]] == [
        "common/data/profile@1.0.0", "alice/models/pump",
    ]  # fmt: skip
    assert all(len(one["digest"]) == 64 for one in (told["twin"], *told["inputs"]))
    assert len(told["phases_before"]) == 1
    assert told["description"].startswith("format: 1\nname: tank\n")
    assert told["configuration"]["processes"]["main"]["variables"]["POWER"] == "4"
    assert [one["path"] for one in told["artefacts"]] == ["output/result.csv"]


@pytest.mark.d4(45)
def test_rerun_has_the_same_inputs_and_values_after_the_same_phases(
    client_of: Client, root: Path
) -> None:
    alice = client_of("alice")
    first = run(alice, "create", "execute", parameters={"power": 4})
    again = alice.post(f"/api/runs/{first['id']}/rerun").json()["runs"]
    assert [(one["phase"], one["rerun_of"]) for one in again] == [
        ("create", first["id"]), ("execute", first["id"]),
    ]  # fmt: skip
    wait_for_status(alice, again[-1]["id"], "succeeded")
    assert result_of(alice, again[-1]["id"]) == result_of(alice, first["id"])

    (root / "alice/models/pump/pump.txt").write_text("another pump\n")
    (root / "common/data/profile@1.0.0").unlink()
    refused = alice.post(f"/api/runs/{first['id']}/rerun")
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        "The same inputs cannot be had any more: common/data/profile@1.0.0 is not there; "
        "alice/models/pump was changed."
    )


@pytest.mark.d4(45)
def test_rerun_in_place_says_that_its_folder_is_as_it_is_now(client_of: Client, root: Path) -> None:
    script = root / "alice/digital_twins/plain/lifecycle/execute"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\necho done\n")
    script.chmod(0o755)
    alice = client_of("alice")
    ended = run(alice, "execute", twin="plain")
    again = alice.post(f"/api/runs/{ended['id']}/rerun").json()["runs"][0]
    assert again["reason"] == "It runs in its folder, which is as it is now."
    wait_for_status(alice, again["id"], "succeeded")


@pytest.mark.d4(45)
def test_rerun_says_what_is_fetched_as_it_is_now(client_of: Client, root: Path) -> None:
    twin = root / "alice/digital_twins/fetching"
    twin.mkdir()
    address = f"http://127.0.0.1:{find_free_port()}/series.csv"
    (twin / "twin.yaml").write_text(
        f"format: 1\nname: fetching\nuses: {{series: {{url: '{address}'}}}}\n"
        "phases: {execute: {command: [cat, '${uses.series}']}}\n"
    )
    alice = client_of("alice")
    asked = alice.post("/api/runs", json={"twin": "fetching", "phases": ["execute"]})
    failed = wait_for_status(alice, asked.json()["runs"][0]["id"], "failed")
    again = alice.post(f"/api/runs/{failed['id']}/rerun").json()["runs"][0]
    assert again["reason"] == "As it is now, since nothing says what it was: uses.series."


def test_crate_holds_results_and_says_where_they_come_from(client_of: Client) -> None:
    alice = client_of("alice")
    ended = run(alice, "create", "execute")
    answer = alice.get(f"/api/runs/{ended['id']}/crate")
    assert answer.headers["content-type"] == "application/zip"

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.read("results/output/result.csv").decode() == RESULT
    assert archive.read("twin.yaml").startswith(b"format: 1\n")
    graph = {
        one["@id"]: one for one in json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    }
    action = graph["#run"]
    assert action["result"] == [{"@id": "results/output/result.csv"}]
    assert graph[action["instrument"]["@id"]]["name"] == "alice/digital_twins/tank"
    parts = [one["@id"] for one in graph["./"]["hasPart"]]
    assert sorted([*parts, "ro-crate-metadata.json"]) == sorted(archive.namelist())


@pytest.mark.parametrize(
    "path", ["artefacts", "artefacts/output/result.csv", "provenance", "crate", "rerun"]
)
def test_what_is_left_of_a_run_is_nobody_else_s(client_of: Client, path: str) -> None:
    ended = run(client_of("alice"), "create", "execute")
    method = "POST" if path == "rerun" else "GET"
    address = f"/api/runs/{ended['id']}/{path}"
    assert client_of("bob").request(method, address).status_code == 404
    assert client_of("nobody").request(method, address).status_code == 401


@pytest.mark.parametrize(
    "path", ["output/made", "../results.json", "../../in/plan.json", "", "%2e%2e/x"]
)
def test_what_is_no_result_is_not_there(client_of: Client, path: str) -> None:
    alice = client_of("alice")
    ended = run(alice, "create", "execute")
    assert alice.get(f"/api/runs/{ended['id']}/artefacts/{path}").status_code == 404
