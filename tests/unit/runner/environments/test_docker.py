"""Environments that a broker has an engine build: what is told of it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest
from twinhub_runner.backends.engine import Engine
from twinhub_runner.environments.base import NotMadeError, Wanted
from twinhub_runner.environments.docker import DockerEnvironments

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRINTED = """\
Step 1/2 : FROM ${PARENT}
 ---> 8e3e26773144
Step 2/2 : RUN ["install", "python"]
 ---> Running in b9029d7dbe0b
Collecting tabulate
Removing intermediate container b9029d7dbe0b
Successfully installed tabulate-0.10.0
Successfully built 5c2851c693ce
Successfully tagged twinhub/environment:0
"""


@contextmanager
def _broker(last: dict[str, object]) -> Iterator[Engine]:
    """Answer every request with what an engine prints, and how it ends."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            told = [{"line": line} for line in _PRINTED.splitlines()]
            self.send_response(200)
            self.end_headers()
            self.wfile.write("".join(f"{json.dumps(one)}\n" for one in [*told, last]).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        engine = Engine(f"http://127.0.0.1:{server.server_port}")
        try:
            yield engine
        finally:
            engine.close()
            server.shutdown()
            thread.join()


def test_a_build_tells_what_its_steps_print_and_nothing_of_the_engine_s_own() -> None:
    said: list[str] = []
    with _broker({"built": "twinhub/environment:0"}) as engine:
        DockerEnvironments(engine, "twinhub", "run").make("0", Wanted(), said.append, Event())
    assert said == ["Collecting tabulate", "Successfully installed tabulate-0.10.0"]


def test_a_build_that_fails_says_why() -> None:
    with _broker({"error": "no such package"}) as engine:
        environments = DockerEnvironments(engine, "twinhub", "run")
        with pytest.raises(NotMadeError, match="no such package"):
            environments.make("0", Wanted(), lambda _: None, Event())
