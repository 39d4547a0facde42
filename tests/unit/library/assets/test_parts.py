"""Parts of an asset: tree, size, model, table, notebook, picture, graph, users, history."""

from __future__ import annotations

import json
import os
import time
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_api.library.assets import HistoryEntry

from tests.fixtures.waiting import wait_for
from tests.unit.dtconfig.models import FMI_2, write_fmu
from tests.unit.library.assets.test_catalogue import make, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from httpx import Response
    from starlette.testclient import TestClient
    from twinhub_library.assets import Asset
    from twinhub_library.library import Library

TANK = "alice/models/tank"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient]) -> TestClient:
    return client_of("alice")


@pytest.fixture(name="tank")
def _tank(library_root: Path) -> Path:
    return library_root / TANK


def get(client: TestClient, part: str, path: str = TANK, **query: Any) -> Response:  # noqa: ANN401
    answer: Response = client.get(f"/api/assets/{path}/-/{part}", params=query)
    return answer


def check_refused(answer: Response, status: int, words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_every_part_that_details_name_can_be_asked_for(alice: TestClient, tank: Path) -> None:
    write_fmu(tank / "a.fmu", FMI_2)
    (tank / "a b.csv").write_text("a,b\n1,2\n")
    (tank / "a.ipynb").write_text('{"cells": []}')
    (tank / "a.png").write_bytes(PNG)
    parts = alice.get(f"/api/assets/{TANK}").json()["parts"]
    assert {part["name"] for part in parts} == {
        "tree", "size", "history", "requires", "used-by", "readme", "model", "table", "notebook",
        "image",
    }  # fmt: skip
    for part in parts:
        answer = alice.get(part["address"])
        assert answer.status_code == 200, part
        again = alice.get(part["address"], headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    "part",
    ["readme", "tree", "size", "history", "requires", "used-by", "model", "table", "notebook",
     "image", "graph"],
)  # fmt: skip
@pytest.mark.d4(14)
def test_no_part_of_somebody_elses_asset_is_there(alice: TestClient, part: str) -> None:
    for path in ("bob/models/secret", "teams/pumps/models/pump", "alice/models/absent"):
        check_refused(get(alice, part, path), 404, f"{path}")


@pytest.mark.parametrize("part", ["model", "table", "notebook", "image"])
@pytest.mark.d4(21)
def test_the_file_of_a_part_is_in_the_asset(
    alice: TestClient, library_root: Path, tank: Path, part: str
) -> None:
    suffix = {"model": "fmu", "table": "csv", "notebook": "ipynb", "image": "png"}[part]
    make(library_root, f"bob/models/secret/a.{suffix}")
    (tank / f"link.{suffix}").symlink_to(f"../../../bob/models/secret/a.{suffix}")
    os.mkfifo(tank / f"pipe.{suffix}")
    check_refused(get(alice, part, file=f"../../../bob/models/secret/a.{suffix}"), 400, "'..'")
    check_refused(get(alice, part, file=f"/etc/a.{suffix}"), 400, "absolute")
    check_refused(get(alice, part, file=f"link.{suffix}"), 409, "leads out")
    check_refused(get(alice, part, file=f"pipe.{suffix}"), 409, "no file with content")
    check_refused(get(alice, part, file=f"none.{suffix}"), 404, "not there")
    check_refused(get(alice, part, file="README.md"), 422, f"is no {part}")
    check_refused(get(alice, part, file="d/" * 63 + f"a.{suffix}"), 400, "deep")
    check_refused(get(alice, part, file=f"a\0.{suffix}"), 400, "is no name")


def test_a_tree_is_told_page_by_page(alice: TestClient, tank: Path) -> None:
    make(tank, "a/b/c/d.txt", "a/b/e.txt", "a/z.txt", "a-b/x", "z/y")
    (tank / "link").symlink_to("a")
    paths = [
        "README.md", "a", "a/b", "a/b/c", "a/b/c/d.txt", "a/b/e.txt", "a/z.txt", "a-b", "a-b/x",
        "link", "model.txt", "z", "z/y",
    ]  # fmt: skip
    whole = get(alice, "tree", depth=64).json()
    assert [one["path"] for one in whole["entries"]] == paths
    assert {one["path"]: one["kind"] for one in whole["entries"]}["link"] == "link"
    for limit in (1, 2, 5):
        found: list[str] = []
        after = ""
        while True:
            page = get(alice, "tree", depth=64, limit=limit, after=after).json()
            found += [one["path"] for one in page["entries"]]
            after = page["next"]
            if not after:
                break
        assert found == paths
    top = get(alice, "tree").json()["entries"]
    assert [one["path"] for one in top] == [path for path in paths if "/" not in path]
    check_refused(get(alice, "tree", after="nonsense"), 400, "no cursor")


@pytest.mark.d4(31)
def test_a_deep_tree_and_long_names_are_told(alice: TestClient, tank: Path) -> None:
    deep = "/".join(["d" * 20] * 40)
    make(tank, f"{deep}/f.txt", "n" * 255)
    entries = get(alice, "tree", depth=64, limit=1000).json()["entries"]
    assert f"{deep}/f.txt" in [one["path"] for one in entries]
    size = sum(file.stat().st_size for file in tank.rglob("*") if file.is_file())
    measured = {"size": size, "files": 4, "folders": 40, "is_complete": True}
    assert get(alice, "size").json() == measured


def test_a_tree_deeper_than_any_path_ends(alice: TestClient, tank: Path) -> None:
    folder = os.open(tank, os.O_RDONLY)
    for _ in range(500):
        os.mkdir("deeper", dir_fd=folder)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    page = get(alice, "tree", depth=64, limit=1000).json()
    assert page["is_cut"]
    assert not get(alice, "size").json()["is_complete"]


def test_a_size_counts_no_link(alice: TestClient, library_root: Path, tank: Path) -> None:
    (tank / "link").symlink_to("README.md")
    make(library_root, "alice/models/x.fmu", "alice/models/x.md")
    assert get(alice, "size").json()["files"] == 2
    assert get(alice, "size", "alice/models/x.fmu").json() == {
        "size": 2, "files": 2, "folders": 0, "is_complete": True,
    }  # fmt: skip


def test_a_model_tells_its_variables_page_by_page(alice: TestClient, tank: Path) -> None:
    write_fmu(tank / "a.fmu", FMI_2)
    model = get(alice, "model", limit=3).json()
    assert (model["name"], model["fmi_version"], model["count"]) == ("Two", "2.0", 9)
    assert (model["kinds"], model["platforms"]) == (["CoSimulation"], ["linux64"])
    assert [one["name"] for one in model["variables"]] == ["T", "label", "mode"]
    assert model["variables"][0]["unit"] == "K"
    second = get(alice, "model", limit=100, after=model["next"]).json()
    assert len(second["variables"]) == 6
    assert second["next"] == ""


def test_a_single_fmu_is_its_own_model(alice: TestClient, library_root: Path) -> None:
    write_fmu(library_root / "alice/models/x.fmu", FMI_2)
    path = "alice/models/x.fmu"
    assert get(alice, "model", path).json()["name"] == "Two"
    assert get(alice, "model", path, file="x.fmu").json()["name"] == "Two"
    check_refused(get(alice, "model", path, file="y.fmu"), 404, "single file")


@pytest.mark.heavy
@pytest.mark.d4(26)
def test_a_hostile_fmu_is_refused_in_plain_words(alice: TestClient, tank: Path) -> None:
    with zipfile.ZipFile(tank / "bomb.fmu", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("modelDescription.xml", b"\0" * (33 * 2**20))
    (tank / "text.fmu").write_text("no archive")
    (tank / "empty.fmu").write_text("")
    write_fmu(tank / "entity.fmu", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')
    with zipfile.ZipFile(tank / "many.fmu", "w") as archive:
        for at in range(60_000):
            archive.writestr(f"{at:060}", b"")
    begun = time.thread_time()
    for name in ("bomb", "text", "empty", "entity", "many"):
        answer = get(alice, "model", file=f"{name}.fmu")
        check_refused(answer, 422, f"{TANK}/{name}.fmu")
        assert "/proc" not in answer.text
    assert time.thread_time() - begun < 5


def test_a_table_tells_its_head_and_what_its_columns_hold(alice: TestClient, tank: Path) -> None:
    rows = "".join(
        f"2026-01-{day:02} 10:00,{day},{day / 2},true,{'x' * day},\n" for day in range(1, 31)
    )
    (tank / "a.csv").write_text(f"time,n,half,flag,text,none\n{rows}2026-02-01,,NaN,,,\n")
    table = get(alice, "table").json()
    assert (table["separator"], table["encoding"], table["has_header"]) == (",", "utf-8", True)
    assert (table["rows"], table["is_complete"], len(table["head"])) == (31, True, 20)
    assert table["columns"] == [
        {"name": "time", "type": "time", "missing": 0, "minimum": "2026-01-01 10:00",
         "maximum": "2026-02-01", "mean": None},
        {"name": "n", "type": "integer", "missing": 1, "minimum": 1, "maximum": 30, "mean": 15.5},
        {"name": "half", "type": "number", "missing": 1, "minimum": 0.5, "maximum": 15,
         "mean": 7.75},
        {"name": "flag", "type": "boolean", "missing": 1, "minimum": None, "maximum": None,
         "mean": None},
        {"name": "text", "type": "text", "missing": 1, "minimum": None, "maximum": None,
         "mean": None},
        {"name": "none", "type": "empty", "missing": 31, "minimum": None, "maximum": None,
         "mean": None},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "separator", "encoding", "types"),
    [
        (b"a;b\n1,5;2\n2,5;3\n", ";", "utf-8", "number integer"),
        (b"a\tb\n1\t2\n", "\t", "utf-8", "integer integer"),
        ("\ufeffa,b\n1,2\n".encode(), ",", "utf-8", "integer integer"),
        ("a,b\n1,2\n".encode("utf-16"), ",", "utf-16", "integer integer"),
        ("größe,b\n1,2\n".encode("cp1252"), ",", "cp1252", "integer integer"),
        (b"only\n1\n2\n", ",", "utf-8", "integer"),
        (b'"a, b",c\n"1, 2",3\n', ",", "utf-8", "text integer"),
        (b"a|b\r\n1|2\r\n", "|", "utf-8", "integer integer"),
        (b"a,b\r1,2\r3,4\r", ",", "utf-8", "integer integer"),
        (b"a,b\n1e400,1\n2,2\n", ",", "utf-8", "number integer"),
    ],
)
def test_separator_encoding_and_types_are_found(
    alice: TestClient, tank: Path, content: bytes, separator: str, encoding: str, types: str
) -> None:
    (tank / "a.csv").write_bytes(content)
    table = get(alice, "table").json()
    assert (table["separator"], table["encoding"]) == (separator, encoding)
    assert table["has_header"]
    assert [one["type"] for one in table["columns"]] == types.split()


def test_a_first_row_with_values_is_no_header(alice: TestClient, tank: Path) -> None:
    (tank / "a.csv").write_bytes(b"1,2\n3,4\n")
    table = get(alice, "table").json()
    assert not table["has_header"]
    assert [one["name"] for one in table["columns"]] == ["1", "2"]
    assert table["rows"] == 2


@pytest.mark.heavy
@pytest.mark.parametrize(
    "content",
    [
        b",".join(b"%d" % at for at in range(10_000)) + b"\n" + b",".join([b"1"] * 10_000),
        (b",".join([b"1"] * 10_000) + b"\n") * 200,
        b"a,b\n" + b"1,2\n" * 1_000_000,
        b'"' + b"x" * 3_000_000,
        b"," * 3_000_000,
        b"\n" * 3_000_000,
        b"a," * 20 + b"\n" + b'"\n' * 900_000,
        b"9" * 3_000_000,
        b"a,b\n1,2,3,4\n1\n",
        b"a,b\n" + b"9" * 400 + b",-1e999\n",
    ],
    ids=[
        "wide", "wide and long", "long", "one quote", "commas", "lines", "quotes", "digits",
        "ragged", "huge",
    ],
)  # fmt: skip
def test_an_odd_table_is_told_about_within_limits(
    alice: TestClient, tank: Path, content: bytes
) -> None:
    (tank / "a.csv").write_bytes(content)
    begun = time.thread_time()
    answer = get(alice, "table")
    assert answer.status_code in {200, 422}, answer.text
    assert len(answer.content) < 2_000_000
    assert time.thread_time() - begun < 5
    if answer.status_code == 200:
        table = answer.json()
        assert len(table["columns"]) <= 200
        assert all(len(cell) <= 201 for row in table["head"] for cell in row)


def test_what_is_no_table_is_refused(alice: TestClient, tank: Path) -> None:
    (tank / "a.csv").write_bytes(b"PK\3\4\0\0\0")
    check_refused(get(alice, "table"), 422, "no table of text")
    (tank / "a.csv").write_bytes(b"")
    check_refused(get(alice, "table"), 422, "is empty")


def test_a_notebook_tells_its_outline(alice: TestClient, tank: Path) -> None:
    notebook = {
        "nbformat": 4, "nbformat_minor": 5,
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# The *tank*\n", "text\n", "## `Part` <b>1</b>"]},
            {"cell_type": "code", "source": "1", "outputs": [{}]},
            {"cell_type": "code", "source": "2", "outputs": []},
            {"cell_type": "markdown", "source": "```\n# no heading\n```\n### Last"},
        ],
    }  # fmt: skip
    (tank / "a.ipynb").write_text(json.dumps(notebook))
    outline = get(alice, "notebook").json()
    assert outline["title"] == "The tank"
    assert (outline["kernel"], outline["language"], outline["format"]) == (
        "Python 3",
        "python",
        "4.5",
    )
    assert (outline["code_cells"], outline["text_cells"], outline["outputs"]) == (2, 2, 1)
    assert [(one["level"], one["text"], one["cell"]) for one in outline["headings"]] == [
        (1, "The tank", 0), (2, "Part 1", 0), (3, "Last", 3),
    ]  # fmt: skip


def _heading(level: object) -> str:
    return f'{{"cell_type": "heading", "level": {level}, "source": "x"}}'


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ('{"cells": [1, null, [], {"cell_type": 7, "source": 9}]}', 200),
        ('{"cells": {"a": 1}, "metadata": [], "nbformat": true}', 200),
        (f'{{"worksheets": [{{"cells": [{_heading(2)}]}}, 3]}}', 200),
        (f'{{"worksheets": [{{"cells": [{_heading(chr(34) * 2)}]}}]}}', 200),
        ('{"cells": [{"cell_type": "markdown", "source": "# \\ud800 x"}]}', 200),
        ('{"cells": [], "metadata": {"kernelspec": {"name": "\\udfff"}}}', 200),
        ('{"cells": [{"cell_type": "markdown", "source": "' + "# x\\n" * 50_000 + '"}]}', 200),
        ('{"cells": [' + "{}," * 300_000 + "{}]}", 200),
        ("[" * 200_000, 422), ('{"a":' * 100_000, 422), ("{}", 422), ("[]", 422), ("", 422),
        ("not json", 422), ('{"cells": [' + "9" * 10_000 + "]}", 422), ("\xff", 422),
        (" " * (33 * 2**20), 422), ('{"cells": [NaN, Infinity]}', 200),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_a_broken_notebook_is_told_about_or_refused(
    alice: TestClient, tank: Path, content: str, status: int
) -> None:
    (tank / "a.ipynb").write_bytes(content.encode("latin-1"))
    answer = get(alice, "notebook")
    assert answer.status_code == status, answer.text
    if status == 422:
        assert f"{TANK}/a.ipynb" in answer.json()["detail"]
    else:
        assert len(answer.json()["headings"]) <= 500


@pytest.mark.parametrize(
    ("name", "content", "media"),
    [
        ("a.png", PNG, "image/png"), ("a.JPG", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.gif", b"GIF89a", "image/gif"), ("a.webp", b"RIFF\0\0\0\0WEBP", "image/webp"),
        ("a.svg", b"<svg xmlns='x'><script>alert(1)</script></svg>", "image/svg+xml"),
    ],
)  # fmt: skip
@pytest.mark.d4(5)
def test_a_picture_is_sent_as_it_is_and_can_do_nothing(
    alice: TestClient, tank: Path, name: str, content: bytes, media: str
) -> None:
    (tank / name).write_bytes(content)
    answer = get(alice, "image")
    assert answer.headers["content-type"] == media
    assert answer.content == content
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("content", [b"<html><script>alert(1)</script>", b"", PNG[1:]])
def test_what_only_has_the_name_of_a_picture_is_refused(
    alice: TestClient, tank: Path, content: bytes
) -> None:
    (tank / "a.png").write_bytes(content)
    check_refused(get(alice, "image"), 422, "is no picture")
    (tank / "a.svg").write_bytes(content)
    check_refused(get(alice, "image", file="a.svg"), 422, "is no picture")


def test_a_twin_is_drawn_and_a_broken_one_names_its_faults(
    alice: TestClient, library_root: Path
) -> None:
    twin = library_root / "alice/digital_twins/t"
    make(library_root, "alice/digital_twins/t/x")
    check_refused(get(alice, "graph", "alice/digital_twins/t"), 404, "twin init")
    (twin / "twin.yaml").write_text("format: 1\nname: t\nphases: {execute: ./run}\n")
    assert get(alice, "graph", "alice/digital_twins/t").json()["mermaid"].startswith("flowchart")
    (twin / "twin.yaml").write_text("format: 1\nnam: t\n")
    answer = get(alice, "graph", "alice/digital_twins/t")
    check_refused(answer, 422, "alice/digital_twins/t/twin.yaml:2:1: unknown key 'nam'")
    check_refused(get(alice, "graph"), 404, "is no digital twin")


def test_whoever_needs_an_asset_is_found_in_all_areas_that_the_caller_reads(
    client_of: Callable[[str], TestClient], library_root: Path
) -> None:
    publish(library_root, "models", "tank", "1.0.0", "1.2.0")
    uses = "format: 1\nname: t\nphases: {execute: ./run}\nuses: {m: common/models/tank@1.0.0}\n"
    needs = "requires: [common/models/tank]\n"
    for path, text in {
        "member/digital_twins/t/twin.yaml": uses,
        "teams/pumps/tools/a/asset.yaml": needs,
        "bob/tools/b/asset.yaml": needs,
        "member/tools/c/asset.yaml": "requires: [models/tank]\n",
        "member/examples/e/tools/d/asset.yaml": needs,
    }.items():
        make(library_root, path)
        (library_root / path).write_text(text)
    found = get(client_of("member"), "used-by", "common/models/tank").json()
    assert found["is_complete"]
    assert [(one["path"], one["version"], one["is_this"]) for one in found["users"]] == [
        ("member/digital_twins/t", "1.0.0", False),
        ("member/examples/e/tools/d", "1.2.0", True),
        ("teams/pumps/tools/a", "1.2.0", True),
    ]
    old = get(client_of("bob"), "used-by", "common/models/tank@1.0.0").json()["users"]
    assert [(one["path"], one["is_this"]) for one in old] == [("bob/tools/b", False)]


def test_among_many_assets_the_index_says_who_needs_one(
    alice: TestClient, library_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(library_root, "alice/tools/a/asset.yaml", "alice/tools/b/asset.yaml", "alice/tools/c/x")
    (library_root / "alice/tools/a/asset.yaml").write_text("requires: [models/tank/model.txt]\n")
    (library_root / "alice/tools/b/asset.yaml").write_text("requires: [common/models/tank]\n")
    monkeypatch.setattr("twinhub_library.details.users.MOST_SCANNED", 1)

    def is_found() -> bool:
        found = get(alice, "used-by").json()
        paths = [one["path"] for one in found["users"]]
        assert set(paths) <= {"alice/tools/a"}
        return bool(paths) and bool(found["is_complete"])

    wait_for(is_found, seconds=30, what="the index knows the user")


class Past:
    """A part of the library that knows three things of each asset."""

    def __init__(self, what: str) -> None:
        self.what = what

    def list_history(self, asset: Asset) -> Iterable[HistoryEntry]:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        for day in (9, 5, 1):
            yield HistoryEntry(
                at=start + timedelta(days=day), what=self.what, message=asset.name, mark=str(day)
            )


def test_history_is_put_together_newest_first(alice: TestClient, library: Library) -> None:
    library.history.add(Past("published"))
    library.history.add(Past("commit"))
    whole = get(alice, "history").json()["entries"]
    assert [(one["mark"], one["what"]) for one in whole] == [
        ("9", "published"), ("9", "commit"), ("5", "published"), ("5", "commit"),
        ("1", "published"), ("1", "commit"),
    ]  # fmt: skip
    found, after = [], ""
    while True:
        page = get(alice, "history", limit=1, after=after).json()
        found += page["entries"]
        after = page["next"]
        if not after:
            break
    assert found == whole
