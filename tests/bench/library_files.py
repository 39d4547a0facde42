"""Files of the library: a gigabyte down beside nginx, and up beside nginx's own PUT.

The client is the same for both and keeps nothing; what is sent lies in the page cache. The library
writes an upload to the disk before it answers, nginx does not. nginx is Debian's
(``apt-get install nginx``); without it there is nothing to compare with.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.report import Figure
from tests.fixtures.library import find_free_port, run_library
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE = 1 << 30
ROUNDS = 3
PIECE = 1 << 24
DOWNLOAD_GOAL = 1 / 0.4
"""Times as long as nginx at most."""
_READ = 1 << 20
_CONFIGURATION = """
user root; daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 64; }}
http {{
  access_log off; sendfile on; client_max_body_size 0; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {root}; dav_methods PUT DELETE; }}
}}
"""


def run() -> Iterator[Figure]:
    """Yield how long files take, each the median of some rounds that alternate."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        print("library files: skipped, nginx is not installed", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "assets"
        data = root / "alice" / "data" / "one"
        data.mkdir(parents=True)
        _write(data / "large.bin")
        with _run_nginx(nginx, Path(folder), root) as base, run_library(root) as library:
            yield from _measure(library.port, base)
        yield _measure_memory(root)


def _measure(ours: int, nginx: int) -> Iterator[Figure]:
    down = _alternate(
        lambda: _get(ours, "/api/files/alice/data/one/large.bin"),
        lambda: _get(nginx, "/alice/data/one/large.bin"),
    )
    yield _figure("download", down, goal=DOWNLOAD_GOAL)
    up = _alternate(
        lambda: _put(ours, "/api/files/alice/data/up.bin"),
        lambda: _put(nginx, "/alice/data/up-nginx.bin"),
    )
    yield _figure("upload", up)
    resumable = _alternate(lambda: _upload(ours), lambda: _put(nginx, "/alice/data/up-nginx.bin"))
    yield _figure("upload_tus", resumable)
    for kind in ("tar", "zip"):
        path = f"/api/archives/alice/data/one?format={kind}"
        seconds = _time(partial(_get, ours, path, least=0))
        yield Figure("library", f"pack_{kind}", seconds, "s", 1)


def _figure(
    metric: str, seconds: tuple[list[float], list[float]], *, goal: float | None = None
) -> Figure:
    ours, nginx = map(median, seconds)
    return Figure("library", metric, ours, "s", ROUNDS, versus="nginx", base=nginx, goal=goal)


def _measure_memory(root: Path) -> Figure:
    with run_library(root) as library:
        _get(library.port, "/api/files/alice/data/one/large.bin")
        _put(library.port, "/api/files/alice/data/up.bin")
        status = Path(f"/proc/{library.process.pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return Figure("library", "memory_after_transfers", int(peak.split()[1]) / 1024, "MiB", 1)


def _alternate(
    ours: Callable[[], None], nginx: Callable[[], None]
) -> tuple[list[float], list[float]]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        times[0].append(_time(ours))
        times[1].append(_time(nginx))
    return times


def _time(act: Callable[[], None]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _get(port: int, path: str, *, least: int = SIZE) -> None:
    buffer, received = bytearray(_READ), 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        while size := connection.recv_into(buffer):
            received += size
    if received < least:
        raise AssertionError(f"{path}: {received} bytes came")


def _request(port: int, method: str, path: str, **options: object) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300, blocksize=_READ)
    connection.request(method, path, **options)  # type: ignore[arg-type]
    answer = connection.getresponse()
    answer.read()
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise AssertionError(f"{method} {path}: {answer.status}")
    return answer


def _put(port: int, path: str) -> None:
    headers = {"Content-Length": str(SIZE)}
    _request(port, "PUT", path, body=_pieces(SIZE), headers=headers)


def _pieces(size: int) -> Iterator[bytes]:
    piece = os.urandom(_READ)
    for _ in range(size // _READ):
        yield piece


def _upload(port: int) -> None:
    place = "YWxpY2UvZGF0YS90dXMuYmlu"  # alice/data/tus.bin
    tus = {"Tus-Resumable": "1.0.0"}
    begun = _request(
        port, "POST", "/api/uploads",
        headers={**tus, "Upload-Length": str(SIZE), "Upload-Metadata": f"path {place}"},
    )  # fmt: skip
    url = f"/api/{begun.headers['location']}"
    for offset in range(0, SIZE, PIECE):
        size = min(PIECE, SIZE - offset)
        headers = {
            **tus, "Upload-Offset": str(offset), "Content-Length": str(size),
            "Content-Type": "application/offset+octet-stream",
        }  # fmt: skip
        _request(port, "PATCH", url, body=_pieces(size), headers=headers)


def _write(place: Path) -> None:
    with place.open("wb") as file:
        for piece in _pieces(SIZE):
            file.write(piece)


@contextlib.contextmanager
def _run_nginx(program: str, folder: Path, root: Path) -> Iterator[int]:
    port = find_free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, root=root))
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(configuration)])
    try:
        wait_for(lambda: _answers(port), seconds=10, what="nginx answers")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
