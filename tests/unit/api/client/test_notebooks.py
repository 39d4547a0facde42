"""``twinhub.assets``: what a notebook gets, and what it shows."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from twinhub import assets
from twinhub_api.client.library import LibraryClient

from tests.unit.api.client.answering import Answering, imported, operation, problem, report
from tests.unit.api.client.test_assets_command import _hit, _page

if TYPE_CHECKING:
    from pathlib import Path

_BAD = "<img src=x onerror=alert(1)>"


@pytest.fixture(name="workspace")
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("data/mine", "common/data/x@1.0.0", "common/data/x@1.2.0", "common/data/x@2.0.0",
                 "teams/pumps/data/y"):  # fmt: skip
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "levels.csv").touch()
    monkeypatch.setenv("TWINHUB_WORKSPACE", str(tmp_path))
    monkeypatch.delenv("TWINHUB_LIBRARY_URL", raising=False)
    return tmp_path


@pytest.fixture(name="library")
def _library(monkeypatch: pytest.MonkeyPatch) -> Answering:
    library = Answering()
    monkeypatch.setattr(LibraryClient, "here", lambda *_: library.client())
    monkeypatch.setenv("JUPYTERHUB_USER", "alice")
    return library


@pytest.mark.parametrize(
    ("reference", "place"),
    [
        ("common/data/x@1", "common/data/x@1.2.0"),
        ("common/data/x@1.0.0", "common/data/x@1.0.0"),
        ("common/data/x", "common/data/x@2.0.0"),
        ("common/data/x/levels.csv@1.0", "common/data/x@1.0.0/levels.csv"),
        ("data/mine", "data/mine"),
        ("teams/pumps/data/y", "teams/pumps/data/y"),
    ],
)
def test_a_path_is_found_without_the_library(workspace: Path, reference: str, place: str) -> None:
    assert assets.path(reference) == workspace / place


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("data/mien", "did you mean data/mine?"),
        ("common/data/x@3", "there are 2.0.0, 1.2.0, 1.0.0"),
        ("common/date/x", "data"),
        ("common/data/x/level.csv", "levels.csv"),
        ("../secret", "secret"),
    ],
)
def test_what_is_not_there_gets_the_nearest(reference: str, text: str) -> None:
    with pytest.raises(assets.AssetsError) as wrong:
        assets.path(reference)
    assert text in str(wrong.value)


def test_what_is_shown_in_a_notebook_is_text(library: Answering) -> None:
    library.on("GET /api/search", (200, _page(_hit("common/models/tank", _BAD))))
    found = assets.search("tank", kind="models", keyword=["a", "b"])
    assert "<img" not in found._repr_html_()
    assert "&lt;img" in found._repr_html_()
    assert "<img" not in found[0]._repr_html_()
    assert repr(found) == "Asset(common/models/tank@1.0.0)"
    assert library.asked == ["GET /api/search?q=tank&kind=models&keyword=a&keyword=b"]


def test_a_search_for_nothing_says_what_else(library: Answering) -> None:
    library.on("GET /api/search", (200, _page(suggestions=[_BAD])))
    assert "<img" not in assets.search("x")._repr_html_()
    assert repr(assets.search("x")) == f"Nothing was found; did you mean {_BAD}?"


def test_a_copy_is_made_and_brought_up_to_date(library: Answering) -> None:
    library.on("POST /api/imports", operation("done", result=imported()))
    assert assets.import_("common/models/tank@1", to="models/tank").path == "alice/models/tank"
    library.on("GET /api/imports", (200, {"imports": [imported()]}))
    outcomes = [("a.py", "conflict", f"{_BAD}.py"), ("b.py", "unchanged", None)]
    library.on("POST /api/imports/7/update", operation("done", result=report(outcomes)))
    done = assets.update("models/tank")
    assert done.conflicts == ["a.py"]
    assert "<img" not in done._repr_html_()
    assert "b.py" not in repr(done)
    with pytest.raises(assets.AssetsError, match="was not imported"):
        assets.update("models/other")


def test_there_is_one_kind_of_error(library: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    library.on("GET /api/search", problem(403, "not-allowed", "This token may not."))
    with pytest.raises(assets.AssetsError, match="This token may not"):
        assets.search("x")
    monkeypatch.undo()
    monkeypatch.delenv("TWINHUB_LIBRARY_URL", raising=False)
    with pytest.raises(assets.AssetsError, match="TWINHUB_LIBRARY_URL"):
        assets.show("common/models/tank")


def test_nothing_is_imported_before_it_is_used() -> None:
    program = (
        "import sys; from twinhub import assets; "
        "print(sorted({'httpx', 'pydantic', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_name_that_is_not_there_gets_the_nearest(library: Answering) -> None:
    tank = {"path": "common/models/tank", "area": "common", "label": "", "kind": "models",
            "name": "tank", "root": "common", "is_folder": True, "title": ""}  # fmt: skip
    library.on("GET /api/assets", (200, {"assets": [tank]}))
    with pytest.raises(
        assets.AssetsError, match=r"no asset common/models/tnak; did you mean .*tank"
    ):
        assets.show("common/models/tnak")
    with pytest.raises(assets.AssetsError, match=r"no asset tank$"):
        assets.show("tank")
