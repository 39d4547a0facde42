"""``twin assets``: what is asked, what is printed, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from twinhub_api.cli.assets_printing import render_rows
from twinhub_api.cli.main import main
from twinhub_api.cli.terminal import Terminal
from twinhub_api.client.library import LibraryClient

from tests.unit.api.client.answering import NOW, Answering, imported, operation, problem, report

if TYPE_CHECKING:
    from pathlib import Path

Twin = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="library")
def _library(monkeypatch: pytest.MonkeyPatch) -> Answering:
    library = Answering()
    monkeypatch.setattr(LibraryClient, "here", lambda *_: library.client())
    monkeypatch.setenv("JUPYTERHUB_USER", "alice")
    monkeypatch.delenv("JUPYTERHUB_PUBLIC_HUB_URL", raising=False)
    return library


@pytest.fixture(name="twin")
def _twin(library: Answering, capsys: pytest.CaptureFixture[str]) -> Twin:
    del library

    def twin(*arguments: str) -> tuple[int, str, str]:
        code = main(["assets", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return twin


def _hit(path: str, summary: str) -> dict[str, object]:
    return {
        "path": path, "area": "common", "kind": "models", "name": path.rpartition("/")[2],
        "title": "T", "summary": summary, "version": "1.0.0", "licence": "", "owner": "",
        "keywords": [], "requires": [], "changed_at": NOW, "snippet": {"text": ""},
    }  # fmt: skip


def _page(*hits: dict[str, object], **values: object) -> dict[str, object]:
    return {
        "hits": list(hits), "count": len(hits), "facets": {}, "has_typos": False,
        "suggestions": [], "is_complete": True, "progress": 1.0,
    } | values  # fmt: skip


def _summary(path: str) -> dict[str, object]:
    return {
        "path": path, "area": "common", "label": "", "kind": "models",
        "name": path.rpartition("/")[2], "root": "common", "is_folder": True, "title": "A tank",
    }  # fmt: skip


def test_a_search_prints_a_line_for_each(library: Answering, twin: Twin) -> None:
    page = _page(_hit("common/models/tank", "Fills"), _hit("alice/models/my-tank", "x\x1b[31m"))
    library.on("GET /api/search", (200, page))
    code, out, _ = twin("search", "water", "tank", "--kind", "models", "--area", "common")
    assert code == 0
    assert out == "common/models/tank  1.0.0  Fills\nmodels/my-tank      1.0.0  x\\x1b[31m\n"
    assert library.asked == ["GET /api/search?q=water+tank&kind=models&area=common"]


def test_a_search_without_hits_says_what_else(library: Answering, twin: Twin) -> None:
    library.on("GET /api/search", (200, _page(suggestions=["tank"], is_complete=False,
                                              progress=0.5)))  # fmt: skip
    out = twin("search", "tnk")[1]
    assert "did you mean tank?" in out
    assert "being built (50%)" in out


def test_an_asset_is_shown_with_what_it_needs(library: Answering, twin: Twin) -> None:
    details = _summary("common/models/tank") | {
        "changed_at": NOW, "size": 0, "versions": ["1.1.0", "1.0.0"],
        "requires": [{"reference": "common/data/x", "is_found": False, "problem": "not there"}],
    }  # fmt: skip
    library.on("GET /api/assets/common/models/tank", (200, details))
    out = twin("show", "common/models/tank")[1]
    assert "1.1.0, 1.0.0" in out
    assert "common/data/x (missing: not there)" in out
    assert json.loads(twin("show", "common/models/tank", "--json")[1])["title"] == "A tank"


def test_what_is_withdrawn_says_so_and_why(library: Answering, twin: Twin) -> None:
    said = {"is_withdrawn": True, "withdrawn_why": "Wrong units."}
    library.on("GET /api/search", (200, _page(_hit("common/models/tank@1.0.0", "Fills") | said)))
    assert "[withdrawn: Wrong units.] Fills" in twin("search", "tank")[1]
    details = _summary("common/models/tank@1.0.0") | {"changed_at": NOW, "size": 0, "versions": []}
    library.on("GET /api/assets/common/models/tank@1.0.0", (200, details | said))
    assert "Wrong units." in twin("show", "common/models/tank@1.0.0")[1]


def test_a_name_that_is_not_there_gets_the_nearest(library: Answering, twin: Twin) -> None:
    assets = [_summary("common/models/tank"), _summary("common/models/pump")]
    library.on("GET /api/assets", (200, {"assets": assets}))
    code, out, err = twin("show", "common/models/tnak")
    assert (code, out) == (2, "")
    assert err == "twin: there is no common/models/tnak; did you mean common/models/tank?\n"


def test_a_name_without_its_kind_is_told_how_assets_are_written(
    library: Answering, twin: Twin
) -> None:
    code, _, err = twin("show", "tank")
    assert (code, err) == (
        2,
        "twin: there is no tank; `twin assets search` finds what there is, such as models/tank or"
        " common/data/x\n",
    )
    assert library.asked == ["GET /api/assets/tank"]


def test_what_fits_no_line_of_a_terminal_is_cut_where_it_is_text() -> None:
    rows = [("common/models/tank", "1.0.0", "Water in a tank, with a heater"), ("a", "", "short")]
    assert render_rows(rows, Terminal(width=50), has_text=True).splitlines() == [
        "common/models/tank  1.0.0  Water in a tank, with…",
        "a                          short",
    ]
    assert "with a heater" in render_rows(rows, Terminal(width=50))
    assert "with a heater" in render_rows(rows, Terminal(), has_text=True)


def test_the_bin_names_an_id_only_where_a_path_is_in_it_twice(
    library: Answering, twin: Twin
) -> None:
    def item(number: str, path: str) -> dict[str, object]:
        return {"id": number, "path": f"alice/{path}", "kind": "file", "removed_by": "alice",
                "removed_at": NOW, "expires_at": NOW}  # fmt: skip

    items = [item("i1", "data/x"), item("i2", "data/x"), item("i3", "data/y")]
    library.on("GET /api/bin", (200, {"area": "alice", "items": items}))
    ends = [line.rpartition("  ")[2] for line in twin("bin")[1].splitlines()]
    assert ends == ["i1", "i2", "until 2026-01-02"]


def test_a_grant_of_all_names_says_no_more_than_that(library: Answering, twin: Twin) -> None:
    grant = {"id": 3, "subject_kind": "group", "subject": "pumps", "kind": "*", "pattern": "*",
             "needs_review": True, "made_by": "root", "made_at": NOW}  # fmt: skip
    library.on("POST /api/grants", (201, grant))
    out = twin("grant", "--team", "pumps", "--review")[1]
    assert out == "3 group pumps may publish all kinds after a review\n"


def test_an_import_waits_and_says_where_the_copy_is(library: Answering, twin: Twin) -> None:
    library.on("POST /api/imports", operation("waiting"))
    library.on("GET /api/operations/op1", operation("done", result=imported()))
    code, out, _ = twin("import", "common/models/tank@1.0")
    assert (code, out) == (0, "models/tank: a copy of common/models/tank 1.0.0\n")
    assert library.bodies[0] == {"source": "common/models/tank@1.0", "target": ""}
    twin("import", "common/models/tank", "models/other", "--json")
    assert library.bodies[2]["target"] == "alice/models/other"


def test_an_update_tells_each_file_and_ends_with_1_where_one_is_to_look(
    library: Answering, twin: Twin
) -> None:  # fmt: skip
    outcomes = [("a.py", "merged", None), ("b.py", "conflict", "b.yours.py"),
                ("c.py", "unchanged", None)]  # fmt: skip
    library.on("GET /api/imports", (200, {"imports": [imported()]}))
    library.on("POST /api/imports/7/update", operation("done", result=report(outcomes)))
    code, out, _ = twin("update", "models/tank")
    assert code == 1
    assert out.splitlines() == [
        "   merged  a.py",
        " conflict  b.py (yours: b.yours.py)",
        "models/tank is now 1.1.0: 1 conflict, 1 merged, 1 unchanged",
    ]
    assert "area=alice" in library.asked[0]


def test_all_copies_are_those_with_a_newer_version(library: Answering, twin: Twin) -> None:
    old = imported("alice/models/old", id=8)
    library.on("GET /api/imports", (200, {"imports": [imported(is_outdated=False), old]}))
    library.on("POST /api/imports/8/update", operation("done", result=report([])))
    assert twin("update", "--all", "--dry-run")[0] == 0
    assert library.bodies[-1] == {"version": "", "dry_run": True}
    assert twin("update")[0] == 2
    assert twin("update", "models/tank", "--all")[0] == 2


def test_what_was_not_imported_cannot_be_updated(library: Answering, twin: Twin) -> None:
    library.on("GET /api/imports", (200, {"imports": [imported()]}))
    code, _, err = twin("update", "models/tonk")
    assert code == 2
    assert "models/tonk was not imported" in err
    assert "models/tank" in err


def test_a_secret_stops_publishing_with_its_place(
    library: Answering, twin: Twin, tmp_path: Path
) -> None:  # fmt: skip
    changes = tmp_path / "CHANGES.md"
    changes.write_text("- more\n")
    text = "run.sh:3: this looks like a token: remove it, or name the file"
    refused = problem(409, "secret-found", text)
    assert isinstance(refused, tuple)
    library.on("POST /api/versions", operation("failed", problem=refused[1]))
    code, _, err = twin("publish", "models/tank", "--version", "1.0.0", "--message", "First",
                        "--changelog", str(changes), "--allow-secret", "x.txt")  # fmt: skip
    assert (code, err) == (2, f"twin: {text}\n")
    assert library.bodies[0] == {
        "path": "alice/models/tank", "version": "1.0.0", "message": "First",
        "changelog": "- more\n", "allowed_secrets": ["x.txt"], "dry_run": False,
    }  # fmt: skip


def test_a_dry_run_of_publishing_says_that_it_could(library: Answering, twin: Twin) -> None:
    library.on("POST /api/versions", operation("done", result={"state": "checked"}))
    assert twin("publish", "models/tank", "--dry-run")[1] == "All is well: it could be published.\n"


def _pulled(outcome: str) -> dict[str, object]:
    file = {"path": "a.txt", "outcome": outcome, "copy_path": "a (yours).txt", "note": ""}
    return {
        "commit": "c", "files": [file], "files_count": 1, "was_rewritten": False, "kept": None,
        "left_out": [], "notes": [],
    }  # fmt: skip


_REPOSITORY: dict[str, object] = {
    "id": "r1", "place": "alice/models/tank", "url": "https://git/x.git", "branch": "main",
    "folder": "", "credential": "none", "connected_by": "alice", "connected_at": NOW,
    "synced_at": None, "fault": "", "conflicts": [], "follow_path": "",
}  # fmt: skip


def test_who_connects_is_asked_for_no_credential_which_leaves_it_to_the_login(
    library: Answering, twin: Twin
) -> None:
    library.on("POST /api/repositories", (201, _REPOSITORY))
    for options, kind in (((), None), (("--login",), "login"), (("--public",), "none")):
        code, out, _ = twin("connect", "models/tank", "https://git/x.git", *options)
        assert (code, out.partition(" is ")[0]) == (0, "models/tank")
        sent = library.bodies[-1]["credential"]
        assert (sent and sent["kind"]) == kind


def test_a_sync_tells_of_each_place_and_of_conflicts(library: Answering, twin: Twin) -> None:
    library.on("GET /api/repositories", (200, {"repositories": [_REPOSITORY]}))
    library.on("POST /api/repositories/r1/sync", operation("done", result={
        "pulled": _pulled("conflict"), "pushed": None, "notes": []}))  # fmt: skip
    code, out, _ = twin("sync", "models/tank", "--message", "Mine")
    assert code == 1
    assert out.splitlines() == [
        "models/tank: 1 file pulled; https://git/x.git",
        "  conflict  a.txt (yours: a (yours).txt)",
        "  Nothing is pushed: merge both into one file, remove the copy, sync again.",
    ]
    library.on("POST /api/repositories/r1/pull", operation("done", result=_pulled("updated")))
    assert twin("sync", "--pull", "--dry-run")[:2] == (
        0, "models/tank: would have 1 file pulled; https://git/x.git\n"
    )  # fmt: skip
    pushed = {"commit": "c", "changes": [], "changes_count": 3, "left_out": []}
    library.on("POST /api/repositories/r1/push", operation("done", result=pushed))
    assert twin("sync", "--push")[1] == "models/tank: 3 files pushed; https://git/x.git\n"
    library.on("GET /api/repositories", (200, {"repositories": []}))
    assert "`twin assets connect`" in twin("sync")[2]


def test_a_dry_run_of_a_sync_names_file_and_line_of_a_likely_secret(
    library: Answering, twin: Twin
) -> None:
    library.on("GET /api/repositories", (200, {"repositories": [_REPOSITORY]}))
    secret = {"path": "run.sh", "line": 3, "what": "a token of GitLab"}
    pushed = {"commit": None, "changes": [], "changes_count": 1, "left_out": [],
              "secrets": [secret]}  # fmt: skip
    library.on("POST /api/repositories/r1/push", operation("done", result=pushed))
    code, out, _ = twin("sync", "models/tank", "--push", "--dry-run", "--allow-secret", "a.txt")
    assert (code, out.splitlines()[1]) == (1, "  secret    run.sh:3: a token of GitLab")
    assert "--allow-secret" in out
    assert library.bodies[1]["allowed_secrets"] == ["a.txt"]


_STATUS = {
    "base": "c", "ahead": 1, "behind": 1, "was_rewritten": True,
    "changes": [{"path": f"{number}.txt", "kind": "added"} for number in range(25)],
    "changes_count": 25, "left_out": [{"path": "x", "reason": "a link"}],
    "conflicts": ["a (yours).txt"], "fault": "It does not answer.", "synced_at": NOW,
}  # fmt: skip


def test_a_status_tells_what_waits_and_ends_with_1_where_somebody_has_to_look(
    library: Answering, twin: Twin
) -> None:
    followed = _REPOSITORY | {"follow_path": "alice/models/tank"}
    library.on("GET /api/repositories", (200, {"repositories": [followed]}))
    library.on("GET /api/repositories/r1/status", (200, _STATUS))
    code, out, _ = twin("status", "--fetch")
    lines = out.splitlines()
    assert code == 1
    assert lines[:5] == [
        "models/tank: https://git/x.git, branch main",
        "  synced 2026-01-02 03:04; 25 files to push, 1 commit to pull",
        "  each new version of models/tank is published",
        "  The other side has replaced commits; a pull keeps what you have changed.",
        "  added     0.txt",
    ]
    assert lines[-4:] == [
        "  and 5 more: --json lists them",
        "  left out  x: a link",
        "  conflict  yours is a (yours).txt: merge both, remove it, sync again",
        "  the last time: It does not answer.",
    ]
    assert library.asked[-1].endswith("/status?fetch=true")
    assert json.loads(twin("status", "--json")[1])["alice/models/tank"]["status"]["ahead"] == 1
    library.on("GET /api/repositories", (200, {"repositories": []}))
    assert twin("status")[:2] == (
        0, "Nothing is connected with a repository: `twin assets connect` connects an asset.\n"
    )  # fmt: skip


def test_a_file_finds_the_repository_that_it_is_in_and_others_the_near_ones(
    library: Answering, twin: Twin
) -> None:
    area = _REPOSITORY | {"id": "r0", "place": "alice"}
    library.on("GET /api/repositories", (200, {"repositories": [area, _REPOSITORY]}))
    differs = {"path": "a.txt", "text": "-a\n+b\n"}
    library.on("GET /api/repositories/r1/difference", (200, differs))
    assert twin("difference", "models/tank/a.txt", "1a2b3c4")[1] == "-a\n+b\n"
    assert library.asked[-1].endswith("/r1/difference?path=a.txt&commit=1a2b3c4")
    assert "name a file in it" in twin("difference", "models/tank")[2]
    library.on("GET /api/repositories", (200, {"repositories": [_REPOSITORY]}))
    code, _, err = twin("history", "models/tonk")
    assert (code, err) == (
        2, "twin: models/tonk is not connected with a repository; connected are models/tank\n"
    )  # fmt: skip


def test_a_commit_is_listed_and_restored(library: Answering, twin: Twin) -> None:
    commit = {"id": "1a2b3c4d5e6f7a8b", "parents": [], "author": "ada", "at": NOW,
              "message": "One\n\nmore"}  # fmt: skip
    library.on("GET /api/repositories", (200, {"repositories": [_REPOSITORY]}))
    library.on("GET /api/repositories/r1/commits", (200, {"commits": [commit], "next": "1"}))
    assert twin("history", "models/tank", "--limit", "1")[1].splitlines() == [
        "1a2b3c4d5e6f  2026-01-02 03:04  ada  One",
        "and more: a --limit above 1 lists them",
    ]
    restored = _pulled("updated") | {"kept": "9f8e7d6c5b4a3c2d"}
    library.on("POST /api/repositories/r1/restore", operation("done", result=restored))
    code, out, _ = twin("history", "models/tank/a.txt", "--restore", "1a2b3c4")
    assert code == 0
    assert library.bodies[-1] == {"commit": "1a2b3c4", "path": "a.txt", "dry_run": False}
    assert out.splitlines() == [
        "  updated   a.txt",
        "models/tank/a.txt is as in 1a2b3c4: 1 file changed",
        "What was there before is kept: `twin assets history models/tank --restore 9f8e7d6c5b4a` "
        "brings it back.",
    ]


def test_what_follows_is_looked_at_by_the_clock_or_told_by_a_webhook(
    library: Answering, twin: Twin, tmp_path: Path
) -> None:
    (tmp_path / "hook").write_text("known\n")
    library.on("GET /api/repositories", (200, {"repositories": [_REPOSITORY]}))
    following = _REPOSITORY | {
        "follow_path": "alice/models/tank", "follow_seconds": 600, "has_webhook": True,
    }  # fmt: skip
    library.on("PUT /api/repositories/r1/follow", (200, following))
    hook = ("--webhook-secret", str(tmp_path / "hook"))
    code, out, err = twin("follow", "models/tank", "--every", "10m", *hook)
    assert (code, library.bodies[-1]) == (0, {
        "path": "alice/models/tank", "every_seconds": 600, "webhook_secret": "known"
    })  # fmt: skip
    assert out.endswith(": /services/library/api/repositories/r1/webhook\n")
    assert "address of your TwinHub" in err
    for wrong in ("10", "8d", "often"):
        assert twin("follow", "models/tank", "--every", wrong)[0] == 2
    assert "say when" in twin("follow", "models/tank")[2]


def test_a_connection_is_changed_in_what_is_named_and_ended(library: Answering, twin: Twin) -> None:
    library.on("GET /api/repositories", (200, {"repositories": [_REPOSITORY]}))
    library.on("PATCH /api/repositories/r1", (200, _REPOSITORY | {"branch": "next"}))
    assert "say what" in twin("reconnect", "models/tank")[2]
    out = twin("reconnect", "models/tank", "--branch", "next")[1]
    assert out == "models/tank is connected with https://git/x.git, branch next, by nothing\n"
    assert library.bodies[-1]["branch"] == "next"
    assert "credential" not in library.bodies[-1]
    library.on("DELETE /api/repositories/r1", (204, b""))
    assert "its files stay" in twin("disconnect", "models/tank")[1]
    assert "not connected" in twin("disconnect", "models/tank/a.txt")[2]


def test_usage_is_told_in_words(library: Answering, twin: Twin) -> None:
    area = {
        "area": "alice", "area_kind": "private", "bytes": 3 * 2**20, "files": 2, "kinds": {},
        "limit": 2**30, "is_enforced": False, "measured_at": NOW,
    }  # fmt: skip
    library.on("GET /api/usage", (200, {"items": [area], "free": 5 * 2**40, "kept_free": 0}))
    assert twin("usage")[1] == "alice  3.0 MiB  of 1.0 GiB\n5.0 TiB are free on the disk\n"
    items = [{"path": "alice/models/tank", "kind": "models", "bytes": 10, "files": 2}]
    library.on("GET /api/usage/alice", (200, {"usage": area, "items": items}))
    assert twin("usage", "alice")[1] == "models/tank  10 B  2 files\n"


def test_a_link_opens_what_is_common(
    library: Answering, twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    details = _summary("common/models/tank") | {"changed_at": NOW, "size": 0}
    library.on("GET /api/assets/common/models/tank@1.0.0", (200, details))
    entry = {"name": "a b.ipynb", "kind": "file", "size": 2, "changed_at": NOW, "etag": "e",
             "is_usable": True}  # fmt: skip
    library.on("GET /api/entries/common/models/tank@1.0.0/a b.ipynb", (200, entry))
    link = "/open/common/models/tank@1.0.0?path=a%20b.ipynb"
    asked = ("open-link", "common/models/tank@1.0.0", "--path", "a b.ipynb")
    code, out, err = twin(*asked)
    assert (code, out) == (0, f"{link}\n")
    assert "address of your TwinHub" in err
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_HUB_URL", "https://twins.example.org/hub/")
    assert twin(*asked)[1:] == (f"https://twins.example.org{link}\n", "")
    assert "publish it" in twin("open-link", "models/tank")[2]
    assert "has no c.ipynb" in twin("open-link", "common/models/tank@1.0.0", "--path", "c.ipynb")[2]


_COURSE = {
    "name": "course", "title": "Tanks", "summary": "A course.", "version": "1.0.0",
    "asset": "common/data/course@1.0.0", "link": "/open/collections/course",
}  # fmt: skip
_ITEMS = [
    {"heading": "Week 1", "text": "Begin here."},
    {"title": "First steps", "asset": "common/models/tank", "path": "start.ipynb", "link": "/x"},
    {"title": "gone", "asset": "common/models/gone", "is_there": False},
]
_COPIED = [
    {"heading": "Week 1"},
    {"title": "First steps", "asset": "common/models/tank", "outcome": "updated", "conflicts": 1,
     "opens": "models/tank/start.ipynb"},
    {"title": "Pump", "asset": "common/models/pump", "outcome": "own", "detail": "Rename yours."},
]  # fmt: skip


def test_a_collection_is_shown_in_its_order(library: Answering, twin: Twin) -> None:
    detail = {"collection": _COURSE, "items": _ITEMS, "versions": ["1.0.0"], "faults": []}
    library.on("GET /api/collections/course@1.0.0", (200, detail))
    assert twin("show", "collections/course@1.0.0")[:2] == (
        0,
        "Tanks 1.0.0\n  A course.\n\nWeek 1\n  Begin here.\n"
        "- First steps  common/models/tank/start.ipynb\n"
        "- gone  common/models/gone (not published any more)\n",
    )


def test_a_collection_is_copied_whole_and_ends_with_1_where_one_is_to_look(
    library: Answering, twin: Twin
) -> None:
    copied = {"name": "course", "title": "Tanks", "version": "1.0.0", "items": _COPIED,
              "report": "/open/reports/x"}  # fmt: skip
    library.on("POST /api/collections/course/copy", operation("done", result=copied))
    code, out, _ = twin("import", "collections/course")
    assert code == 1
    assert out.splitlines() == [
        "updated, 1 changed on both sides  First steps  models/tank/start.ipynb",
        "not copied                        Pump         common/models/pump",
        "Pump: Rename yours.",
    ]
    assert json.loads(twin("import", "collections/course", "--json")[1])["title"] == "Tanks"
    assert "leave out the target" in twin("import", "collections/course", "x")[2]


def test_a_link_opens_a_collection(library: Answering, twin: Twin) -> None:
    detail = {"collection": _COURSE, "items": [], "versions": ["1.0.0"], "faults": []}
    library.on("GET /api/collections/course", (200, detail))
    assert twin("open-link", "collections/course")[1] == "/open/collections/course\n"
    assert "leave out --path" in twin("open-link", "collections/course", "--path", "x")[2]
    assert "not there" in twin("open-link", "collections/corse")[2]


def test_an_interruption_cancels_and_ends_with_130(library: Answering, twin: Twin) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    library.on_sleep = interrupt
    library.on("POST /api/imports", operation("running"))
    code, _, err = twin("import", "common/models/tank")
    assert code == 130
    assert "interrupted" in err
    assert library.asked[-1] == "DELETE /api/operations/op1"


def test_a_library_that_is_not_there_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWINHUB_LIBRARY_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("twinhub_api.client.base._PAUSES", ())
    assert main(["assets", "usage"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("twin: The library at http://127.0.0.1:9 does not answer: ")
    assert said.out == ""
