"""The guide on git as it is typed, against a real server: connect, sync, and a conflict."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twinhub_api.cli.main import main
from twinhub_api.client.library import LibraryClient
from twinhub_library.settings import GitSettings, LibrarySettings

from tests.contract.docs.pages import CHECKOUT
from tests.contract.docs.twin_pages import commands_of, is_printed
from tests.fixtures.git_servers import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    from tests.fixtures.git_servers import GitServers

_GUIDE = CHECKOUT / "docs" / "howto" / "sync-with-git.md"
_SHOWN = "https://gitlab.example.org/alice/tank.git"


@pytest.fixture
def library_settings(library_root: Path, tmp_path: Path) -> LibrarySettings:
    settings = LibrarySettings(library_root, tmp_path / "state")
    return replace(settings, git=GitSettings(allow_loopback=True))


def _steps(mark: str) -> list[tuple[str, str]]:
    pattern = rf"^<!-- test: {mark} -->\n```console\n(.*?)^```$"
    (text,) = re.findall(pattern, _GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return commands_of(text)


def test_the_guide_connects_syncs_and_shows_a_conflict(
    client_of: Callable[[str], TestClient], git_servers: GitServers, library_root: Path,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    remote = git_servers.make("guide", {"valve.txt": "open\n"})
    monkeypatch.setattr(
        LibraryClient, "here", lambda *_: LibraryClient(client_of("alice"), name="library")
    )
    monkeypatch.setenv("JUPYTERHUB_USER", "alice")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text(f"{PASSWORD}\n")

    def check(mark: str, code: int) -> None:
        for command, shown in _steps(mark):
            arguments = shlex.split(command.replace(_SHOWN, remote.url))[1:]
            user = ["--token-user", USER] if "connect" in arguments else []
            ended = main([*arguments, *user])
            printed, complaint = capsys.readouterr()
            assert ended == code, complaint
            assert PASSWORD not in printed
            assert is_printed(printed.replace(remote.url, _SHOWN), shown), printed

    check("git", 0)
    (library_root / "alice/models/tank/model.txt").write_text("mine\n")
    remote.commit({"model.txt": "theirs\n"}, message="Another one")
    check("conflict", 1)
