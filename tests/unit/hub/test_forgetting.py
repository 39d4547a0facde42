"""Library and runner forget a deleted user before the deletion counts as ended."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from twinhub_api.names import label_for
from twinhub_hub.apply.context import Context
from twinhub_hub.installation import USERS_TOKEN, Installation, Running
from twinhub_hub.operate import deletion
from twinhub_hub.operate.deletion import delete_user, finish_deletions
from twinhub_hub.operate.errors import NotRunningError, OperateError
from twinhub_hub.operate.prepare import ensure_secrets
from twinhub_hub.operate.steps import Steps
from twinhub_hub.settings.loading import load_settings

from tests.fixtures.library import find_free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.d4(20)


@dataclass
class Stub:
    """A service that answers every deletion in the same way."""

    status: int = 204
    body: bytes = b""
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and token of each request."""
    look: Callable[[], object] = lambda: None
    """Called before each answer."""


@contextmanager
def serving(stub: Stub) -> Iterator[Stub]:
    """Serve a stub on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_DELETE(self) -> None:
            stub.asked.append((self.path, self.headers["Authorization"]))
            stub.look()
            self.send_response(stub.status)
            if stub.status != 204:
                self.send_header("Content-Length", str(len(stub.body)))
            self.end_headers()
            self.wfile.write(stub.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stub.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield stub
        server.shutdown()
        thread.join()


@pytest.fixture
def hub() -> Iterator[Stub]:
    with serving(Stub()) as stub:
        yield stub


@pytest.fixture
def library() -> Iterator[Stub]:
    with serving(Stub()) as stub:
        yield stub


@pytest.fixture
def runner() -> Iterator[Stub]:
    with serving(Stub()) as stub:
        yield stub


@pytest.fixture
def context(
    tmp_path: Path, hub: Stub, library: Stub, runner: Stub, monkeypatch: pytest.MonkeyPatch
) -> Context:
    monkeypatch.setattr(deletion, "must_ask_docker", lambda _: False)
    installation = Installation(tmp_path)
    installation.make_folders()
    ensure_secrets(installation)
    installation.settings_file.write_text("version: 1\n")
    running = Running(
        "process", 1, 2, 3, hub.port, None, library_port=library.port, runner_port=runner.port
    )
    made = Context.of(installation, load_settings(installation.settings_file), running)
    (made.assets / "ada" / "data").mkdir(parents=True)
    (made.assets / "ada" / "data" / "notes.txt").write_text("mine\n")
    return made


def test_they_are_told_before_files_are_read_and_once_they_are_gone(
    context: Context, library: Stub, runner: Stub
) -> None:
    seen: list[tuple[bool, bool]] = []
    folder = context.assets / "ada"

    def look() -> None:
        archives = list(context.installation.archive.glob("*.tar"))
        seen.append((folder.exists(), bool(archives)))

    library.look = look
    assert delete_user(context, "ada", Steps())
    token = f"token {context.installation.token(USERS_TOKEN)}"
    assert library.asked == runner.asked == [("/api/people/ada", token)] * 2
    assert seen == [(True, False), (False, True)]
    assert not list(context.installation.deletions.glob("*.json"))


def test_a_name_is_one_part_of_the_address(context: Context, library: Stub, hub: Stub) -> None:
    (context.assets / label_for("Ada ?#%")).mkdir()
    delete_user(context, "Ada ?#%", Steps())
    assert library.asked[0][0] == "/api/people/Ada%20%3F%23%25"
    assert hub.asked[0][0] == "/hub/api/users/Ada%20%3F%23%25"


def test_a_library_that_does_not_answer_leaves_all_to_be_repeated(
    context: Context, library: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    port, context = library.port, _at(context, find_free_port())
    with pytest.raises(NotRunningError, match=r"The library does not answer.*`twinhub up`"):
        delete_user(context, "ada", Steps())
    assert (context.assets / "ada" / "data" / "notes.txt").exists()
    assert list(context.installation.deletions.glob("*.json"))
    finish_deletions(context, Steps())
    assert "NOT DELETED: ada: The library does not answer" in capsys.readouterr().out
    assert delete_user(_at(context, port), "ada", Steps())
    assert not list(context.installation.deletions.glob("*.json"))


def test_what_the_library_refuses_with_is_said(context: Context, library: Stub) -> None:
    library.status = 429
    library.body = json.dumps({"detail": "Work of ada does not end at once."}).encode()
    with pytest.raises(OperateError, match=r"Work of ada does not end at once.*Repeat the command"):
        delete_user(context, "ada", Steps())
    assert (context.assets / "ada").exists()


def test_a_run_that_does_not_end_keeps_the_files(context: Context, runner: Stub) -> None:
    runner.status = 429
    runner.body = json.dumps({"detail": "The run 1 of ada does not end."}).encode()
    with pytest.raises(OperateError, match=r"The runner did not forget ada: The run 1 of ada"):
        delete_user(context, "ada", Steps())
    assert (context.assets / "ada").exists()


def _at(context: Context, port: int) -> Context:
    """The same installation with its library at another port."""
    return replace(context, running=replace(context.running, library_port=port))
