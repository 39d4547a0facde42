"""`twinhub backup` of an installation in use, and `twinhub restore` beside it."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from docker.errors import NotFound
from twinhub_hub.operate.backup import LEFT_OUT
from twinhub_hub.operate.ports import find_free

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import FIRST_PORT, TWINHUB, TestInstallation, engine, list_left
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.d4(64)]

_SECONDS = 60
_PREPARE = r"""
set -e
cd ~
if [ -d kept ]; then chmod u+w kept/closed; fi
rm -rf kept load /workspace/data/load && mkdir kept load && cd kept
head -c 30000000 /dev/urandom > large
printf 'secret' > private && chmod 600 private
ln -s /opt/twinhub/bin absolute
ln -s private relative
ln private same
mkdir -p closed && echo x > closed/file && chmod 500 closed
touch "$(printf 'latin-\351')" && rm -f pipe && mkfifo pipe
cd /workspace/data && mkdir load && head -c 2000000 /dev/urandom > kept.bin
"""
_CLEAN_UP = """
chmod u+w ~/kept/closed && rm -rf ~/kept ~/load /workspace/data/load /workspace/data/kept.bin
"""
_LOAD_NOTE = "under load"
_LOAD = r"""
import itertools, os
for i in itertools.count():
    for folder in ("/home/twin/load", "/workspace/data/load"):
        aside, path = f"{folder}/.aside", f"{folder}/{i % 40}"
        with open(aside, "w") as file:
            file.write(f"{i}\n" * 3000)
        os.replace(aside, path)
        with open(f"{folder}/log", "a") as file:
            file.write(f"{i:09}\n")
"""
_SUMS = r"""
cd "$1" && find . -path ./load -prune -o -path ./common -prune -o -type f ! -name '.*' \
    -exec sha256sum {} + -o -type l -printf 'link %p %l\n' -o -name 'pipe' -print | sort
cd "$1" && find . -path './load/*' -prune -o -path ./common -prune -o -path './kept*' \
    -printf '%p %m %u %g\n' | sort
"""


def shell(there: TestInstallation, user: str, script: str, *arguments: str) -> str:
    """What a command in a user's workspace says."""
    command = ["bash", "-c", script, "bash", *arguments]
    code, output = there.container(user).exec_run(command)
    assert isinstance(output, bytes)
    text = output.decode("utf-8", "surrogateescape")
    assert code == 0, text
    return text


def rows(database: Path, table: str, columns: str) -> set[tuple[object, ...]]:
    """Some columns of a table of the hub's database."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return set(connection.execute(f"select {columns} from {table}"))  # noqa: S608


def hub_rows(there: TestInstallation) -> dict[str, set[tuple[object, ...]]]:
    """What a restored hub has to know."""
    database = there.home / "state" / "jupyterhub.sqlite"
    return {
        "users": rows(database, "users", "id, name, admin"),
        "tokens": rows(database, "api_tokens", "id, hashed, prefix, user_id"),
        "roles": rows(database, "user_role_map", "user_id, role_id"),
    }


def sums(folder: Path) -> dict[str, str]:
    """The checksum of each file below a folder that a backup keeps, but those of the load."""
    left_out = [(".library", name) for name in LEFT_OUT]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and "load" not in path.parts
        and path.relative_to(folder).parts[:2] not in left_out
    }


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def load(there: TestInstallation, alice: HubClient) -> Iterator[None]:
    """Have a workspace write files and the hub write its database."""
    container = there.container("alice")
    made = engine().api.exec_create(container.id, ["python3", "-c", _LOAD])
    engine().api.exec_start(made["Id"], detach=True)
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            alice.api("POST", "/users/alice/tokens", {"note": _LOAD_NOTE})
            # of tokens a user may have so many; this goes on
            alice.api("POST", "/users/alice/activity", {"last_activity": _now()})

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        shell(there, "alice", "pkill -f [i]tertools")


@contextmanager
def second_home(prefix: str) -> Iterator[TestInstallation]:
    """A folder to restore to; purged at the end, or by hand if it was never started."""
    home = Path(tempfile.mkdtemp(prefix="thr-"))
    there = TestInstallation(home, find_free(FIRST_PORT + 200))
    try:
        yield there
    finally:
        if (home / "state" / "running.json").exists():
            there.run("purge", input="purge\n")
        else:
            for volume in engine().volumes.list():
                if volume.name.startswith(f"{prefix}-home-"):
                    volume.remove()
        shutil.rmtree(home, ignore_errors=True)
        assert list_left(home, prefix) == []


def kill_after(there: TestInstallation, line: str, *arguments: str) -> None:
    """Run a command and kill it when it has said something."""
    with subprocess.Popen(
        [str(TWINHUB), *arguments], env=there.environment, stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        assert any(line in said for said in command.stdout)
        command.send_signal(signal.SIGKILL)
    assert command.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def alice(installation: TestInstallation) -> Iterator[HubClient]:
    """A user with files of every kind in a running workspace."""
    with HubClient(installation, "alice") as session:
        session.start()
        shell(installation, "alice", _PREPARE)
        yield session
        shell(installation, "alice", _CLEAN_UP)
        for token in session.api("GET", "/users/alice/tokens").json()["api_tokens"]:
            if token["note"] == _LOAD_NOTE:
                session.api("DELETE", f"/users/alice/tokens/{token['id']}")


def test_a_backup_under_load_becomes_the_same_installation_elsewhere(
    installation: TestInstallation, alice: HubClient, tmp_path: Path
) -> None:
    token = alice.api("POST", "/users/alice/tokens", {"note": "kept"}).json()["token"]
    file = tmp_path / "backup.tar"
    before = hub_rows(installation)
    with load(installation, alice):
        done = installation.run("backup", str(file))
    after = hub_rows(installation)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Left out: 'volumes/alice/kept/pipe'" in done.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    assert installation.run("backup", str(file)).returncode == 1

    with second_home("restored-here") as there:
        refused = there.run("restore", str(file))
        assert refused.returncode == 1
        assert "--prefix=" in refused.stderr
        assert os.listdir(there.home) == [".lock"]  # noqa: PTH208
        done = there.run("restore", "--prefix=restored-here", str(file))
        assert done.returncode == 0, done.stdout + done.stderr
        restored = hub_rows(there)
        for table, old in before.items():
            assert old <= restored[table] <= after[table]
        assert sums(there.home / "assets") == sums(installation.home / "assets")
        assert sums(there.home / "secrets") == sums(installation.home / "secrets")
        started = there.run("up")
        assert started.returncode == 0, started.stdout + started.stderr
        check_workspace(there, installation)
        user = httpx.get(
            f"http://127.0.0.1:{there.port}/hub/api/user",
            headers={"Authorization": f"token {token}", "Host": there.address.split("//")[1]},
        )
        assert user.json()["name"] == "alice"
        assert installation.container("alice").status == "running"


def check_workspace(there: TestInstallation, original: TestInstallation) -> None:
    """Sign in with the old password and compare homes from within both workspaces."""
    with HubClient(there, "alice") as alice:
        assert alice.servers() == {}, "the hub takes a workspace of the other for its own"
        alice.start()
        for folder in ("/home/twin", "/workspace"):
            mine, its = (shell(one, "alice", _SUMS, folder) for one in (there, original))
            kept = [line for line in its.splitlines() if "pipe" not in line]
            assert {line for line in kept if "kept" in line} <= set(mine.splitlines())
            loaded = shell(there, "alice", f"cd {folder}{'/data' * (folder != '/home/twin')}/load;"
                           "for f in [0-9]*; do uniq -c $f; done; tail -c 20000 log")  # fmt: skip
            counts = [line.split() for line in loaded.splitlines() if line.startswith(" ")]
            assert counts
            assert {count for count, _ in counts} == {"3000"}
            log = [line for line in loaded.splitlines() if not line.startswith(" ")][1:-1]
            assert [int(line) for line in log] == list(range(int(log[0]), int(log[-1]) + 1))


@pytest.mark.d4(28)
def test_a_killed_backup_leaves_nothing_of_that_name_and_the_next_one_works(
    installation: TestInstallation, alice: HubClient, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    kill_after(installation, "Assets:", "backup", str(file))
    assert not file.exists()
    assert not (installation.home / "state" / ".copy.sqlite").exists()
    assert installation.run("backup", str(file)).returncode == 0
    assert os.listdir(tmp_path) == ["backup.tar"]  # noqa: PTH208


@pytest.mark.d4(28)
def test_a_killed_restore_is_no_installation_and_the_next_one_works(
    installation: TestInstallation, alice: HubClient, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    assert installation.run("backup", str(file)).returncode == 0
    with second_home("restored-twice") as there:
        arguments = ("restore", "--prefix=restored-twice", str(file))
        with subprocess.Popen([str(TWINHUB), *arguments], env=there.environment) as command:
            wait_for(lambda: has_volume("restored-twice-home-alice"), seconds=_SECONDS,
                     what="a volume")  # fmt: skip
            command.send_signal(signal.SIGKILL)
        assert command.returncode == -signal.SIGKILL
        assert not (there.home / "twinhub.yaml").exists()
        started = there.run("up")
        assert started.returncode == 1
        assert "has not ended" in started.stderr
        done = there.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not (there.home / ".restoring").exists()
        assert not engine().images.list("twinhub/restore")
        assert sums(there.home / "secrets") == sums(installation.home / "secrets")
        large = "/home/twin/kept/large"
        said = engine().containers.run(
            installation.container("alice").attrs["Config"]["Image"], ["sha256sum", large],
            volumes=["restored-twice-home-alice:/home/twin:ro"], network_mode="none", remove=True,
        )  # fmt: skip
        assert said.decode() == shell(installation, "alice", f"sha256sum {large}")


def has_volume(name: str) -> bool:
    try:
        return bool(engine().volumes.get(name))
    except NotFound:
        return False
