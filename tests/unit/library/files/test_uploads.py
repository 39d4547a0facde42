from __future__ import annotations

import base64
import hashlib
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.quotas import QuotaSettings
from twinhub_library.library import open_library
from twinhub_library.room import Limits
from twinhub_library.settings import LibrarySettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from httpx import Response
    from starlette.testclient import TestClient
    from twinhub_library.library import Library

CONTENT = bytes(range(256)) * 10_000
TUS = {"Tus-Resumable": "1.0.0"}
PLACE = "alice/data/large.bin"


@pytest.fixture(name="library_settings")
def _library_settings(library_root: Path, tmp_path: Path) -> LibrarySettings:
    limits, quota = Limits(largest_file=8 << 20), QuotaSettings(free_bytes=0)
    return LibrarySettings(library_root, tmp_path / "state", limits=limits, quota=quota)


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient]) -> TestClient:
    return client_of("alice")


def _metadata(**facts: str) -> str:
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in facts.items()
    )


def _begin(client: TestClient, size: int, **metadata: str) -> Response:
    headers = {
        **TUS, "Upload-Length": str(size),
        "Upload-Metadata": _metadata(**{"path": PLACE, **metadata}),
    }  # fmt: skip
    answer: Response = client.post("/api/uploads", headers=headers)
    return answer


def _url(client: TestClient, **metadata: str) -> str:
    answer = _begin(client, len(CONTENT), **metadata)
    assert answer.status_code == 201, answer.text
    return f"/api/{answer.headers['location']}"


def _patch(client: TestClient, url: str, offset: int, content: bytes, **more: str) -> Response:
    headers = {
        **TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }  # fmt: skip
    answer: Response = client.patch(url, content=content, headers=headers)
    return answer


def _offset(client: TestClient, url: str) -> int:
    answer = client.head(url, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def _sha1(content: bytes) -> str:
    return f"sha1 {base64.b64encode(hashlib.sha1(content).digest()).decode()}"  # noqa: S324


def test_server_says_what_of_tus_it_speaks(alice: TestClient) -> None:
    headers = alice.options("/api/uploads").headers
    assert headers["tus-version"] == "1.0.0"
    assert headers["tus-extension"] == "creation,expiration,checksum,termination"
    assert headers["tus-checksum-algorithm"] == "sha1,sha256,md5"
    assert headers["tus-max-size"] == str(8 << 20)


def test_file_arrives_in_pieces_and_is_seen_when_it_is_whole(
    alice: TestClient, library_root: Path
) -> None:
    url = _url(alice)
    place = library_root / PLACE
    assert _offset(alice, url) == 0
    assert _patch(alice, url, 0, CONTENT[:1_000_000]).headers["upload-offset"] == "1000000"
    assert not place.exists()
    assert _patch(alice, url, 1_000_000, CONTENT[1_000_000:]).status_code == 204
    assert place.read_bytes() == CONTENT
    assert _offset(alice, url) == len(CONTENT)
    again = _patch(alice, url, len(CONTENT), b"")
    assert again.status_code == 204


def test_piece_at_another_place_is_refused_and_changes_nothing(alice: TestClient) -> None:
    url = _url(alice)
    _patch(alice, url, 0, b"abc")
    assert _patch(alice, url, 1, b"xyz").status_code == 409
    assert _patch(alice, url, 7, b"xyz").status_code == 409
    assert _offset(alice, url) == 3


def test_more_than_was_announced_is_refused(alice: TestClient) -> None:
    url = _url(alice)
    assert _patch(alice, url, 0, CONTENT + b"x").status_code == 400
    assert _offset(alice, url) <= len(CONTENT)


def test_piece_with_another_checksum_does_not_count(alice: TestClient, library_root: Path) -> None:
    url = _url(alice)
    half = len(CONTENT) // 2
    wrong = _patch(alice, url, 0, CONTENT[:half], Upload_Checksum=_sha1(b"other"))
    assert (wrong.status_code, wrong.json()["status"]) == (460, 460)
    assert _offset(alice, url) == 0
    right = _patch(alice, url, 0, CONTENT[:half], Upload_Checksum=_sha1(CONTENT[:half]))
    assert right.status_code == 204
    for bad in ("crc32 AAAA", "sha1 !", "sha1"):
        answer = _patch(alice, url, half, b"x", Upload_Checksum=bad)
        assert answer.status_code in {400, 460}
    assert _offset(alice, url) == half
    _patch(alice, url, half, CONTENT[half:], Upload_Checksum=_sha1(CONTENT[half:]))
    assert (library_root / PLACE).read_bytes() == CONTENT


def test_whole_file_with_another_digest_is_not_put_in_place(
    alice: TestClient, library_root: Path
) -> None:
    url = _url(alice, sha256=hashlib.sha256(b"other").hexdigest())
    answer = _patch(alice, url, 0, CONTENT)
    assert (answer.status_code, answer.json()["code"]) == (412, "changed")
    assert not (library_root / PLACE).exists()
    right = _url(alice, sha256=hashlib.sha256(CONTENT).hexdigest())
    assert _patch(alice, right, 0, CONTENT).status_code == 204
    assert (library_root / PLACE).read_bytes() == CONTENT


def test_what_is_there_meanwhile_is_not_overwritten_where_the_client_says_so(
    alice: TestClient, library_root: Path
) -> None:
    (library_root / PLACE).write_bytes(b"old")
    seen = alice.get(f"/api/files/{PLACE}").headers["etag"].strip('"')
    for if_match in ("", "other"):
        url = _url(alice, if_match=if_match)
        assert _patch(alice, url, 0, CONTENT).status_code in {409, 412}
        assert (library_root / PLACE).read_bytes() == b"old"
    assert _patch(alice, _url(alice, if_match=seen), 0, CONTENT).status_code == 204
    assert (library_root / PLACE).read_bytes() == CONTENT


def test_empty_file_is_in_place_at_once(alice: TestClient, library_root: Path) -> None:
    assert _begin(alice, 0).status_code == 201
    assert (library_root / PLACE).read_bytes() == b""


def test_upload_is_ended_by_its_owner(alice: TestClient, library_root: Path) -> None:
    url = _url(alice)
    _patch(alice, url, 0, b"abc")
    assert alice.delete(url, headers=TUS).status_code == 204
    assert alice.head(url, headers=TUS).status_code == 404
    assert list((library_root / ".library" / "uploads").iterdir()) == []


@pytest.mark.d4(14)
@pytest.mark.parametrize("name", ["bob", "member", "instructor", "admin"])
def test_upload_of_another_looks_like_a_missing_one(
    client_of: Callable[[str], TestClient], name: str
) -> None:
    url, other = _url(client_of("alice")), client_of(name)
    answers = [
        _patch(other, url, 0, b"x"), other.head(url, headers=TUS), other.delete(url, headers=TUS),
        _begin(other, 3),
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} == {404}
    assert other.get("/api/uploads").json() == {"uploads": []}
    assert _offset(client_of("alice"), url) == 0
    assert client_of("").head(url, headers=TUS).status_code == 401
    assert _begin(client_of(name), 3, path="common/data/x").status_code == 403


def test_own_uploads_are_listed_to_be_resumed(alice: TestClient) -> None:
    url = _url(alice)
    _patch(alice, url, 0, b"abc")
    (found,) = alice.get("/api/uploads").json()["uploads"]
    assert (found["id"], found["path"], found["offset"]) == (url.rpartition("/")[2], PLACE, 3)
    _patch(alice, url, 3, CONTENT[3:])
    assert alice.get("/api/uploads").json() == {"uploads": []}


@pytest.mark.d4(25)
def test_upload_over_a_limit_is_refused_before_it_begins(
    alice: TestClient, library: Library, library_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _begin(alice, (8 << 20) + 1).status_code == 413
    monkeypatch.setattr(library.tree, "count_free_bytes", lambda: 5 << 20)
    assert _begin(alice, 3 << 20).status_code == 201
    second = _begin(alice, 3 << 20)
    assert (second.status_code, second.json()["code"]) == (507, "disk-full")
    assert len(list((library_root / ".library" / "uploads").iterdir())) == 1


@pytest.mark.d4(25)
def test_uploads_that_bring_nothing_lock_nobody_else_out(
    alice: TestClient, client_of: Callable[[str], TestClient], library: Library,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(library.tree, "count_free_bytes", lambda: 5 << 20)
    assert _begin(alice, 3 << 20).status_code == 201
    theirs = _metadata(path="bob/models/secret/x.csv")
    headers = {**TUS, "Upload-Length": str(3 << 20), "Upload-Metadata": theirs}
    assert client_of("bob").post("/api/uploads", headers=headers).status_code == 201


def test_what_tus_does_not_allow_is_refused_before_a_byte_counts(alice: TestClient) -> None:
    url = _url(alice)
    kind = "application/offset+octet-stream"
    no_version = alice.patch(
        url, content=b"x", headers={"Upload-Offset": "0", "Content-Type": kind}
    )
    assert (no_version.status_code, no_version.headers["tus-version"]) == (412, "1.0.0")
    assert _patch(alice, url, 0, b"x", Content_Type="text/plain").status_code == 415
    assert _offset(alice, url) == 0
    length = {**TUS, "Upload-Length": "3", "Upload-Metadata": _metadata(path=PLACE)}
    for headers, content in (
        ({**TUS, "Upload-Metadata": _metadata(path=PLACE)}, b""),
        ({**length, "Upload-Length": "-1"}, b""),
        ({**length, "Upload-Defer-Length": "1"}, b""),
        ({**length, "Upload-Concat": f"final;{url}"}, b""),
        (length, b"abc"),
        ({**length, "Upload-Metadata": ""}, b""),
        ({**length, "Upload-Metadata": _metadata(path="../x")}, b""),
        ({**length, "Upload-Metadata": _metadata(path="alice")}, b""),
        ({**length, "Upload-Metadata": _metadata(path=PLACE, sha256="x")}, b""),
    ):
        assert alice.post("/api/uploads", headers=headers, content=content).status_code == 400
    nowhere = {**length, "Upload-Metadata": _metadata(path="alice/nowhere/x")}
    assert alice.post("/api/uploads", headers=nowhere).status_code == 404
    for number in ("0" * 32, "..", "x", "..%2F..%2Fbin"):
        assert alice.head(f"/api/uploads/{number}", headers=TUS).status_code in {404, 405}


def test_address_of_an_upload_is_relative_to_the_request(alice: TestClient) -> None:
    headers = {
        **TUS, "Upload-Length": "3", "Upload-Metadata": _metadata(path=PLACE),
        "X-Forwarded-Host": "elsewhere.example",
    }  # fmt: skip
    plain = alice.post("/api/uploads", headers=headers).headers["location"]
    slashed = alice.post("/api/uploads/", headers=headers).headers["location"]
    assert plain.startswith("uploads/")
    assert len(slashed) == 32


def test_upload_goes_on_after_a_restart_and_what_is_whole_is_put_in_place(
    library_settings: LibrarySettings, library_root: Path
) -> None:
    with open_library(library_settings) as library:
        one = library.uploads.begin("alice", RelativePath.parse("alice/one"), 6)
        two = library.uploads.begin("alice", RelativePath.parse("alice/two"), 3)
        three = library.uploads.begin("alice", RelativePath.parse("alice/three"), 6)
        library.uploads.append(one.id, bytearray(b"abc"))
        library.uploads.append(two.id, bytearray(b"xyz"))
        library.uploads.append(three.id, bytearray(b"abc"))
        library.uploads.begin_piece(three.id)
        library.uploads.append(three.id, bytearray(b"XY"))
    (library_root / ".library" / "uploads" / ("0" * 32)).mkdir()
    with open_library(library_settings) as library:
        assert library.uploads.get_offset(library.uploads.get(one.id)) == 3
        assert library.uploads.get(two.id).is_done
        assert (library_root / "alice" / "two").read_bytes() == b"xyz"
        assert library.uploads.get_offset(library.uploads.get(three.id)) == 3
        assert len(list((library_root / ".library" / "uploads").iterdir())) == 3


def test_upload_expires(alice: TestClient, library: Library, library_root: Path) -> None:
    url = _url(alice)
    number = url.rpartition("/")[2]
    upload = library.uploads.get(number)
    assert upload.expires_at > datetime.now(UTC) + timedelta(days=6)
    expires = _patch(alice, url, 0, b"abc").headers["upload-expires"]
    assert expires.endswith("GMT")
    past = datetime.now(UTC) - timedelta(seconds=1)
    object.__setattr__(upload, "expires_at", past)
    assert alice.head(url, headers=TUS).status_code == 404
    library.uploads.purge_expired()
    assert list((library_root / ".library" / "uploads").iterdir()) == []


def test_member_who_has_left_uploads_no_more(
    client_of: Callable[[str], TestClient], library_root: Path
) -> None:
    member = client_of("member")
    url = _url(member, path="teams/pumps/models/x")
    (library_root / "teams" / "pumps").rename(library_root / "teams" / "off")
    assert _patch(member, url, 0, b"abc").status_code == 404


def test_random_pieces_make_the_file(alice: TestClient, library_root: Path) -> None:
    content = os.urandom(3_000_001)
    answer = _begin(alice, len(content), path="alice/data/random")
    url = f"/api/{answer.headers['location']}"
    offset = 0
    for size in (1, 0, 1_048_576, 1_048_577, 500_000, len(content)):
        piece = content[offset : offset + size]
        offset = int(_patch(alice, url, offset, piece).headers["upload-offset"])
    assert (library_root / "alice/data/random").read_bytes() == content
