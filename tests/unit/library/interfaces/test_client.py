"""The client, the command and the package for notebooks, with the library itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from twinhub import assets
from twinhub_api.cli.main import main
from twinhub_api.client.errors import ProblemError
from twinhub_api.client.library import LibraryClient
from twinhub_api.library.imports import UpdateReport
from twinhub_api.library.publishing import Published, PublishRequest

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    from tests.fixtures.library import RunningLibrary


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient]) -> LibraryClient:
    return LibraryClient(client_of("alice"), name="library")


def test_assets_are_listed_and_told_about(alice: LibraryClient) -> None:
    assert {one.path for one in alice.list_assets()} == {
        "alice/models/tank", "alice/data/levels.csv", "common/data/weather.csv",
    }  # fmt: skip
    assert [one.path for one in alice.list_assets(area="common")] == ["common/data/weather.csv"]
    assert alice.get_asset("alice/models/tank").is_folder
    assert alice.find_asset("alice/models/none") is None
    assert alice.find_nearest("alice/models/tnak") == "alice/models/tank"
    assert {one.name for one in alice.list_folder("alice/models/tank")} == {
        "README.md", "model.txt",
    }  # fmt: skip


def test_a_file_goes_there_and_back_whole(alice: LibraryClient, tmp_path: Path) -> None:
    source, target = tmp_path / "a.bin", tmp_path / "b.bin"
    source.write_bytes(bytes(range(256)) * 10_000)
    told: list[int] = []
    entry = alice.upload(source, "alice/data/a b.bin", tell=lambda done, _: told.append(done))
    assert entry.size == 2_560_000
    assert told[-1] == 2_560_000
    assert alice.download("alice/data/a b.bin", target) == 2_560_000
    assert target.read_bytes() == source.read_bytes()
    assert b"".join(alice.read("alice/data/levels.csv")).startswith(b"time,level")
    with pytest.raises(ProblemError):
        alice.upload(source, "alice/data/a b.bin")
    assert alice.upload(source, "alice/data/a b.bin", replace=True).size == 2_560_000


def test_a_refusal_has_the_text_of_the_library(alice: LibraryClient, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(ProblemError, match="for reading only") as refused:
        alice.upload(tmp_path / "x", "common/data/x")
    assert refused.value.status == 403


def test_what_is_published_is_imported_and_brought_up_to_date(
    client_of: Callable[[str], TestClient], alice: LibraryClient, library_root: Path
) -> None:
    teacher = LibraryClient(client_of("instructor"), name="library")
    source = library_root / "instructor" / "models" / "pump"
    source.mkdir(parents=True)
    for version, text in {"1.0.0": "first\n\nlast\n", "1.1.0": "first\n\nlast of all\n"}.items():
        (source / "run.py").write_text(text)
        request = PublishRequest(path="instructor/models/pump", version=version, message="New")
        done = teacher.wait(teacher.start_publishing(request))
        assert Published.model_validate(done.result).state == "published"
        if version == "1.0.0":
            alice.wait(alice.start_import("common/models/pump@1.0.0"))
    mine = library_root / "alice" / "models" / "pump" / "run.py"
    mine.write_text("mine\n\nlast\n")
    (copy,) = alice.list_imports("alice")
    assert (copy.path, copy.version, copy.newest) == ("alice/models/pump", "1.0.0", "1.1.0")
    report = UpdateReport.model_validate(alice.wait(alice.start_update(copy.id)).result)
    assert [(one.path, one.outcome) for one in report.files] == [("run.py", "merged")]
    assert mine.read_text() == "mine\n\nlast of all\n"
    with pytest.raises(ProblemError) as refused:
        alice.start_publishing(PublishRequest(path="alice/models/pump", version="2.0.0"))
    assert refused.value.status == 403


@pytest.fixture(name="served")
def _served(
    library_root: Path,
    running_library: Callable[..., RunningLibrary],
    monkeypatch: pytest.MonkeyPatch,
) -> RunningLibrary:
    running = running_library(library_root)
    monkeypatch.setenv("TWINHUB_LIBRARY_URL", running.url)
    monkeypatch.setenv("JUPYTERHUB_USER", "alice")
    monkeypatch.setenv("TWINHUB_WORKSPACE", str(library_root / "alice"))
    (library_root / "alice" / "common").symlink_to(library_root / "common")
    return running


@pytest.mark.heavy
@pytest.mark.usefixtures("served")
def test_command_and_notebook_speak_with_a_running_library(
    capsys: pytest.CaptureFixture[str], library_root: Path
) -> None:
    wait_for(lambda: len(assets.search("weather")) == 1, seconds=20, what="the index follows")
    (found,) = assets.search("weather")
    assert found.reference == "common/data/weather.csv"
    assert assets.search("no-such-thing-at-all").count == 0
    assert assets.show("models/tank").title == "A tank"
    with pytest.raises(assets.AssetsError, match="There is no asset"):
        assets.show("models/none")
    assert main(["assets", "search", "weather"]) == 0
    assert "common/data/weather.csv" in capsys.readouterr().out
    assert main(["assets", "show", "models/tnak"]) == 2
    assert "did you mean models/tank?" in capsys.readouterr().err
    assert main(["assets", "usage"]) == 0
    assert re.search(r"free on the disk", capsys.readouterr().out)
