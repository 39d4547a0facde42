"""A restore changes all or nothing, and only what has to be another on another machine."""

from __future__ import annotations

import gc
import io
import sqlite3
import tarfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.cli.main import main
from twinhub_hub.installation import Installation
from twinhub_hub.operate import archive
from twinhub_hub.operate.archive import ArchiveWriter, Header
from twinhub_hub.operate.backup import copy_database
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.operate.restore import check_restored, restore
from twinhub_hub.operate.steps import Steps
from twinhub_hub.settings.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# docker-py leaves the socket of a refused connection to the garbage collector
pytestmark = [
    pytest.mark.d4(64),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
QUIET = Steps(quiet=True)
SETTINGS = b"version: 1\nengine:\n  prefix: old  # mine\n  network: old\n"


@pytest.fixture(autouse=True)
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No Docker answers, and no home but the test's own is at hand."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setenv("TWINHUB_HOME", str(tmp_path / "new"))
    yield
    gc.collect()  # those sockets, within their own test


def write(path: Path, files: Mapping[str, bytes], *, engine: str = "process") -> Path:
    """Write an archive with these files and the folders that they need."""
    header = Header(
        format=archive.FORMAT, twinhub="0.1.0", created="then", engine=engine, uid=1000,
        prefix="old", network="old",
    )  # fmt: skip
    folders = {name.rsplit("/", n)[0] for name in files for n in range(1, name.count("/") + 1)}
    order = sorted(
        folders | set(files),
        key=lambda n: (archive.PARTS.index(n.partition("/")[0]), *n.split("/")),
    )
    with path.open("wb") as file, ArchiveWriter(file, header) as writer:
        for name in order:
            member = tarfile.TarInfo(name)
            member.type = tarfile.REGTYPE if name in files else tarfile.DIRTYPE
            member.mode, member.size = (0o600 if name in files else 0o700), len(files.get(name, ""))
            writer.add(member, io.BytesIO(files.get(name, b"")))
    return path


def hub_database(path: Path) -> bytes:
    """A hub's database with a workspace that runs."""
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("create table servers (id integer, ip text)")
        made.execute("create table spawners (id, server_id, state text, started text, name text)")
        made.execute("insert into servers values (1, 'hub'), (2, '172.18.0.2')")
        made.execute("insert into spawners values (1, 2, '{\"object_id\": \"ab\"}', 'then', '')")
    return path.read_bytes()


def test_a_restore_changes_the_prefix_and_forgets_what_runs_elsewhere(tmp_path: Path) -> None:
    database = hub_database(tmp_path / "hub.sqlite")
    path = write(
        tmp_path / "b.tar",
        {
            "installation/state/jupyterhub.sqlite": database,
            "installation/twinhub.yaml": SETTINGS,
            "assets/common/file": b"shared",
            "homes/alice/file": b"hers",
        },
    )
    new = Installation(tmp_path / "new")
    assert restore(new, path, QUIET, prefix="fresh").prefix == "fresh"
    text = new.settings_file.read_text()
    assert text == "version: 1\nengine:\n  prefix: fresh  # mine\n  network: fresh\n"
    assert (new.home / "assets" / "common" / "file").read_bytes() == b"shared"
    assert (new.homes / "alice" / "file").read_bytes() == b"hers"
    with closing(sqlite3.connect(new.database)) as found:
        assert found.execute("select ip from servers").fetchall() == [("hub",)]
        spawner = found.execute("select server_id, state, started from spawners").fetchone()
    assert spawner == (None, None, None)
    check_restored(new)


def test_assets_that_lie_elsewhere_are_put_there(tmp_path: Path) -> None:
    place = tmp_path / "disk" / "assets"
    settings = f"storage:\n  assets: {place}\n".encode()
    files = {"installation/twinhub.yaml": settings, "assets/common/file": b"shared"}
    path = write(tmp_path / "b.tar", files)
    restore(Installation(tmp_path / "new"), path, QUIET, prefix="")
    assert (place / "common" / "file").read_bytes() == b"shared"
    assert [p.name for p in place.parent.iterdir()] == ["assets"]
    with pytest.raises(OperateError, match="is there and not empty"):
        restore(Installation(tmp_path / "other"), path, QUIET, prefix="")
    assert not (tmp_path / "other").exists()


def test_settings_that_cannot_be_used_leave_nothing(tmp_path: Path) -> None:
    files = {"installation/twinhub.yaml": b"versoin: 1\n", "assets/common/file": b""}
    path = write(tmp_path / "b.tar", files)
    with pytest.raises(SettingsError):
        restore(Installation(tmp_path / "new"), path, QUIET, prefix="")
    assert not (tmp_path / "new").exists()


def test_a_database_that_is_none_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "installation/state/jupyterhub.sqlite": b"no database",
        "installation/twinhub.yaml": SETTINGS,
    }
    path = write(tmp_path / "b.tar", files)
    assert main(["restore", str(path)]) == 2
    assert "is no database of a hub" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_volumes_need_an_engine(tmp_path: Path) -> None:
    files = {"installation/twinhub.yaml": SETTINGS, "volumes/alice/file": b"hers"}
    path = write(tmp_path / "b.tar", files, engine="docker")
    with pytest.raises(OperateError, match="homes go to Docker's volumes"):
        restore(Installation(tmp_path / "new"), path, QUIET, prefix="")


def test_a_killed_restore_is_begun_anew_and_up_refuses_it_until_then(tmp_path: Path) -> None:
    new = Installation(tmp_path / "new")
    (new.restoring / "home" / "assets").mkdir(parents=True)
    (new.restoring / "id").write_text("0" * 16)
    (new.home / "secrets").mkdir()  # was being moved to its place
    (new.home / "secrets" / "old").touch()
    with pytest.raises(OperateError, match="has not ended"):
        check_restored(new)
    restore(new, write(tmp_path / "b.tar", {"installation/twinhub.yaml": SETTINGS}), QUIET,
            prefix="")  # fmt: skip
    assert {path.name for path in new.home.iterdir()} == {".lock", "twinhub.yaml"}


@pytest.mark.parametrize("prefix", ["UP", "-a", "a/b", "x" * 40])
def test_a_prefix_that_docker_or_the_settings_refuse_is_refused(
    tmp_path: Path, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["restore", f"--prefix={prefix}", str(tmp_path / "b.tar")]) == 1
    assert "is no prefix" in capsys.readouterr().err


def test_a_damaged_archive_is_wrong_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "b.tar", {"installation/twinhub.yaml": SETTINGS})
    path.write_bytes(path.read_bytes()[:2000])
    assert main(["restore", str(path)]) == 2
    assert f"{path}: byte " in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_damaged_database_stops_a_backup(tmp_path: Path) -> None:
    (tmp_path / "one.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(OperateError, match="cannot be copied"):
        copy_database(tmp_path / "one.sqlite", tmp_path / "copy.sqlite")
