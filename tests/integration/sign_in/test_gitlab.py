"""Sign-in through GitLab: who gets in, as what, and how it ends."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.gitlab import ADMINS, ALLOWED, STAFF, GitLab, GitLabClient
from tests.fixtures.installation import engine
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    import httpx

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_REFRESHED_SECONDS = 40


@pytest.fixture
def gitlab(gitlab_installation: tuple[TestInstallation, GitLab]) -> GitLab:
    """The double in front of the installation."""
    return gitlab_installation[1]


@pytest.fixture
def there(gitlab_installation: tuple[TestInstallation, GitLab]) -> TestInstallation:
    """The installation."""
    return gitlab_installation[0]


def sign_in(there: TestInstallation, user: str) -> httpx.Response:
    """Return where somebody ends who signs in."""
    with closing(GitLabClient(there, user)) as session:
        return session.sign_in()


def groups_of(session: GitLabClient) -> set[str]:
    """The groups that the hub knows a session's user to be in."""
    found: dict[str, list[str]] = session.api("GET", "/user").json()
    return set(found["groups"])


def test_a_member_of_a_group_below_an_allowed_one_gets_in(
    there: TestInstallation, gitlab: GitLab
) -> None:
    gitlab.put("mina", f"{ALLOWED}/team-a", "elsewhere")
    with GitLabClient(there, "mina") as session:
        assert session.get("/hub/home").url.path == "/hub/home"
        assert groups_of(session) == {f"{ALLOWED}/team-a", "elsewhere"}
        assert not session.api("GET", "/user").json()["admin"]


def test_every_page_of_the_groups_is_read(there: TestInstallation, gitlab: GitLab) -> None:
    gitlab.put("many", *(f"school/course-{i}" for i in range(250)), ALLOWED)
    with GitLabClient(there, "many") as session:
        assert len(groups_of(session)) == 251


@pytest.mark.d4(9)
@pytest.mark.parametrize("groups", [(), ("org",), ("org/twins-not",), ("elsewhere/org/twins",)])
def test_an_outsider_is_told_why_and_what_to_do(
    there: TestInstallation, gitlab: GitLab, groups: tuple[str, ...]
) -> None:
    gitlab.put("otto", *groups)
    answer = sign_in(there, "otto")
    assert answer.status_code == 403
    assert "none of the groups that may use this TwinHub" in answer.text


@pytest.mark.d4(9)
def test_a_sign_in_that_this_browser_has_not_begun_leads_to_a_new_one(
    there: TestInstallation,
) -> None:
    with closing(GitLabClient(there, "kim")) as session:
        answer = session.get("/hub/oauth_callback?code=abc&state=eyJ4IjogMX0=")
    assert answer.status_code == 400
    assert f"Sign in again at {there.address}" in answer.text


def test_an_application_without_a_scope_is_told_to_the_administrator(
    there: TestInstallation,
) -> None:
    with closing(GitLabClient(there, "kim")) as session:
        answer = session.get("/hub/oauth_callback?error=invalid_scope&state=eyJ4IjogMX0=")
    assert answer.status_code == 502
    assert "should tick these scopes of the application at GitLab" in answer.text
    assert "write_repository" in answer.text


@pytest.mark.parametrize("fields", [{"confirmed_at": None}, {"state": "blocked"}])
def test_an_account_that_is_not_confirmed_or_blocked_is_refused(
    there: TestInstallation, gitlab: GitLab, fields: dict[str, object]
) -> None:
    gitlab.put("uma", ALLOWED, **fields)
    assert sign_in(there, "uma").status_code in {403, 502}


@pytest.mark.d4(11)
def test_a_name_that_has_changed_hands_opens_nothing(
    there: TestInstallation, gitlab: GitLab
) -> None:
    gitlab.put("nora", ALLOWED)
    assert sign_in(there, "nora").status_code == 200
    gitlab.put("nora", ALLOWED, username="nora-married")
    gitlab.put("thief", ALLOWED, username="nora")
    answer = sign_in(there, "nora")
    assert answer.status_code == 403
    assert "Somebody else has worked here under your name" in answer.text


def test_an_admin_of_gitlab_is_one_here_until_the_group_is_gone(
    there: TestInstallation, gitlab: GitLab
) -> None:
    gitlab.put("ada", ADMINS)
    with GitLabClient(there, "ada") as session:
        assert session.get("/hub/admin").status_code == 200
        gitlab.put("ada", ALLOWED)
        wait_for(
            lambda: session.get("/hub/admin").status_code == 403,
            seconds=_REFRESHED_SECONDS, what="the end of an admin's rights",
        )  # fmt: skip
        assert session.get("/hub/home").url.path == "/hub/home"


@pytest.mark.parametrize(("group", "status"), [(STAFF, 200), (f"{STAFF}/tutors", 403)])
def test_only_an_instructor_sees_who_is_there(
    there: TestInstallation, gitlab: GitLab, group: str, status: int
) -> None:
    gitlab.put(f"ina{status}", ALLOWED, group)
    with GitLabClient(there, f"ina{status}") as session:
        session.get("/hub/home")
        assert session.api("GET", "/users").status_code == status


@pytest.mark.d4(8)
def test_a_leaver_loses_sessions_tokens_and_servers_within_a_refresh(
    there: TestInstallation, gitlab: GitLab
) -> None:
    gitlab.put("lena", ALLOWED)
    gitlab.put("stays", ALLOWED)
    with GitLabClient(there, "lena") as session, GitLabClient(there, "stays") as other:
        session.start()
        token = session.api("POST", "/users/lena/tokens", {"note": "script"}).json()["token"]
        bearer = {"Authorization": f"token {token}"}
        assert session.get("/hub/api/user", headers=bearer).json()["name"] == "lena"
        gitlab.put("lena", "elsewhere")
        gitlab.put("new", ALLOWED)
        container = there.container("lena").id
        wait_for(
            lambda: container not in {one.id for one in engine().containers.list()},
            seconds=_REFRESHED_SECONDS, what="a stopped workspace",
        )  # fmt: skip
        with closing(GitLabClient(there, "lena")) as stranger:
            answer = stranger.get("/hub/api/user", headers=bearer)
            assert answer.status_code == 403
        assert session.get("/hub/home", follow_redirects=False).status_code == 302
        assert sign_in(there, "lena").status_code == 403
        assert sign_in(there, "new").status_code == 200
        assert other.get("/hub/home", follow_redirects=False).status_code == 200
    assert there.folder("lena").is_dir(), "files stay"


def test_requests_at_once_use_a_refresh_token_once(there: TestInstallation, gitlab: GitLab) -> None:
    gitlab.put("rita", ALLOWED)
    with GitLabClient(there, "rita") as session:
        for _ in range(2):  # a second round needs the new refresh token to have been kept
            gitlab.expire_tokens()
            wait_for(
                partial(_refreshes, session, gitlab, gitlab.calls("/oauth/token")),
                seconds=_REFRESHED_SECONDS, what="a refresh",
            )  # fmt: skip


def _refreshes(session: GitLabClient, gitlab: GitLab, before: int) -> bool:
    return _all_home(session) and gitlab.calls("/oauth/token") > before


def _all_home(session: GitLabClient) -> bool:
    """Ask eight times at once; nobody may be sent to sign in again."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: session.get("/hub/home", follow_redirects=False), range(8))
        )
    assert {answer.status_code for answer in answers} == {200}
    return True


@pytest.mark.d4(7)
def test_what_gitlab_gave_is_stored_encrypted_and_keys_can_change(
    there: TestInstallation, gitlab: GitLab
) -> None:
    gitlab.put("kim", ALLOWED)
    keys = there.home / "secrets" / "crypt_keys"
    with GitLabClient(there, "kim") as session:
        database = there.home / "state" / "jupyterhub.sqlite"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            ((stored,),) = connection.execute(
                "select encrypted_auth_state from users where name = 'kim'"
            ).fetchall()
        assert b"access_token" not in stored
        keys.write_text("ab" * 32 + "\n" + keys.read_text())
        assert there.run("up").returncode == 0
        asked = gitlab.calls("/api/v4/user")
        assert session.get("/hub/home", follow_redirects=False).status_code == 200
        assert gitlab.calls("/api/v4/user") > asked, "the hub read what the old key encrypted"
