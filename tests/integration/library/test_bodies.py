"""Large bodies that are refused: the answer arrives, also through an edge like that of TwinHub."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.fixtures.library import find_free_port, run_library
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIB = 1 << 20
_SIZE = 60 * _MIB


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an edge before a library."""
    root = tmp_path_factory.mktemp("assets")
    (root / "common").mkdir()
    port, caddy = find_free_port(), Path(sys.executable).with_name("caddy")
    with run_library(root) as library:
        config = root / "Caddyfile"
        config.write_text(
            "{\n\tadmin off\n\tauto_https off\n}\n"
            f"http://:{port} {{\n\treverse_proxy 127.0.0.1:{library.port}\n}}\n"
        )
        command = [str(caddy), "run", "--adapter=caddyfile", f"--config={config}"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(lambda: _answers(address), seconds=30, what="the edge answers")
            yield address
        finally:
            process.terminate()
            process.wait(10)


def _answers(address: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{address}/openapi.json").is_success
    return False


def _body() -> Iterator[bytes]:
    for _ in range(_SIZE // _MIB):
        yield bytes(_MIB)


@pytest.mark.d4(25)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/lib", 413),
        ("POST", "/api/moves", 413),
        ("PUT", "/api/files/common/x", 403),
        ("PUT", "/api/files/user/not/there", 404),
    ],
)
def test_a_large_body_that_is_refused_is_told_why(
    edge: str, method: str, path: str, status: int
) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": str(_SIZE)}
    for _ in range(5):
        answer = httpx.request(
            method, f"{edge}{path}", content=_body(), headers=headers, timeout=60
        )
        assert answer.status_code == status
