"""GitLab is down, in each way there is: who is signed in stays, nobody new gets in."""

from __future__ import annotations

from contextlib import closing
from time import monotonic
from typing import TYPE_CHECKING, get_args

import pytest

from tests.fixtures.gitlab import ALLOWED, Down, GitLab, GitLabClient
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_REFRESHED_SECONDS = 60
_MINUTE_SECONDS = 60


@pytest.mark.parametrize("how", get_args(Down))
def test_while_gitlab_is_down_people_stay_and_nobody_new_gets_in(
    gitlab_installation: tuple[TestInstallation, GitLab],
    how: Down,
    record_property: Callable[[str, object], None],
) -> None:
    there, gitlab = gitlab_installation
    gitlab.put("dora", ALLOWED)
    gitlab.put("noel", ALLOWED)
    with GitLabClient(there, "dora") as session, closing(GitLabClient(there, "noel")) as newcomer:
        callback = newcomer.begin()
        with gitlab.down(how):
            before = failed_refreshes(there, "dora")
            seconds = goes_on_until(session, lambda: failed_refreshes(there, "dora") > before)
            record_property(f"longest_answer_seconds_{how}", round(seconds, 2))
            answer = newcomer.get(str(callback))
            assert answer.status_code == 503
            assert "GitLab does not answer, so that nobody can sign in" in answer.text
            answer = newcomer.get("/hub/oauth_login")
            assert answer.status_code == 503
            assert "GitLab does not answer, so that nobody can sign in" in answer.text
        asked = gitlab.calls("/api/v4/user")
        goes_on_until(session, lambda: gitlab.calls("/api/v4/user") > asked)
        assert newcomer.sign_in().url.path == "/hub/home"


@pytest.mark.long
@pytest.mark.parametrize("how", get_args(Down))
def test_people_and_their_workspaces_outlast_a_minute_without_gitlab(
    gitlab_installation: tuple[TestInstallation, GitLab],
    how: Down,
    record_property: Callable[[str, object], None],
) -> None:
    there, gitlab = gitlab_installation
    gitlab.put("dina", ALLOWED)
    with GitLabClient(there, "dina") as session:
        session.start()
        started = there.container("dina").attrs["State"]["StartedAt"]
        with gitlab.down(how):
            end = monotonic() + _MINUTE_SECONDS
            before = failed_refreshes(there, "dina")
            seconds = goes_on_until(session, lambda: monotonic() > end and session.lab_answers())
            assert failed_refreshes(there, "dina") > before + 1
        record_property(f"longest_answer_seconds_{how}", round(seconds, 2))
        asked = gitlab.calls("/api/v4/user")
        goes_on_until(session, lambda: gitlab.calls("/api/v4/user") > asked)
        assert session.lab_answers()
        assert there.container("dina").attrs["State"]["StartedAt"] == started


def goes_on_until(session: GitLabClient, is_over: Callable[[], bool]) -> float:
    """Ask for a page again and again, no sign-in between; return how long the slowest took."""
    longest = 0.0

    def asks() -> bool:
        nonlocal longest
        start = monotonic()
        answer = session.get("/hub/home", follow_redirects=False)
        longest = max(longest, monotonic() - start)
        assert answer.status_code == 200
        return is_over()

    wait_for(asks, seconds=_REFRESHED_SECONDS + _MINUTE_SECONDS, what="the end of this time")
    print(f"the slowest page took {longest:.1f} s")  # noqa: T201 - a figure to look at
    return longest


def failed_refreshes(there: TestInstallation, user: str) -> int:
    """How often the hub has not been able to ask GitLab about somebody."""
    return there.log("hub").count(f"provider does not answer user={user}")
