from __future__ import annotations

import io
import os
import random
import socket
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tusclient.uploader.uploader import Uploader

    from tests.fixtures.library import RunningLibrary

    RunLibrary = Callable[[Path], RunningLibrary]

MIB = 1 << 20
PLACE = "alice/data/large.bin"


@pytest.fixture(name="source")
def _source(tmp_path: Path) -> Path:
    source = tmp_path / "large.bin"
    source.write_bytes(os.urandom(24 * MIB + 12345))
    return source


def _uploader(running: RunningLibrary, source: Path, **options: object) -> Uploader:
    client = TusClient(f"{running.url}/api/uploads")
    uploader: Uploader = client.uploader(
        file_stream=io.BytesIO(source.read_bytes()),
        metadata={"path": PLACE},
        chunk_size=MIB,
        **options,
    )
    return uploader


def _at(running: RunningLibrary, url: str) -> str:
    return f"{running.url}/api/uploads/{url.rpartition('/')[2]}"


def test_real_client_uploads_a_file(
    library_root: Path, source: Path, running_library: RunLibrary
) -> None:
    running = running_library(library_root)
    for with_checksums in (False, True):
        _uploader(running, source, upload_checksum=with_checksums).upload()
        assert (library_root / PLACE).read_bytes() == source.read_bytes()
        (library_root / PLACE).unlink()


@pytest.mark.d4(28)
def test_killed_server_loses_nothing_that_was_acknowledged(
    library_root: Path, source: Path, running_library: RunLibrary
) -> None:
    """Three kills at random moments of one upload, before its end; the client resumes each time."""
    chance = random.Random(20261126)  # noqa: S311 - not a secret
    running = running_library(library_root)
    uploader = _uploader(running, source)
    uploader.set_url(uploader.create_url())
    url = str(uploader.url)
    acknowledged = 0
    for _ in range(3):
        uploader = _uploader(running, source, url=_at(running, url))
        assert uploader.offset >= acknowledged
        killer = threading.Timer(chance.uniform(0, 0.003), running.kill)
        last = uploader.offset + chance.randrange(4) * MIB
        try:
            while uploader.offset < source.stat().st_size:
                if uploader.offset == last:
                    killer.start()
                uploader.upload_chunk()  # type: ignore[no-untyped-call]
                acknowledged = uploader.offset
        except (TusUploadFailed, TusCommunicationError):
            pass
        killer.join()
        assert not _is_half(library_root / PLACE, source)
        running = running_library(library_root)
    _uploader(running, source, url=_at(running, url)).upload()
    assert (library_root / PLACE).read_bytes() == source.read_bytes()


def _is_half(place: Path, source: Path) -> bool:
    return place.exists() and place.stat().st_size != source.stat().st_size


def test_what_arrived_of_a_piece_counts_although_the_server_was_killed_in_it(
    library_root: Path, source: Path, running_library: RunLibrary
) -> None:
    running = running_library(library_root)
    uploader = _uploader(running, source)
    uploader.set_url(uploader.create_url())
    number = str(uploader.url).rpartition("/")[2]
    data = library_root / ".library" / "uploads" / number / "data"
    content = source.read_bytes()
    head = (
        f"PATCH /api/uploads/{number} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.sendall(head.encode() + content[: 5 * MIB])
        wait_for(lambda: data.stat().st_size >= 4 * MIB, seconds=20, what="most of a piece arrives")
        running.kill()
    running = running_library(library_root)
    resumed = _uploader(running, source, url=_at(running, number))
    assert resumed.offset >= 4 * MIB
    resumed.upload()
    assert (library_root / PLACE).read_bytes() == content


def test_download_that_is_broken_off_stops_the_reading(
    library_root: Path, running_library: RunLibrary
) -> None:
    with (library_root / "alice" / "data" / "sparse").open("wb") as file:
        file.truncate(20 << 30)
    running = running_library(library_root)
    descriptors = f"/proc/{running.process.pid}/fd"
    httpx.get(f"{running.url}/api/folders/alice")

    def is_read() -> bool:
        open_ones = (f"{descriptors}/{name}" for name in os.listdir(descriptors))  # noqa: PTH208
        return any(_target(one).endswith("/sparse") for one in open_ones)

    for path in (
        "/api/files/alice/data/sparse", "/api/archives/alice/data?format=tar",
        "/api/archives/alice/data?format=zip",
    ):  # fmt: skip
        with httpx.stream("GET", f"{running.url}{path}", timeout=60) as answer:
            chunks = answer.iter_raw()  # an iterator that nobody holds breaks the download off
            assert next(chunks)
            wait_for(is_read, seconds=10, what=f"the library reads what it sends: {path}")
        wait_for(lambda: not is_read(), seconds=10, what=f"it closes what it was sending: {path}")


def _target(link: str) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115 - of /proc
    except FileNotFoundError:
        return ""
