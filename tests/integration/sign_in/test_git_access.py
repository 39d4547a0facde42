"""The library syncs with the GitLab that people sign in by, with each person's own login."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from tests.fixtures.git_servers import PASSWORD, USER
from tests.fixtures.gitlab import ALLOWED, GitLab, GitLabClient
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.git_servers import GitServers
    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_READY_SECONDS = 60
_PLACE = "models/tank"


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in, and speaks to the library."""

    session: GitLabClient

    @property
    def name(self) -> str:
        return self.session.user

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Send a request to the library with a token of the person."""
        site = self.session.installation.address
        sent = self.session.bearer() | {"Host": httpx.URL(site).netloc.decode()}
        port = self.session.installation.port
        url = f"http://127.0.0.1:{port}/services/library/api{path}"
        return httpx.request(method, url, json=body, headers=sent, timeout=60)

    def connect(self, url: str, **more: object) -> httpx.Response:
        """Connect a place of the person, without naming a credential."""
        body = {"place": f"{self.name}/{_PLACE}", "url": url, **more}
        return self.ask("POST", "/repositories", body)

    def sync(self, made: httpx.Response) -> dict[str, Any]:
        """Sync what was connected; return the operation once it has ended."""
        assert made.status_code == 201, made.text
        begun = self.ask("POST", f"/repositories/{made.json()['id']}/sync", {})
        assert begun.status_code == 202, begun.text

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = self.ask("GET", f"/operations/{begun.json()['id']}").json()
            return found if found["ended_at"] else None

        return wait_for(ended, seconds=60, what="the end of a sync")


@pytest.fixture
def gitlab(gitlab_installation: tuple[TestInstallation, GitLab], git_servers: GitServers) -> GitLab:
    """The double, with repositories."""
    there, gitlab = gitlab_installation
    gitlab.serve_git(git_servers.http_port, f"{USER}:{PASSWORD}")
    health = f"http://127.0.0.1:{there.port}/services/library/health"
    host = {"Host": httpx.URL(there.address).netloc.decode()}
    wait_for(
        lambda: httpx.get(health, headers=host).is_success,
        seconds=_READY_SECONDS, what="a library that is ready",
    )  # fmt: skip
    return gitlab


@pytest.fixture
def there(gitlab_installation: tuple[TestInstallation, GitLab]) -> TestInstallation:
    """The installation."""
    return gitlab_installation[0]


@contextmanager
def signed_in(
    there: TestInstallation, gitlab: GitLab, name: str, *projects: str
) -> Iterator[Person]:
    """Sign somebody in who is a member of projects."""
    gitlab.put(name, ALLOWED, projects=list(projects))
    with GitLabClient(there, name) as session:
        yield Person(session)


def ask_hub(there: TestInstallation, user: str, remote: str) -> dict[str, str]:
    """Return what the library gets of the hub."""
    token = (there.home / "secrets" / "library_token").read_text().strip()
    port = json.loads((there.home / "state" / "running.json").read_text())["hub_port"]
    answer = httpx.post(
        f"http://127.0.0.1:{port}/hub/api/users/{user}/git-token",
        json={"remote": remote}, headers={"Authorization": f"token {token}"}, timeout=60,
    )  # fmt: skip
    found: dict[str, str] = answer.raise_for_status().json()
    return found


def git_uses(there: TestInstallation, user: str) -> list[str]:
    """Addresses for which the audit trail says that a user's token was handed out."""
    told = there.run("audit", "--json", "--user", user).stdout
    lines = map(json.loads, told.splitlines())
    return [line["remote"] for line in lines if line["event"] == "git token used"]


@pytest.mark.d4(35)
def test_a_repository_of_ones_own_gitlab_is_synced_without_a_credential(
    there: TestInstallation, gitlab: GitLab, git_servers: GitServers
) -> None:
    remote = git_servers.make("gita/tank", {"a.txt": "a\n"})
    url = f"{gitlab.address}/gita/tank.git"
    with signed_in(there, gitlab, "gita", "gita/tank") as gita:
        made = gita.connect(url)
        assert made.json()["credential"] == "login", made.text
        assert gita.sync(made)["status"] == "done"
        file = there.folder("gita") / _PLACE / "a.txt"
        assert file.read_text() == "a\n"
        file.write_text("mine\n")
        done = gita.sync(made)
        assert done["result"]["pushed"]["commit"], done
    assert remote.files() == {"a.txt": "mine"}
    assert gitlab.list_uses("gita/tank") == {("gita", False), ("gita", True)}
    assert git_uses(there, "gita") == [url] * 3


def test_another_person_gets_in_by_their_own_login_or_not_at_all(
    there: TestInstallation, gitlab: GitLab, git_servers: GitServers
) -> None:
    git_servers.make("gerd/secret", {"a.txt": "a\n"})
    url = f"{gitlab.address}/gerd/secret.git"
    with (
        signed_in(there, gitlab, "gerd", "gerd/secret") as gerd,
        signed_in(there, gitlab, "gino") as gino,
    ):
        assert gerd.connect(url).status_code == 201
        refused = gino.connect(url)
    assert refused.status_code == 409, refused.text
    assert "your account there may not see it" in refused.json()["detail"]
    assert gitlab.list_uses("gerd/secret") == {("gerd", False)}


def test_another_host_gets_no_login(
    there: TestInstallation, gitlab: GitLab, git_servers: GitServers
) -> None:
    port = httpx.URL(gitlab.address).port
    with signed_in(there, gitlab, "gwen") as gwen:
        for url in (
            f"http://localhost:{port}/gwen/x.git",
            f"http://127.0.0.1:{git_servers.http_port}/gwen/x.git",
            f"https://127.0.0.1:{port}/gwen/x.git",
        ):
            refused = gwen.connect(url, credential={"kind": "login"})
            assert refused.status_code in {400, 409}, refused.text
    assert git_uses(there, "gwen") == []


def test_a_token_that_ends_soon_is_renewed_before_git_gets_it(
    there: TestInstallation, gitlab: GitLab, git_servers: GitServers
) -> None:
    git_servers.make("gabi/tank", {"a.txt": "a\n"})
    url = f"{gitlab.address}/gabi/tank.git"
    gitlab.set_lifetime(60)
    try:
        with signed_in(there, gitlab, "gabi", "gabi/tank") as gabi:
            gitlab.set_lifetime(7200)
            assert gabi.sync(gabi.connect(url))["status"] == "done"
            given = ask_hub(there, "gabi", url)
    finally:
        gitlab.set_lifetime(7200)
    left = datetime.fromisoformat(given["expires_at"]) - datetime.now(UTC)
    assert left > timedelta(hours=1)


@pytest.mark.d4(7)
def test_a_token_is_in_no_file_log_argument_or_environment(
    there: TestInstallation, gitlab: GitLab, git_servers: GitServers
) -> None:
    git_servers.make("glen/tank", {"a.txt": "a\n"})
    with signed_in(there, gitlab, "glen", "glen/tank") as glen:
        assert glen.sync(glen.connect(f"{gitlab.address}/glen/tank.git"))["status"] == "done"
        given = ask_hub(there, "glen", f"{gitlab.address}/glen/tank.git")
        assert set(given) == {"token", "expires_at", "may_write"}
        token = given["token"].encode()
        for process in psutil.process_iter():
            assert token not in _shown(process), process
        for file in there.home.rglob("*"):
            if file.is_file() and not file.is_symlink():
                assert token not in file.read_bytes(), file


def _shown(process: psutil.Process) -> bytes:
    try:
        return f"{process.cmdline()} {process.environ()}".encode()
    except psutil.Error:
        return b""


def test_nobody_but_the_library_gets_a_token(there: TestInstallation, gitlab: GitLab) -> None:
    with signed_in(there, gitlab, "gala", "gala/tank") as gala:
        body = {"remote": f"{gitlab.address}/gala/tank.git"}
        assert gala.session.api("POST", "/users/gala/git-token", body).status_code == 403
