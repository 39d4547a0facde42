"""Who has left, in whatever way, loses tokens and workspace without making a request."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.gitlab import ADMINS, ALLOWED, GitLab, GitLabClient
from tests.fixtures.installation import engine
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_REFRESHED_SECONDS = 40


def block(gitlab: GitLab, name: str) -> None:
    gitlab.put(name, ALLOWED, state="blocked")


def accepts(there: TestInstallation, bearer: dict[str, str]) -> bool:
    """Whether the hub takes a token, asked by nobody's session."""
    with closing(GitLabClient(there, "nobody")) as stranger:
        return stranger.get("/hub/api/user", headers=bearer).status_code == 200


@pytest.mark.d4(8)
@pytest.mark.parametrize(("name", "leave"), [("bill", block), ("dell", GitLab.forget)])
def test_an_account_that_gitlab_blocks_or_deletes_ends_here_too(
    gitlab_installation: tuple[TestInstallation, GitLab],
    name: str,
    leave: Callable[[GitLab, str], None],
) -> None:
    there, gitlab = gitlab_installation
    gitlab.put(name, ALLOWED)
    with GitLabClient(there, name) as session:
        session.start()
        bearer = session.bearer()
        assert accepts(there, bearer)
        container = there.container(name).id
        leave(gitlab, name)
        wait_for(
            lambda: container not in {one.id for one in engine().containers.list()},
            seconds=_REFRESHED_SECONDS, what="a stopped workspace",
        )  # fmt: skip
        assert not accepts(there, bearer)
    assert there.folder(name).is_dir(), "files stay"


def test_a_wrong_secret_of_the_application_ends_nobody(
    gitlab_installation: tuple[TestInstallation, GitLab],
) -> None:
    there, gitlab = gitlab_installation
    gitlab.put("sven", ALLOWED)
    secret = Path(there.setting("client_secret_file"))
    with GitLabClient(there, "sven") as session:
        session.start()
        bearer = session.bearer()
        container = there.container("sven").id
        with changed(secret, "not-what-gitlab-has", there):
            gitlab.expire_tokens()
            wait_for(
                lambda: "provider does not answer user=sven" in there.log("hub"),
                seconds=_REFRESHED_SECONDS, what="a refresh that is refused",
            )  # fmt: skip
            assert accepts(there, bearer)
        assert container in {one.id for one in engine().containers.list()}
        assert session.get("/hub/home", follow_redirects=False).status_code == 200


@contextmanager
def changed(file: Path, text: str, there: TestInstallation) -> Iterator[None]:
    """Have a running installation use another content of a file meanwhile."""
    before = file.read_text()
    try:
        file.write_text(text)
        assert there.run("up").returncode == 0
        yield
    finally:
        file.write_text(before)
        assert there.run("up").returncode == 0


def test_a_token_of_an_account_that_gitlab_never_knew_ends(
    gitlab_installation: tuple[TestInstallation, GitLab],
) -> None:
    """As of an account of the trial sign-in, after the installation went on with GitLab."""
    there, gitlab = gitlab_installation
    gitlab.put("amy", ADMINS)
    with GitLabClient(there, "amy") as admin:
        admin.get("/hub/home")
        assert admin.api("POST", "/users/ghost").status_code == 201
        made = admin.api("POST", "/users/ghost/tokens", {"note": "old"}).json()
        bearer = {"Authorization": f"token {made['token']}"}
        wait_for(
            lambda: not accepts(there, bearer), seconds=_REFRESHED_SECONDS, what="a token's end"
        )
        assert admin.get("/hub/home", follow_redirects=False).status_code == 200


def test_a_name_that_nobody_can_have_here_is_said_to_be_the_reason(
    gitlab_installation: tuple[TestInstallation, GitLab],
) -> None:
    there, gitlab = gitlab_installation
    gitlab.put("runner", ALLOWED)
    with closing(GitLabClient(there, "runner")) as session:
        answer = session.sign_in()
    assert answer.status_code == 403
    assert "reserved for TwinHub itself" in answer.text
