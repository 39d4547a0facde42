"""Sign-in through an OpenID provider: the same rules by another road."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.gitlab import ADMINS, ALLOWED, GitLab, GitLabClient
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    import httpx

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def answer_of(session: GitLabClient) -> httpx.Response | None:
    """Where a sign-in ends, or None while the provider counts as down."""
    answer = session.sign_in()
    return None if answer.status_code == 503 else answer


@pytest.mark.d4(9)
def test_claims_give_access_and_roles_and_their_end_ends_it(
    oidc_installation: tuple[TestInstallation, GitLab],
) -> None:
    there, provider = oidc_installation
    with closing(GitLabClient(there, "olga")) as outsider:
        with provider.down():
            assert outsider.sign_in().status_code == 503
        provider.put("olga", "elsewhere")
        answer = wait_for(
            lambda: answer_of(outsider), seconds=40, what="the provider to be asked again"
        )
        assert answer.status_code == 403
        assert "signed in to Example University" in answer.text
    provider.put("unsure", ALLOWED, confirmed_at=None)
    with closing(GitLabClient(there, "unsure")) as unsure:
        assert unsure.sign_in().status_code == 403
    provider.put("pia", f"{ALLOWED}/team-a", ADMINS)
    with GitLabClient(there, "pia") as session:
        assert session.get("/hub/admin").status_code == 200
        provider.expire_tokens()
        provider.put("pia", "elsewhere")
        wait_for(
            lambda: session.get("/hub/home", follow_redirects=False).status_code == 302,
            seconds=40, what="the end of a leaver's session",
        )  # fmt: skip
