"""The guide on git as it is typed, against a real server: from the connection to its end."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
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

    from tests.fixtures.git_servers import GitServers, Remote

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


@dataclass
class _Guide:
    """The guide, beside a server that stands for the one that it names."""

    remote: Remote
    capsys: pytest.CaptureFixture[str]

    def check(self, mark: str, code: int = 0) -> None:
        """Type what a block says, and see that it prints what the block shows."""
        for command, shown in _steps(mark):
            arguments = shlex.split(command.replace(_SHOWN, self.remote.url))[1:]
            user = ["--token-user", USER] if "connect" in arguments else []
            ended = main([*arguments, *user])
            printed, complaint = self.capsys.readouterr()
            assert ended == code, complaint
            assert PASSWORD not in printed
            assert is_printed(printed.replace(self.remote.url, _SHOWN), shown), printed


@pytest.fixture(name="guide")
def _guide(
    client_of: Callable[[str], TestClient], git_servers: GitServers, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> _Guide:  # fmt: skip
    monkeypatch.setattr(
        LibraryClient, "here", lambda *_: LibraryClient(client_of("alice"), name="library")
    )
    monkeypatch.setenv("JUPYTERHUB_USER", "alice")
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_HUB_URL", "https://twinhub.example.org/hub/")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text(f"{PASSWORD}\n")
    (tmp_path / "hook").write_text("what the hook knows\n")
    grant = {"subject_kind": "user", "subject": "alice", "kind": "models", "pattern": "tank"}
    assert client_of("admin").post("/api/grants", json=grant).status_code == 201
    return _Guide(git_servers.make("guide", {"valve.txt": "open\n"}), capsys)


def test_the_guide_does_what_it_shows_from_the_connection_to_its_end(
    guide: _Guide, library_root: Path
) -> None:
    guide.check("git")
    place = library_root / "alice/models/tank"
    (place / "model.txt").write_text("mine\n")
    guide.remote.commit({"model.txt": "theirs\n"}, message="Another one")
    guide.check("conflict", 1)
    for copy in place.glob("model (yours*"):
        copy.unlink()
    (place / "model.txt").write_text("both\n")
    assert main(["assets", "sync", "models/tank", "--message", "Both"]) == 0
    (place / "model.txt").write_text("both, and more\n")
    guide.capsys.readouterr()
    guide.check("look")
    (place / "asset.yaml").write_text("title: A tank\nversion: 1.0.0\n")
    guide.check("follow")
    guide.check("end")
    assert (place / "model.txt").read_text() == "both, and more\n"
    assert main(["assets", "status", "models/tank"]) == 2
