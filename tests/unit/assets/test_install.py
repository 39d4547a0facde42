"""Installing common assets: repeatable, whole files, and what people changed stays theirs."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.assets import AssetsError, InstallReport, install_common
from twinhub_hub.assets.__main__ import main
from twinhub_hub.assets.install import MANIFEST

from tests.fixtures.requirements import need_root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UID = os.getuid()


@pytest.fixture
def as_root() -> None:
    need_root("only root can give files away")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """What a release ships: a table, a script, and what tools leave in a checkout."""
    folder = tmp_path / "source"
    write(folder / "data" / "tank" / "table.csv", "1")
    write(folder / "digital_twins" / "tank" / "lifecycle" / "execute", "#!/bin/sh\n", mode=0o755)
    write(folder / "data" / "tank" / "__pycache__" / "x.pyc", "left over")
    write(folder / "data" / ".mypy_cache" / "x", "left over")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "assets"


@pytest.fixture
def closed_umask() -> Iterator[None]:
    """The strictest umask that anyone uses."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def write(file: Path, text: str, *, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)


def install(source: Path, root: Path) -> InstallReport:
    return install_common(source, root, uid=UID)


def list_files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


TABLE = "data/tank/table.csv"
SCRIPT = "digital_twins/tank/lifecycle/execute"


def test_all_files_but_leftovers_of_tools_are_installed(source: Path, root: Path) -> None:
    report = install(source, root)

    assert report == InstallReport(installed=(TABLE, SCRIPT), unchanged=(), kept=())
    assert list_files(root / "common") == {TABLE, SCRIPT}


@pytest.mark.usefixtures("closed_umask")
def test_modes_do_not_depend_on_the_umask(source: Path, root: Path) -> None:
    install(source, root)

    assert mode_of(root / "common" / TABLE) == 0o644
    assert mode_of(root / "common" / SCRIPT) == 0o755
    folders = [path for path in (root / "common").rglob("*") if path.is_dir()]
    assert {mode_of(folder) for folder in [root / "common", *folders]} == {0o755}


def test_a_repetition_writes_no_asset(source: Path, root: Path) -> None:
    install(source, root)
    before = {name: (root / "common" / name).stat() for name in (TABLE, SCRIPT)}

    report = install(source, root)

    assert report == InstallReport(installed=(), unchanged=(TABLE, SCRIPT), kept=())
    assert {name: (root / "common" / name).stat() for name in (TABLE, SCRIPT)} == before


def test_a_new_release_replaces_what_the_old_one_installed(source: Path, root: Path) -> None:
    install(source, root)
    write(source / TABLE, "2")

    assert install(source, root).installed == (TABLE,)
    assert (root / "common" / TABLE).read_text() == "2"


def test_a_file_changed_by_hand_is_kept_and_reported_every_time(source: Path, root: Path) -> None:
    install(source, root)
    write(root / "common" / TABLE, "mine")
    write(source / TABLE, "2")

    assert install(source, root).kept == (TABLE,)
    assert install(source, root).kept == (TABLE,)
    assert (root / "common" / TABLE).read_text() == "mine"


def test_a_change_that_the_next_release_also_made_is_adopted(source: Path, root: Path) -> None:
    install(source, root)
    for place in (root / "common", source):
        write(place / TABLE, "2")
    assert TABLE in install(source, root).unchanged

    write(source / TABLE, "3")
    assert install(source, root).installed == (TABLE,)


def test_what_the_site_added_stays(source: Path, root: Path) -> None:
    own = root / "common" / "data" / "tank" / "own.csv"
    write(own, "ours")

    install(source, root)

    assert own.read_text() == "ours"


def test_a_file_that_was_there_before_the_first_installation_is_kept(
    source: Path, root: Path
) -> None:
    write(root / "common" / TABLE, "ours")

    report = install(source, root)

    assert (report.installed, report.kept) == ((SCRIPT,), (TABLE,))
    assert (root / "common" / TABLE).read_text() == "ours"


def test_an_asset_that_a_release_drops_is_not_removed(source: Path, root: Path) -> None:
    install(source, root)
    (source / TABLE).unlink()

    install(source, root)

    assert (root / "common" / TABLE).read_text() == "1"


def test_a_removed_file_comes_back(source: Path, root: Path) -> None:
    install(source, root)
    (root / "common" / TABLE).unlink()

    assert install(source, root).installed == (TABLE,)


def test_without_its_manifest_an_installation_is_recognised(source: Path, root: Path) -> None:
    install(source, root)
    (root / MANIFEST).unlink()

    assert install(source, root).unchanged == (TABLE, SCRIPT)


def test_a_damaged_manifest_is_named_with_the_remedy(source: Path, root: Path) -> None:
    install(source, root)
    (root / MANIFEST).write_text("{")

    with pytest.raises(AssetsError, match=rf"{MANIFEST} is damaged: remove it"):
        install(source, root)


@pytest.mark.d4(21)
@pytest.mark.parametrize("linked", ["data", "data/tank", TABLE])
def test_nothing_is_written_through_a_symbolic_link(
    source: Path, root: Path, tmp_path: Path, linked: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "tank" / "table.csv", "1")
    write(elsewhere / "table.csv", "1")
    link = root / "common" / linked
    link.parent.mkdir(parents=True)
    target = {"data": elsewhere, "data/tank": elsewhere, TABLE: elsewhere / "table.csv"}
    link.symlink_to(target[linked])
    write(source / TABLE, "new")

    assert install(source, root).kept == (TABLE,)
    assert (elsewhere / "tank" / "table.csv").read_text() == "1"
    assert (elsewhere / "table.csv").read_text() == "1"
    assert link.is_symlink()


@pytest.mark.d4(23)
@pytest.mark.timeout(20)
def test_a_pipe_in_the_way_is_kept_without_hanging(source: Path, root: Path) -> None:
    pipe = root / "common" / TABLE
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)

    assert install(source, root).kept == (TABLE,)


@pytest.mark.d4(28)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    source: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(source, root)
    write(source / TABLE, "2")

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space"):
            install(source, root)

    assert (root / "common" / TABLE).read_text() == "1"
    assert list_files(root / "common") == {TABLE, SCRIPT}
    assert install(source, root).installed == (TABLE,)


def test_a_symbolic_link_in_the_source_is_refused(source: Path, root: Path) -> None:
    (source / "data" / "tank" / "link.csv").symlink_to("/etc/hostname")

    with pytest.raises(AssetsError, match=r"link\.csv is a symbolic link"):
        install(source, root)


def test_a_source_that_is_missing_is_named(tmp_path: Path, root: Path) -> None:
    with pytest.raises(AssetsError, match="nowhere is no folder"):
        install(tmp_path / "nowhere", root)


@pytest.mark.usefixtures("as_root")
def test_owners_are_set_at_creation_only(source: Path, root: Path) -> None:
    install_common(source, root, uid=4321)
    assert (root / "common" / TABLE).stat().st_uid == 4321
    assert (root / "common" / "data").stat().st_uid == 4321

    os.chown(root / "common" / TABLE, 1234, 1234)
    install_common(source, root, uid=4321)
    assert (root / "common" / TABLE).stat().st_uid == 1234


def test_the_command_reports_what_it_did(
    source: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(root / "common" / TABLE, "ours")
    arguments = ["--source", str(source), "--root", str(root), "--uid", str(UID)]

    assert main(arguments) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"kept, because it was changed here: {TABLE}",
        "common assets: 1 installed, 0 unchanged, 1 kept",
    ]


def test_the_command_fails_with_a_line_that_names_the_fault(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--source", str(tmp_path / "nowhere"), "--root", str(root), "--uid", str(UID)]

    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("common assets: ")
