"""What ends with a sign-out, what a page can have its visitor's browser do, and who is believed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.auth.passwords import WRONG_ATTEMPTS

from tests.fixtures.hub_client import HubClient
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_USER = "alice"
_SECONDS = 60
"""Statement 8; a workspace remembers for a while what the hub has said of a token."""


def is_home(session: HubClient) -> bool:
    """Whether a session opens the home page without a sign-in."""
    return session.get("/hub/home", follow_redirects=False).status_code == 200


def opens_lab(session: HubClient) -> bool:
    """Whether a session opens JupyterLab without a sign-in."""
    answer = session.get(f"{session.workspace}/lab", follow_redirects=False)
    return "jupyter-config-data" in answer.text


@pytest.mark.d4(8)
def test_signing_out_ends_the_sessions_of_all_browsers(installation: TestInstallation) -> None:
    with HubClient(installation, _USER) as here, HubClient(installation, _USER) as there:
        here.start()
        assert there.lab_answers()
        bearer = here.bearer()
        kept = list(here.cookies)
        assert here.get("/hub/logout").status_code == 200
        with closing(HubClient(installation, _USER)) as thief:
            for cookie in kept:
                thief.cookies.set_cookie(cookie)
            assert not is_home(thief)
            assert thief.get("/hub/api/user", headers=bearer).status_code == 200, "tokens go on"
        assert not is_home(there)
        wait_for(lambda: not opens_lab(there), seconds=_SECONDS, what="the end at the workspace")
    with HubClient(installation, _USER) as again:
        assert again.is_ready(), "the workspace goes on"
        again.stop()


@pytest.mark.d4(2)
@pytest.mark.parametrize("kind", ["image", "iframe", "empty", "script"])
def test_a_page_cannot_have_its_visitor_start_a_workspace(
    installation: TestInstallation, kind: str
) -> None:
    with HubClient(installation, _USER) as visitor:
        visitor.stop()
        headers = {"Sec-Fetch-Dest": kind, "Sec-Fetch-Mode": "no-cors"}
        for path in ("/hub/spawn", f"/hub/spawn/{_USER}"):
            answer = visitor.get(path, headers=headers, follow_redirects=False)
            assert answer.status_code == 403
        assert not visitor.servers()


@pytest.mark.d4(12)
@pytest.mark.parametrize("header", ["X-Real-Ip", "X-Forwarded-For", "Forwarded"])
def test_nobody_says_which_address_their_request_comes_from(
    installation: TestInstallation, header: str
) -> None:
    with closing(HubClient(installation, _USER)) as stranger:
        stranger.get("/hub/login")
        codes = {
            stranger._http.post(
                "/hub/login",
                data={"username": f"m-{header.lower()}", "password": "x"} | _form(stranger),
                headers={header: f"10.6.6.{number}"},
            ).status_code
            for number in range(WRONG_ATTEMPTS + 1)
        }
    assert codes == {403, 429}
    assert "10.6.6." not in (installation.home / "logs" / "audit.jsonl").read_text()


def _form(session: HubClient) -> dict[str, str]:
    return {"_xsrf": session.xsrf["X-XSRFToken"]}


@pytest.mark.d4(12)
def test_a_password_opens_the_form_and_nothing_else(installation: TestInstallation) -> None:
    body = {"auth": {"username": _USER, "password": installation.password(_USER)}}
    with closing(HubClient(installation, _USER)) as stranger:
        answer = stranger._http.post(f"/hub/api/users/{_USER}/tokens", json=body)
    assert answer.status_code == 400
    assert "Sign in in a browser" in answer.text
