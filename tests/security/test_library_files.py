"""The library's files against a hostile neighbour: D4 21 to 23, 28 and 31, over its routes."""

from __future__ import annotations

import base64
import io
import os
import socket
import subprocess
import sys
import tarfile
import time
from typing import TYPE_CHECKING

import pytest
from twinhub_library.rest import archives, bins, files, folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from httpx import Response
    from starlette.testclient import TestClient

SECRET = b"OUTSIDE-" + base64.b16encode(os.urandom(12))
TUS = {"Tus-Resumable": "1.0.0"}
_SWAPPER = """
import os, sys, time
folder, outside, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
os.chdir(folder)
end = time.monotonic() + seconds
print("swapping", flush=True)
while time.monotonic() < end:
    os.rename("place", "real"); os.symlink(outside, "place")
    os.unlink("place"); os.rename("real", "place")
    os.rename("file.zip", "real.zip"); os.symlink(outside + "/file.zip", "file.zip")
    os.unlink("file.zip"); os.rename("real.zip", "file.zip")
"""


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient]) -> TestClient:
    return client_of("alice")


@pytest.fixture(name="data")
def _data(library_root: Path) -> Path:
    return library_root / "alice" / "data"


def _fill(folder: Path, content: bytes) -> None:
    (folder / "sub").mkdir(parents=True)
    for name in ("file.zip", "sub/deep.zip"):
        (folder / name).write_bytes(content)


def _tar_of(name: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return file.getvalue()


def _upload(client: TestClient, path: str) -> Response:
    length = {
        **TUS, "Upload-Length": "3",
        "Upload-Metadata": f"path {base64.b64encode(path.encode()).decode()}",
    }  # fmt: skip
    begun: Response = client.post("/api/uploads", headers=length)
    if begun.status_code != 201:
        return begun
    piece = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    url = f"/api/{begun.headers['location']}"
    sent: Response = client.patch(url, headers=piece, content=b"new")
    client.delete(url, headers=TUS)
    return sent


def _hit(client: TestClient, turn: int) -> Iterator[tuple[str, Response]]:
    """Ask for each file route once; yields the method and template of its path with the answer."""
    place = f"alice/data/place/sub/new{turn}"
    for file in (
        "alice/data/place/file.zip",
        "alice/data/place/sub/deep.zip",
        "alice/data/file.zip",
    ):
        yield "GET /api/files/{path:path}", client.get(f"/api/files/{file}")
        yield "HEAD /api/files/{path:path}", client.head(f"/api/files/{file}")
        yield "GET /api/entries/{path:path}", client.get(f"/api/entries/{file}")
        yield "GET /api/checksums/{path:path}", client.get(f"/api/checksums/{file}")
    for kind in ("tar", "zip"):
        packed = client.get("/api/archives/alice/data/place", params={"format": kind})
        yield "GET /api/archives/{path:path}", packed
    yield "GET /api/folders/{path:path}", client.get("/api/folders/alice/data/place/sub")
    yield "PUT /api/files/{path:path}", client.put(f"/api/files/{place}", content=b"new")
    yield "PUT /api/files/{path:path}", client.put("/api/files/alice/data/file.zip", content=b"new")
    yield "POST /api/folders/{path:path}", client.post(f"/api/folders/{place}-folder")
    unpacked = client.post(f"/api/archives/{place}-archive", content=_tar_of("x"))
    yield "POST /api/archives/{path:path}", unpacked
    for route, source, target in (
        ("copies", "alice/data/place", f"alice/data/copy{turn}"),
        ("copies", "alice/data/file.zip", f"{place}-copy"),
        ("moves", place, f"{place}-moved"),
        ("moves", f"{place}-moved", f"alice/data/moved{turn}"),
    ):
        relocation = {"source": source, "target": target}
        yield f"POST /api/{route}", client.post(f"/api/{route}", json=relocation)
    yield "uploads", _upload(client, f"{place}-upload")
    deleted = client.delete(f"/api/files/{place}-copy")
    yield "DELETE /api/files/{path:path}", deleted
    listed = client.get("/api/bin", params={"area": "alice"})
    yield "GET /api/bin", listed
    for item in listed.json()["items"]:
        address, params = f"/api/bin/{item['id']}", {"area": "alice"}
        restoration = {"target": f"{place}-restored"}
        yield (
            "POST /api/bin/{number}/restore",
            client.post(f"{address}/restore", params=params, json=restoration),
        )
        yield "DELETE /api/bin/{number}", client.delete(address, params=params)


def _list_routes() -> set[str]:
    routers = (files.router, folders.router, archives.router, bins.router)
    return {
        f"{method} {route.path}"  # type: ignore[attr-defined]
        for router in routers
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }


def _swap(alice: TestClient, library_root: Path, tmp_path: Path, seconds: float) -> None:
    folder, outside = library_root / "alice" / "data", tmp_path / "outside"
    _fill(folder / "place", b"inside")
    (folder / "file.zip").write_bytes(b"inside")
    _fill(outside, SECRET)
    before = _snapshot(outside)
    arguments = [sys.executable, "-c", _SWAPPER, str(folder), str(outside), str(seconds)]
    hit: dict[str, set[int]] = {}
    turn = 0
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as swapper:
        assert swapper.stdout is not None
        swapper.stdout.readline()
        while swapper.poll() is None:
            turn += 1
            for route, answer in _hit(alice, turn):
                assert SECRET not in answer.content, route
                hit.setdefault(route, set()).add(answer.status_code)
    assert hit.pop("uploads")
    assert set(hit) | {"DELETE /api/bin/{number}", "POST /api/bin/{number}/restore"} == (
        _list_routes()
    )
    assert 200 in hit["GET /api/files/{path:path}"]
    faults = {route: found for route, found in hit.items() if max(found) >= 500}
    assert faults == {}
    assert _snapshot(outside) == before
    found = [one for one in _walk(library_root) if SECRET in one.read_bytes()]
    assert found == []


def _snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(one): (one.read_bytes(), one.stat().st_mtime_ns) for one in _walk(folder)} | {
        str(folder): (b"".join(sorted(os.fsencode(one) for one in folder.rglob("*"))), 0)
    }


def _walk(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = folder.__class__(parent) / name
            if path.is_file() and not path.is_symlink():
                yield path


@pytest.mark.d4(22)
def test_swapping_links_under_every_file_route_leads_nowhere(
    alice: TestClient, library_root: Path, tmp_path: Path
) -> None:
    """A sample of three seconds; the whole minute is `long`."""
    _swap(alice, library_root, tmp_path, 3)


@pytest.mark.long
@pytest.mark.d4(22)
def test_swapping_links_for_a_minute_leads_nowhere(
    alice: TestClient, library_root: Path, tmp_path: Path
) -> None:
    _swap(alice, library_root, tmp_path, 60)


@pytest.mark.d4(23)
@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_file_is_refused_at_once_and_in_words(
    alice: TestClient, data: Path, kind: str
) -> None:
    place = data / "odd"
    with socket.socket(socket.AF_UNIX) as listener:
        if kind == "pipe":
            os.mkfifo(place)
        elif kind == "socket":
            listener.bind(str(place))
        else:
            if os.geteuid():
                pytest.skip("making a device needs root")
            os.mknod(place, 0o600 | 0o020000, os.makedev(1, 3))
        started = time.perf_counter()
        for answer in (
            alice.get("/api/files/alice/data/odd"),
            alice.get("/api/checksums/alice/data/odd"),
            alice.post("/api/copies", json={"source": "alice/data/odd", "target": "alice/x"}),
            alice.post("/api/copies", json={"source": "alice/data", "target": "alice/x"}),
            alice.get("/api/archives/alice/data/odd"),
        ):
            assert answer.status_code in {404, 409}
            assert "odd" in answer.json()["detail"]
        assert time.perf_counter() - started < 5
        listed = alice.get("/api/folders/alice/data").json()["entries"]
        assert {one["name"]: one["kind"] for one in listed} == {
            "levels.csv": "file", "odd": "other",
        }  # fmt: skip
        assert alice.delete("/api/files/alice/data/odd").status_code == 200


_ELSEWHERE = (
    "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "%2e%2e%2f%2e%2e%2fbob",
    "alice/%2e%2e/bob/models/secret/notes.txt", "alice/data/%00", "%2fetc%2fpasswd",
    "alice/data/levels.csv%00.txt", "alice/" + "a" * 5000, "alice/data/%c0%ae%c0%ae/x",
    "alice/data/..%c0%af..%c0%afetc", "alice/data/%ff", "alice/data/%e0%80%ae",
    "alice/data/%ed%a0%80", ".library/state/library.sqlite", "teams/.library/x", "alice/data/x%0ay",
    "alice-suffix/data", "alice/data/" + "n" * 256, "alice/" + "d/" * 70 + "x",
)  # fmt: skip


@pytest.mark.d4(21)
def test_path_that_leads_elsewhere_gets_nothing_whatever_it_is_written_like(
    alice: TestClient, library_root: Path
) -> None:
    (library_root / "alice-suffix" / "data").mkdir(parents=True)
    before = sorted(library_root.rglob("*"))
    for path in _ELSEWHERE:
        answers = [
            alice.get(f"/api/files/{path}"), alice.head(f"/api/files/{path}"),
            alice.put(f"/api/files/{path}", content=b"x"), alice.delete(f"/api/files/{path}"),
            alice.get(f"/api/folders/{path}"), alice.post(f"/api/folders/{path}"),
            alice.get(f"/api/entries/{path}"), alice.get(f"/api/checksums/{path}"),
            alice.get(f"/api/archives/{path}"), alice.post(f"/api/archives/{path}", content=b"x"),
        ]  # fmt: skip
        assert {answer.status_code for answer in answers} <= {400, 404}, path
    assert sorted(library_root.rglob("*")) == before


@pytest.mark.d4(31)
def test_names_of_255_bytes_and_trees_of_40_folders_work(alice: TestClient, data: Path) -> None:
    long_name = "ä" * 127 + "x"
    folders_of = [f"alice/data/{'/'.join(['d'] * depth)}" for depth in range(1, 41)]
    for folder in folders_of:
        assert alice.post(f"/api/folders/{folder}").status_code == 201
    file = f"{folders_of[-1]}/{long_name}"
    assert alice.put(f"/api/files/{file}", content=b"deep").status_code == 201
    assert alice.get(f"/api/files/{file}").content == b"deep"
    copied = alice.post("/api/copies", json={"source": "alice/data/d", "target": "alice/data/e"})
    assert copied.status_code == 201
    packed = alice.get("/api/archives/alice/data/e", params={"format": "tar"})
    with tarfile.open(fileobj=io.BytesIO(packed.content)) as archive:
        assert any(name.endswith(long_name) for name in archive.getnames())
    removed = alice.delete("/api/files/alice/data/e")
    address = f"/api/bin/{removed.json()['id']}"
    assert alice.delete(address, params={"area": "alice"}).status_code == 204
    assert sorted(one.name for one in data.iterdir()) == ["d", "levels.csv"]


@pytest.mark.d4(31)
def test_tree_that_is_too_deep_is_refused_in_words_and_still_removed(
    alice: TestClient, data: Path
) -> None:
    folder = os.open(data, os.O_RDONLY)
    for _ in range(400):
        os.mkdir("deep", dir_fd=folder)
        inner = os.open("deep", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    copied = alice.post("/api/copies", json={"source": "alice/data", "target": "alice/copy"})
    assert copied.status_code == 409
    assert "deeper than 200" in copied.json()["detail"]
    removed = alice.delete("/api/files/alice/data/deep")
    address = f"/api/bin/{removed.json()['id']}"
    assert alice.delete(address, params={"area": "alice"}).status_code == 204


@pytest.mark.d4(31)
def test_file_of_a_gigabyte_is_digested_copied_and_read_in_ranges(
    alice: TestClient, data: Path
) -> None:
    with (data / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    copied = alice.post(
        "/api/copies", json={"source": "alice/data/sparse", "target": "alice/data/copy"}
    )
    assert copied.json()["size"] == 1 << 30
    assert (data / "copy").stat().st_blocks < 100
    end = alice.get("/api/files/alice/data/copy", headers={"Range": "bytes=-3"})
    assert (end.status_code, end.content) == (206, b"\0\0\0")


@pytest.mark.d4(31)
def test_folder_of_5000_files_is_listed_by_pages(alice: TestClient, data: Path) -> None:
    (data / "many").mkdir()
    folder = os.open(data / "many", os.O_RDONLY)
    for number in range(5_000):
        os.close(os.open(f"f{number:05}", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)
    names: list[str] = []
    after: str | None = ""
    while after is not None:
        page = alice.get("/api/folders/alice/data/many", params={"after": after}).json()
        names += [one["name"] for one in page["entries"]]
        after = page["next"]
    assert len(names) == len(set(names)) == 5_000
