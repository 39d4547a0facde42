"""The state of a run is saved as one archive, and gone on from by whoever may, or refused whole."""

from __future__ import annotations

import bz2
import io
import json
import os
import resource
import struct
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_kit.quotas import QuotaSettings
from twinhub_runner.backends.base import Limits
from twinhub_runner.saves.limits import MOST_OF_A_FOLDER
from twinhub_runner.settings import RunnerSettings

from tests.fixtures.requirements import need_root
from tests.unit.runner.asking import asked_as, submit, texts, wait_for_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

    Client = Callable[[str], TestClient]

pytestmark = pytest.mark.heavy  # real sandboxes
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
_KIB_OF_A_REQUEST = 150 << 10
TEAM, OWN = "teams/pumps/digital_twins/tank", "alice/digital_twins/tank"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = tmp_path / "assets"
    for place in (TEAM, OWN):
        (root / place).mkdir(parents=True)
        (root / place / "twin.yaml").write_text(TWIN)
        (root / place / "save").write_text(CHECKPOINT)
        (root / place / "save").chmod(0o755)
    (root / "bob").mkdir()
    (root / "carol").mkdir()
    return root


@pytest.fixture(name="quota")
def _quota() -> QuotaSettings:
    return QuotaSettings(free_bytes=0)


@pytest.fixture(name="client_of")
def _client_of(root: Path, tmp_path: Path, quota: QuotaSettings) -> Iterator[Client]:
    settings = RunnerSettings(
        root, tmp_path / "state", limits=Limits(disk_bytes=MOST_BYTES), quota=quota
    )
    with asked_as(settings) as client_of:
        yield client_of


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


def rewrite(archive: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> None:
    """Change what an archive says of itself, and its files."""
    with zipfile.ZipFile(archive) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    manifest = json.loads(entries.pop("save.json"))
    change(manifest, entries)
    with zipfile.ZipFile(archive, "w") as new:
        new.writestr("save.json", json.dumps(manifest))
        for name, content in entries.items():
            new.writestr(name, content)


def test_another_member_goes_on_where_a_run_has_ended(client_of: Client) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    run(alice, "create", "execute")
    archive = save(alice, run(alice, "execute")["id"])
    run(alice, "execute")

    ended = restore(bob, archive, parameters={"power": 10})
    assert texts(bob, ended["id"]) == ["16"], "3 + 3 + 10"
    assert ended["owner"] == "bob"
    events = bob.get(f"/api/runs/{ended['id']}/events").json()["items"]
    assert events[0]["why"] == f"It goes on from {archive}."
    assert texts(bob, run(bob, "execute")["id"]) == ["19"], "the copy is bob's from now on"
    assert texts(alice, run(alice, "execute")["id"]) == ["12"], "alice's is her own"


def test_run_that_goes_on_writes_its_state_first(client_of: Client, root: Path) -> None:
    alice = client_of("alice")
    run(alice, "create")
    going = submit(alice, twin=TEAM, phases=["serve"])[0]["id"]
    wait_for_status(alice, going, "running")
    archive = save(alice, going)
    with zipfile.ZipFile(root / archive) as found:
        assert found.read("state/state/now") == b"saved by checkpoint\n"
    assert alice.get(f"/api/runs/{going}").json()["status"] == "running"


def test_twin_that_has_a_command_for_it_goes_on_by_that(client_of: Client, root: Path) -> None:
    text = TWIN.replace("checkpoint: ./save", "restore: sh -c 'echo from; cat state/deep/level'")
    (root / OWN / "twin.yaml").write_text(text)
    alice = client_of("alice")
    archive = save(alice, run(alice, "create", "execute", twin=OWN)["id"], "data/saves/a.zip")
    assert texts(alice, restore(alice, archive)["id"]) == ["from", "3"]


def test_fork_into_an_area_on_a_disk_of_its_own(client_of: Client, root: Path) -> None:
    alice = client_of("alice")
    archive = save(alice, run(alice, "create", "execute")["id"])
    need_root("a disk of its own for an area")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(root / "bob")], check=True)
    try:
        bob = client_of("bob")
        for status in (201, 409):
            answer = bob.post("/api/forks", json={"archive": archive, "name": "mine"})
            assert answer.status_code == status, answer.text
        twins = root / "bob/digital_twins"
        assert [one.name for one in twins.iterdir()] == ["mine"]
        assert (twins / "mine/state/deep/level").read_text() == "3\n"
        assert (twins / "mine/save").stat().st_mode & 0o111
    finally:
        subprocess.run(["umount", "--lazy", str(root / "bob")], check=True)


def test_twin_that_keeps_nothing_or_runs_in_place_has_nothing_to_save(
    client_of: Client, root: Path
) -> None:
    (root / OWN / "twin.yaml").write_text(TWIN.replace('keep: ["state/**"], ', ""))
    plain = root / "alice/digital_twins/plain/lifecycle"
    plain.mkdir(parents=True)
    (plain / "execute").write_text("#!/bin/sh\necho x\n")
    (plain / "execute").chmod(0o755)
    alice = client_of("alice")
    for twin, phases, says in (
        (OWN, ("create",), "name the files under state.keep"),
        ("plain", ("execute",), "runs in place"),
    ):
        answer = alice.post(f"/api/runs/{run(alice, *phases, twin=twin)['id']}/save", json={})
        assert (answer.status_code, says in answer.json()["detail"]) == (409, True)


def test_fork_is_a_twin_of_one_s_own_with_the_state(client_of: Client, root: Path) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    archive = save(alice, run(alice, "create", "execute")["id"])
    answer = bob.post("/api/forks", json={"archive": archive, "name": "mine"})
    assert answer.json() == {"twin": "bob/digital_twins/mine", "files": 1}
    assert texts(bob, run(bob, "execute", twin="mine")["id"]) == ["6"]
    again = bob.post("/api/forks", json={"archive": archive, "name": "mine"})
    assert (again.status_code, again.json()["code"]) == (409, "exists")
    assert not list((root / ".runs/aside").iterdir())


def _flip(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    name = b"state/state/deep/level"
    at = content.index(name) + len(name) + 21  # past the sizes in 64 bits: its content
    content[at] ^= 0xFF
    archive.write_bytes(content)


def _swap(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
    del manifest
    entries["state/state/deep/level"] = b"99\n"


def _escape(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
    manifest["files"][0]["path"] = "../../escaped"
    entries["state/../../escaped"] = entries["state/state/deep/level"]


def _replace_program(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
    manifest["files"][0]["path"] = "save"
    entries["state/save"] = entries["state/state/deep/level"]


def _grow(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
    del entries
    manifest["files"][0]["size"] = MOST_BYTES + 1


def _pack_otherwise(archive: Path) -> None:
    """Have a kilobyte that unpacks to half a gigabyte at once, and says that it is a short one."""
    packer, zeros = bz2.BZ2Compressor(), bytes(1 << 20)
    packed = b"".join(packer.compress(zeros) for _ in range(512)) + packer.flush()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("save.json", packed)
    content = archive.read_bytes()
    for head, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        method = content.index(head) + at
        content = content[:method] + b"\x0c\0" + content[method + 2 :]
    archive.write_bytes(content)


def _have_many(archive: Path) -> None:
    """Have a list of entries that takes a gigabyte of memory, and say that it is a short one."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("a", b"")
    one = content.getvalue()
    entry = one[one.index(b"PK\x01\x02") : one.index(b"PK\x05\x06")]
    count = 1_500_000
    size, at = count * len(entry), 31
    fake = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(entry), 31)
    true = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, at + 56)
    with archive.open("wb") as file:
        file.write(one[:at] + fake)
        for _ in range(count // 1000):
            file.write(entry * 1000)
        file.write(true + struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1))
        file.write(struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), at, 0))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped": _flip,
    "cut": lambda archive: archive.write_bytes(archive.read_bytes()[:-30]),
    "none": lambda archive: archive.write_bytes(b"no archive"),
    "swapped": lambda archive: rewrite(archive, _swap),
    "escaping": lambda archive: rewrite(archive, _escape),
    "program": lambda archive: rewrite(archive, _replace_program),
}


def test_damaged_archive_is_refused_and_nothing_changed(client_of: Client, root: Path) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    archive = save(alice, run(alice, "create", "execute")["id"])
    good = (root / archive).read_bytes()
    before = _files(root)
    for name, damage in DAMAGES.items():
        (root / archive).write_bytes(good)
        damage(root / archive)
        for route, body in (("restores", {}), ("forks", {"name": "mine"})):
            answer = bob.post(f"/api/{route}", json={"archive": archive, **body})
            assert (answer.status_code, answer.json().get("code")) == (422, "bad-save"), name
    assert bob.get("/api/runs", params={"twin": TEAM}).json()["items"][0]["owner"] == "alice"
    assert _files(root) - before <= {root / ".runs/aside"}, "nothing is left of it"


@pytest.mark.d4(26)
@pytest.mark.parametrize("make", [_pack_otherwise, _have_many])
def test_small_archive_that_would_take_much_memory_takes_none(
    client_of: Client, root: Path, make: Callable[[Path], None]
) -> None:
    bob, archive = client_of("bob"), "bob/data/bomb.zip"
    (root / "bob/data").mkdir()
    make(root / archive)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = bob.post("/api/restores", json={"archive": archive, "twin": TEAM})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-save")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < _KIB_OF_A_REQUEST


def test_archive_with_more_than_a_run_may_write_is_refused_before_it_is_unpacked(
    client_of: Client, root: Path
) -> None:
    alice = client_of("alice")
    archive = save(alice, run(alice, "create")["id"])
    rewrite(root / archive, _grow)
    answer = alice.post("/api/restores", json={"archive": archive})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-save")
    assert "a run may write 1G" in answer.json()["detail"]


def _files(root: Path) -> set[Path]:
    return {one for one in root.rglob("*") if ".runs/copies" not in str(one)}


def test_stranger_gets_neither_a_save_nor_makes_one(client_of: Client) -> None:
    alice, carol = client_of("alice"), client_of("carol")
    ended = run(alice, "create", "execute")
    archive = save(alice, ended["id"])
    assert carol.post("/api/restores", json={"archive": archive}).status_code == 404
    assert carol.post("/api/forks", json={"archive": archive, "name": "x"}).status_code == 404
    assert carol.post(f"/api/runs/{ended['id']}/save", json={}).status_code == 404
    theirs = alice.post(f"/api/runs/{ended['id']}/save", json={"to": "bob/data/x/a.zip"})
    assert theirs.status_code == 404
    again = alice.post(f"/api/runs/{ended['id']}/save", json={"to": archive})
    assert (again.status_code, again.json()["code"]) == (409, "exists")


def test_twin_that_was_changed_since_is_named(client_of: Client, root: Path) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    archive = save(alice, run(alice, "create", "execute")["id"])
    (root / TEAM / "more.txt").write_text("x")
    answer = bob.post("/api/restores", json={"archive": archive})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed-inputs")
    assert f"{TEAM} was changed" in answer.json()["detail"]


def test_run_whose_copy_another_one_has_changed_is_not_saved(client_of: Client) -> None:
    alice = client_of("alice")
    first = run(alice, "create")
    second = run(alice, "execute")
    answer = alice.post(f"/api/runs/{first['id']}/save", json={})
    assert answer.status_code == 409
    assert f"{second['id']} has worked in the same copy since" in answer.json()["detail"]


def test_link_in_the_way_of_a_save_is_not_followed(
    client_of: Client, root: Path, tmp_path: Path
) -> None:
    alice = client_of("alice")
    ended = run(alice, "create")
    (tmp_path / "outside").mkdir()
    (root / "alice/data").symlink_to(tmp_path / "outside")
    answer = alice.post(f"/api/runs/{ended['id']}/save", json={})
    assert answer.status_code in {404, 409}, answer.text
    assert not list((tmp_path / "outside").iterdir())


def test_archive_is_a_zip_that_says_what_it_has(client_of: Client, root: Path) -> None:
    alice = client_of("alice")
    ended = run(alice, "create", "execute", twin="tank")
    archive = save(alice, ended["id"], "")
    assert archive == f"alice/data/saves/tank-{ended['id']}.zip"
    with zipfile.ZipFile(io.BytesIO((root / archive).read_bytes())) as found:
        assert found.namelist() == ["save.json", "state/state/deep/level"]
        manifest = json.loads(found.read("save.json"))
    assert (manifest["twin"], manifest["parameters"]) == (OWN, {"power": 3})


def limited(**limits: Any) -> pytest.MarkDecorator:  # noqa: ANN401 - as `QuotaSettings` has them
    """Have areas with little room."""
    return pytest.mark.parametrize("quota", [QuotaSettings(**{"free_bytes": 0} | limits)])


def refused(client: TestClient, route: str, body: dict[str, Any]) -> tuple[str, str]:
    """Return code and text of a refusal for want of room."""
    answer = client.post(route, json=body)
    assert answer.status_code == 507, answer.text
    return answer.json()["code"], answer.json()["detail"]


@limited(users={"alice": 3 << 19, "bob": 1 << 19})
def test_save_and_fork_that_an_area_has_no_room_for_are_refused_with_the_figure(
    client_of: Client, root: Path
) -> None:
    for twin in (OWN, TEAM):
        (root / twin / "state").mkdir()
        (root / twin / "state/big").write_bytes(os.urandom(1 << 20))
    alice, bob = client_of("alice"), client_of("bob")
    own, team = (run(alice, "create", twin=twin)["id"] for twin in (OWN, TEAM))
    code, text = refused(alice, f"/api/runs/{own}/save", {})
    assert (code, "alice takes 1.0 MiB of its 1.5 MiB" in text) == ("quota", True)
    archive = save(alice, team)
    code, text = refused(bob, "/api/forks", {"archive": archive, "name": "mine"})
    assert (code, "this needs 1.0 MiB more" in text) == ("quota", True)
    assert not list((root / ".runs/aside").iterdir())
    assert not list((root / "bob").iterdir())
    assert not list((root / "alice/data/saves").iterdir())


@limited(free_bytes=1 << 60)
def test_nothing_is_saved_on_a_disk_that_has_to_keep_its_room(client_of: Client) -> None:
    alice = client_of("alice")
    ended = run(alice, "create")
    assert refused(alice, f"/api/runs/{ended['id']}/save", {})[0] == "disk-full"


def test_folder_with_many_saves_takes_no_more(client_of: Client, root: Path) -> None:
    saves = root / "alice/data/saves"
    saves.mkdir(parents=True)
    for number in range(MOST_OF_A_FOLDER):
        (saves / f"{number}").touch()
    alice = client_of("alice")
    code, text = refused(alice, f"/api/runs/{run(alice, 'create')['id']}/save", {})
    assert (code, text) == (
        "full", "alice/data/saves has 1,000 entries or more: remove some of them."
    )  # fmt: skip
