"""D4 35: credentials of repositories are seen by nobody, and go to their own host alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_library.errors import LibraryError
from twinhub_library.repository import Repository

from tests.fixtures.git_servers import PASSWORD
from tests.integration.library.repositories.conftest import ALICE, TOKEN, bench

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench

__all__ = ["bench"]


@pytest.mark.d4(35)
def test_a_credential_is_in_no_argument_variable_file_log_or_error(
    bench: Bench, git_servers: GitServers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    remote = git_servers.make("credential", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    seen = _watch(lambda: bench.syncing.sync(ALICE, row.id))
    bench.write("alice/models/tank/a.txt", "mine\n")
    seen += _watch(lambda: bench.syncing.sync(ALICE, row.id))
    bench.database.close()

    assert any("git-remote-http" in one or "fetch" in one for one in seen)
    assert not [one for one in seen if PASSWORD in one]
    assert PASSWORD not in caplog.text
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert PASSWORD.encode() not in file.read_bytes(), file
    assert PASSWORD not in repr(TOKEN)


def _watch(act: Callable[[], object]) -> list[str]:
    """Return the arguments and variables of all processes of ours while something is done."""
    seen: set[str] = set()
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit():
                    for name in ("cmdline", "environ"):
                        try:
                            seen.add((entry / name).read_bytes().decode(errors="replace"))
                        except OSError:
                            continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        act()
    finally:
        is_over.set()
        watcher.join()
    return sorted(seen)


@pytest.mark.d4(35)
def test_a_wrong_password_is_said_without_it(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("wrong", {"a.txt": "a\n"})
    for secret in ("not-the-token", ""):
        with pytest.raises(LibraryError) as told:
            bench.connect(remote.url, credential=replace(TOKEN, secret=secret))
        assert "not-the-token" not in str(told.value)
    assert not list((bench.root / ".library/git").iterdir())


@pytest.mark.d4(35)
def test_a_credential_goes_to_its_own_host_alone(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("own", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    opened = bench.connections.remote(ALICE, row)
    walls = bench.connections.walls()
    repository = Repository(bench.root / ".library/git" / row.id, walls)
    question = "protocol=http\nhost=127.0.0.1:1\n\n"
    with pytest.raises(LibraryError):
        repository.run("credential", "fill", feed=[question.encode()], remote=opened)
    port = git_servers.http_port
    answer = repository.run(
        "credential", "fill", feed=[f"protocol=http\nhost=127.0.0.1:{port}\n\n".encode()],
        remote=opened,
    )  # fmt: skip
    assert PASSWORD.encode() in answer
