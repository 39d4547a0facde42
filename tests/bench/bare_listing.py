"""The lower bound of the library's interfaces: a bare ASGI application that scans and serialises.

``python -m tests.bench.bare_listing FOLDER FILE`` prints its port: ``/list`` answers the folder in
the shape of the library's GraphQL, ``/read`` the file; nothing is checked, nobody is asked for. A
body that comes along is received and not looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from tests.fixtures.library import find_free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_HEADERS = [(b"content-type", b"application/json")]


class Bare:
    """Answers without a framework."""

    def __init__(self, folder: Path, file: Path) -> None:
        """Answer with one folder and one file."""
        self._folder, self._file = folder, file

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[object]],
        send: Callable[[object], Awaitable[None]],
    ) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            raise RuntimeError(scope["type"])
        if scope["method"] == "POST":
            await receive()
        data = self._read() if scope["path"] == "/read" else self._list()
        body = json.dumps({"data": data}, ensure_ascii=False).encode()
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, length]})
        await send({"type": "http.response.body", "body": body})

    def _list(self) -> object:
        lists: dict[str, list[object]] = {"blobs": [], "trees": []}
        with os.scandir(self._folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                kind = "tree" if entry.is_dir(follow_symlinks=False) else "blob"
                lists[f"{kind}s"].append({"node": {"name": entry.name, "type": kind}})
        tree = {kind: {"edges": edges} for kind, edges in lists.items()}
        return {"listDirectory": {"repository": {"tree": tree}}}

    def _read(self) -> object:
        text = self._file.read_text("utf-8", "replace").strip()
        node = {"name": self._file.name, "rawBlob": text, "rawTextBlob": text}
        return {"readFile": {"repository": {"blobs": {"nodes": [node]}}}}


def main(folder: str, file: str) -> None:
    """Serve until told to end."""
    port = find_free_port()
    server = Server(
        Bare(Path(folder), Path(file)), port=port, interface=Interfaces.ASGINL,
        http=HTTPModes.http1, websockets=False, log_enabled=False,
    )  # fmt: skip
    print(port, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve())


if __name__ == "__main__":
    main(*sys.argv[1:])
