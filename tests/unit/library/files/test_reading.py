from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

LEVELS = "/api/files/alice/data/levels.csv"
CONTENT = b"time,level\n0,1.5\n1,1.25\n"


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient]) -> TestClient:
    return client_of("alice")


def test_file_is_read_as_an_attachment_that_acts_on_no_page(alice: TestClient) -> None:
    answer = alice.get(LEVELS)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="levels.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(CONTENT))


@pytest.mark.d4(5)
@pytest.mark.parametrize(
    ("name", "media_type", "kind"),
    [
        ("page.html", "text/plain; charset=utf-8", "attachment"),
        ("drawing.svg", "image/svg+xml", "attachment"),
        ("photo.png", "image/png", "inline"),
        ("notes.md", "text/plain; charset=utf-8", "attachment"),
        ("model.fmu", "application/zip", "attachment"),
        ("page.xhtml", "application/octet-stream", "attachment"),
        ("x.pdf", "application/pdf", "attachment"),
        ("noend", "application/octet-stream", "attachment"),
        ("data.csv.gz", "application/octet-stream", "attachment"),
    ],
)
def test_what_is_asked_for_inline_is_shown_only_where_that_is_safe(
    alice: TestClient, library_root: Path, name: str, media_type: str, kind: str
) -> None:
    (library_root / "alice" / "data" / name).write_bytes(b"<script>")
    answer = alice.get(f"/api/files/alice/data/{name}", params={"inline": True})
    assert answer.headers["content-type"] == media_type
    expected = "inline" if media_type.startswith("text/plain") else kind
    assert answer.headers["content-disposition"].split(";")[0] == expected
    assert "sandbox" in answer.headers["content-security-policy"]


def test_name_that_is_not_ascii_is_given_in_both_ways(
    alice: TestClient, library_root: Path
) -> None:
    (library_root / "alice" / "data" / 'café "1".txt').write_text("x")
    answer = alice.get('/api/files/alice/data/café "1".txt')
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"caf_ _1_.txt\"; filename*=UTF-8''caf%C3%A9%20%221%22.txt"
    )


@pytest.mark.parametrize(
    ("asked", "status", "content", "said"),
    [
        ("bytes=0-3", 206, CONTENT[:4], "bytes 0-3/24"),
        ("bytes=4-", 206, CONTENT[4:], "bytes 4-23/24"),
        ("bytes=-5", 206, CONTENT[-5:], "bytes 19-23/24"),
        ("bytes=20-999", 206, CONTENT[20:], "bytes 20-23/24"),
        ("bytes=-999", 206, CONTENT, "bytes 0-23/24"),
        ("bytes=5-3", 200, CONTENT, None),
        ("bytes=x-y", 200, CONTENT, None),
        ("bytes=-", 200, CONTENT, None),
        ("pages=1-2", 200, CONTENT, None),
        ("bytes=0-5,3-9", 200, CONTENT, None),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(20)), 200, CONTENT, None),
    ],
)
def test_range_is_answered_or_ignored_as_http_says(
    alice: TestClient, asked: str, status: int, content: bytes, said: str | None
) -> None:
    answer = alice.get(LEVELS, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get("content-range") == said
    assert answer.headers["content-length"] == str(len(content))


def test_range_after_the_end_is_refused_with_the_size(alice: TestClient) -> None:
    for asked in ("bytes=24-", "bytes=-0", "bytes=99-100,200-"):
        answer = alice.get(LEVELS, headers={"Range": asked})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == "bytes */24"


def test_several_ranges_come_in_parts(alice: TestClient) -> None:
    answer = alice.get(LEVELS, headers={"Range": "bytes=0-1,4-5,-2"})
    assert answer.status_code == 206
    boundary = answer.headers["content-type"].partition("boundary=")[2]
    parts = answer.content.split(f"--{boundary}".encode())
    assert [part.partition(b"\r\n\r\n")[2][:-2] for part in parts[1:-1]] == [b"ti", b",l", b"5\n"]
    assert b"Content-Range: bytes 4-5/24" in parts[2]
    assert parts[-1] == b"--\r\n"
    assert answer.headers["content-length"] == str(len(answer.content))


def test_reader_who_has_it_gets_no_content(alice: TestClient) -> None:
    first = alice.get(LEVELS)
    etag, date = first.headers["etag"], first.headers["last-modified"]
    for headers in (
        {"If-None-Match": etag}, {"If-None-Match": f'"x", W/{etag}'}, {"If-None-Match": "*"},
        {"If-Modified-Since": date},
    ):  # fmt: skip
        answer = alice.get(LEVELS, headers=headers)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    other = {"If-None-Match": '"x"', "If-Modified-Since": date}
    assert alice.get(LEVELS, headers=other).status_code == 200
    assert alice.get(LEVELS, headers={"If-Match": '"x"'}).status_code == 412
    assert alice.get(LEVELS, headers={"If-None-Match": "bare"}).status_code == 400


def test_range_of_another_version_is_answered_with_the_whole(
    alice: TestClient, library_root: Path
) -> None:
    etag = alice.get(LEVELS).headers["etag"]
    asked = {"Range": "bytes=0-3", "If-Range": etag}
    assert alice.get(LEVELS, headers=asked).status_code == 206
    assert alice.get(LEVELS, headers={**asked, "If-Range": f"W/{etag}"}).status_code == 200
    (library_root / "alice" / "data" / "levels.csv").write_bytes(b"another")
    answer = alice.get(LEVELS, headers=asked)
    assert (answer.status_code, answer.content) == (200, b"another")


def test_head_tells_what_get_would(alice: TestClient) -> None:
    head, get = alice.head(LEVELS), alice.get(LEVELS)
    assert head.content == b""
    assert dict(head.headers) == dict(get.headers)
    ranged = alice.head(LEVELS, headers={"Range": "bytes=0-3"})
    assert (ranged.status_code, ranged.headers["content-length"]) == (206, "4")


def test_empty_file_is_read(alice: TestClient, library_root: Path) -> None:
    (library_root / "alice" / "data" / "empty").touch()
    answer = alice.get("/api/files/alice/data/empty")
    assert (answer.status_code, answer.content) == (200, b"")
    answer = alice.get("/api/files/alice/data/empty", headers={"Range": "bytes=0-"})
    assert answer.status_code == 416


def test_checksum_is_that_of_the_content(alice: TestClient) -> None:
    answer = alice.get("/api/checksums/alice/data/levels.csv").json()
    assert answer["digest"] == hashlib.sha256(CONTENT).hexdigest()
    assert answer["etag"] == alice.get(LEVELS).headers["etag"].strip('"')


def test_folder_has_no_content_and_says_so(alice: TestClient) -> None:
    answer = alice.get("/api/files/alice/data")
    assert answer.status_code == 409
    assert "no file with content" in answer.json()["detail"]


def test_large_folder_comes_in_pages(alice: TestClient, library_root: Path) -> None:
    folder = library_root / "alice" / "data" / "many"
    folder.mkdir()
    for number in range(23):
        (folder / f"ä{number:02}").touch()
    names, after = [], ""
    while after is not None:
        page = alice.get(
            "/api/folders/alice/data/many", params={"limit": 10, "after": after}
        ).json()
        names += [one["name"] for one in page["entries"]]
        after = page["next"]
    assert names == [f"ä{number:02}" for number in range(23)]
    bad = alice.get("/api/folders/alice/data/many", params={"after": "é"})
    assert bad.status_code == 400
