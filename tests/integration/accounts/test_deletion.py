"""A deleted user leaves an archive and nothing else, however often the deletion was killed."""

from __future__ import annotations

import sqlite3
import subprocess
import tarfile
from contextlib import closing
from dataclasses import replace
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from twinhub_api import names
from twinhub_hub.operate.archive import verify

from tests.fixtures.installation import TWINHUB, engine
from tests.fixtures.waiting import wait_for
from tests.integration.accounts.accounts import add, read_accounts, signed_in
from tests.integration.operate.test_backup import shell

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.hub_client import HubClient
    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.d4(59)]

_SECONDS = 60
KEPT_BY_THE_LIBRARY = ("bin", "snapshots")
_PREPARE = r"""
set -e
head -c 3000000 /dev/urandom > ~/kept
echo mine > /workspace/data/notes && ln -s /etc/passwd /workspace/data/link
mkdir ~/closed && echo x > ~/closed/file && chmod 500 ~/closed
sha256sum < ~/kept
"""


def begin(lab: TestInstallation, client: HubClient) -> str:
    """Start a workspace and write in it; return the checksum of a file in the home."""
    client.start()
    return shell(lab, client.user, _PREPARE).split()[0]


def left(lab: TestInstallation, user: str) -> list[str]:
    """What is still there of a user."""
    label = names.label_for(user)
    volume = names.volume_for(lab.prefix, user)
    found = [volume for one in engine().volumes.list() if one.name == volume]
    containers = engine().containers.list(all=True, ignore_removed=True)
    found += [str(c.name) for c in containers if c.name == names.container_for(lab.prefix, user)]
    paths = (lab.folder(user), lab.home / "state" / "users-deleted" / f"{label}.json")
    found += [str(path) for path in paths if path.exists()]
    found += [f"account {user}"] * (user in read_accounts(lab))
    with closing(sqlite3.connect(lab.home / "state" / "jupyterhub.sqlite")) as database:
        rows = database.execute("select name from users where name = ?", (user,)).fetchall()
        tokens = database.execute(
            "select id from api_tokens where user_id is not null"
            " and user_id not in (select id from users)"
        ).fetchall()
    return [*found, *map(str, rows + tokens)]


def archives(lab: TestInstallation, user: str) -> list[Path]:
    """The files of a user's deletions, hidden ones included."""
    folder = lab.home / "archive"
    return [path for path in folder.glob("*") if names.label_for(user) in path.name]


def kill_deletion(lab: TestInstallation, user: str, line: str) -> None:
    """Begin or go on with a deletion, and kill it when it has said something, or soon after."""
    with subprocess.Popen(
        [str(TWINHUB), "users", "delete", user, "--yes"], env=lab.environment,
        stdout=subprocess.PIPE, text=True,
    ) as command:  # fmt: skip
        assert command.stdout is not None
        for said in command.stdout:
            if line in said:
                break
        command.kill()


def check_archive(lab: TestInstallation, user: str, digest: str) -> None:
    """Find everything of a user in the only archive."""
    (path,) = archives(lab, user)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with path.open("rb") as file:
        verify(file, str(path))
    with tarfile.open(path) as tar:
        assert tar.getmember(f"assets/{user}/data/link").linkname == "/etc/passwd"
        notes, manifest = (
            tar.extractfile(name) for name in (f"assets/{user}/data/notes", "manifest.jsonl")
        )
        assert notes is not None
        assert notes.read() == b"mine\n"
        assert manifest is not None
        text = manifest.read().decode()
    assert digest in text
    assert f'"why": "{user}"' in text
    assert f"volumes/{user}/closed/file" in text


def test_files_of_holes_do_not_fill_the_disk(lab: TestInstallation) -> None:
    with signed_in(lab, "zoe", add(lab, "zoe")) as zoe:
        zoe.start()
        shell(lab, "zoe", "truncate -s 7T ~/huge /workspace/huge && echo kept > ~/kept")
    refused = lab.run("users", "delete", "zoe", "--yes")
    assert refused.returncode == 1
    for name in ("assets/zoe/huge", "volumes/zoe/huge"):
        assert f"'{name}': 7168.0 GiB of it are holes" in refused.stderr
    assert archives(lab, "zoe") == []
    assert lab.folder("zoe").exists()

    (lab.folder("zoe") / "huge").unlink()
    image = engine().images.get(f"twinhub/workspace:{version('twinhub-hub')}")
    engine().containers.run(
        image, entrypoint=["rm", "/from/huge"], user="0:0", network_mode="none", remove=True,
        volumes={names.volume_for(lab.prefix, "zoe"): {"bind": "/from", "mode": "rw"}},
    )  # fmt: skip
    done = lab.run("users", "delete", "zoe", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = archives(lab, "zoe")
    with tarfile.open(path) as tar:
        assert "volumes/zoe/kept" in tar.getnames()


def test_a_user_with_a_running_workspace_is_deleted(lab: TestInstallation, tmp_path: Path) -> None:
    password = add(lab, "eve")
    with signed_in(lab, "eve", password) as eve:
        digest = begin(lab, eve)
        token = eve.api("POST", "/users/eve/tokens", {}).json()["token"]
        for part in KEPT_BY_THE_LIBRARY:
            folder = lab.folder("eve").parent / ".library" / part / "eve"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "older").write_text("kept\n")
        kept = lab.run("users", "delete", "eve", input="adam\n")
        assert kept.returncode == 1
        assert eve.is_ready()
        done = lab.run("users", "delete", "eve", input="eve\n")
        assert done.returncode == 0, done.stdout + done.stderr
        assert left(lab, "eve") == []
        check_archive(lab, "eve", digest)
        assert eve.api("GET", "/user").status_code == HTTPStatus.FORBIDDEN
        answer = eve.get("/hub/api/user", headers={"Authorization": f"token {token}"})
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert eve.sign_in(password).status_code == HTTPStatus.FORBIDDEN
    (archive,) = archives(lab, "eve")
    with tarfile.open(archive) as tar:
        names_in_it = tar.getnames()
    for part in KEPT_BY_THE_LIBRARY:
        assert f"assets/.library/{part}/eve/older" in names_in_it
    elsewhere = replace(lab, home=tmp_path / "elsewhere")
    refused = elsewhere.run("restore", str(archive))
    assert refused.returncode == 2
    assert "It is no installation" in refused.stderr
    assert not elsewhere.home.exists()
    again = lab.run("users", "delete", "eve", "--yes")
    assert again.returncode == 1
    assert "There is no user 'eve'" in again.stderr


def test_who_is_deleted_in_the_admin_panel_keeps_the_name_until_the_files_are_kept(
    lab: TestInstallation, tmp_path: Path
) -> None:
    boss_password, password = add(lab, "boss", "admin"), add(lab, "fay")
    with (
        signed_in(lab, "boss", boss_password) as boss,
        signed_in(lab, "fay", password) as fay,
    ):
        digest = begin(lab, fay)
        gone = boss.api("DELETE", "/users/fay")
        assert gone.status_code == HTTPStatus.NO_CONTENT, gone.text
        assert lab.status()["deletions"] == ["fay"]
        assert fay.sign_in(password).status_code == HTTPStatus.FORBIDDEN
        assert lab.run("users", "add", "fay").returncode == 1
        boss.api("POST", "/users/fay")
        boss.api("POST", "/users/fay/server")
        wait_for(
            lambda: "files of an earlier user of this name" in lab.log("hub"), seconds=_SECONDS,
            what="a refused start",
        )  # fmt: skip
        wait_for(
            lambda: boss.api("GET", "/users/fay").json()["servers"] == {}, seconds=_SECONDS,
            what="no workspace",
        )  # fmt: skip
    backup = tmp_path / "backup.tar"
    assert lab.run("backup", str(backup)).returncode == 0
    with tarfile.open(backup) as tar, backup.open("rb") as file:
        assert "installation/state/users-deleted/fay.json" in tar.getnames()
        assert verify(file, "backup").has_settings
    done = lab.run("up")
    assert done.returncode == 0, done.stderr
    assert left(lab, "fay") == [], done.stdout
    assert lab.status()["deletions"] == []
    check_archive(lab, "fay", digest)
    with signed_in(lab, "fay", add(lab, "fay")) as fay:
        fay.start()
        assert shell(lab, "fay", "ls ~; ls /workspace/data").split() == ["README.md"]


@pytest.mark.d4(28)
def test_a_deletion_that_is_killed_at_any_step_goes_on_and_loses_no_file(
    lab: TestInstallation,
) -> None:
    with signed_in(lab, "hal", add(lab, "hal")) as hal:
        digest = begin(lab, hal)
    record = lab.home / "state" / "users-deleted" / "hal.json"
    for line in ("Hub: forgot", "Workspace: ended", "Archive:", "Files: removing"):
        kill_deletion(lab, "hal", line)
        if not any(path.suffix == ".tar" for path in archives(lab, "hal")):
            assert record.exists()
            assert lab.folder("hal").joinpath("data", "notes").exists()
            assert engine().volumes.get(names.volume_for(lab.prefix, "hal"))
    if record.exists():  # else the last one had done all before it was killed
        done = lab.run("users", "delete", "hal", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
    assert left(lab, "hal") == []
    check_archive(lab, "hal", digest)
