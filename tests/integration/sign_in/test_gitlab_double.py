"""The double of GitLab is as strict as GitLab: what it lets pass would pass there."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from tests.fixtures.git_servers import PASSWORD, USER
from tests.fixtures.gitlab import CLIENT_ID, CLIENT_SECRET, GitLab, running_gitlab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.git_servers import GitServers

CALLBACK = "http://twinhub.invalid/hub/oauth_callback"
_SCOPES = "read_user read_api"
_WRONG = 400


@pytest.fixture(scope="module")
def gitlab() -> Iterator[GitLab]:
    """The double alone, with one person who is in many groups."""
    with running_gitlab(CALLBACK) as running:
        courses = (f"school/course-{i}" for i in range(119))
        running.put("mona", "org/twins", *courses, projects=["mona/tank"])
        yield running


@dataclass
class Application:
    """An application at GitLab that asks as RFC 6749 and RFC 7636 say, or wrongly on purpose."""

    gitlab: GitLab
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def authorize(self, **changed: str | None) -> httpx.Response:
        """Send a person to GitLab; return the answer that leads back, or the refusal."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "client_id": CLIENT_ID, "response_type": "code", "redirect_uri": CALLBACK,
            "scope": _SCOPES, "state": "x", "code_challenge_method": "S256",
            "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
        } | changed  # fmt: skip
        params = {key: value for key, value in asked.items() if value is not None}
        with httpx.Client(base_url=self.gitlab.address) as browser:
            answer = browser.get("/oauth/authorize", params=params)
            while (following := answer.next_request) and following.url.host == "127.0.0.1":
                method = "POST" if "/users/sign_in/" in following.url.path else "GET"
                answer = browser.request(method, following.url, data={"username": "mona"})
        return answer

    def code(self, **changed: str | None) -> str:
        """The code of a sign-in."""
        return str(_parameters(self.authorize(**changed))["code"])

    def redeem(self, code: str, **changed: str) -> httpx.Response:
        """Ask for tokens for a code."""
        return self._token(
            {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK,
             "code_verifier": self.verifier} | changed,
        )  # fmt: skip

    def refresh(self, token: str) -> httpx.Response:
        """Ask for tokens for a refresh token."""
        return self._token({"grant_type": "refresh_token", "refresh_token": token})

    def tokens(self, scope: str = _SCOPES) -> dict[str, Any]:
        """The tokens of a new sign-in."""
        found: dict[str, Any] = self.redeem(self.code(scope=scope)).raise_for_status().json()
        return found

    def api(self, path: str, token: str) -> httpx.Response:
        """Ask the REST API; the path is sent as it is."""
        url = f"{self.gitlab.address}/api/v4{path}"
        return httpx.get(url, headers={"Authorization": f"Bearer {token}"})

    def _token(self, asked: dict[str, str]) -> httpx.Response:
        secret = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        return httpx.post(f"{self.gitlab.address}/oauth/token", data=secret | asked)


@pytest.fixture
def application(gitlab: GitLab) -> Application:
    """An application with a verifier of its own."""
    return Application(gitlab)


@pytest.fixture
def token(application: Application) -> str:
    """An access token of the person."""
    return str(application.tokens()["access_token"])


def _parameters(answer: httpx.Response) -> httpx.QueryParams:
    assert answer.next_request, answer.text
    return answer.next_request.url.params


@pytest.mark.parametrize(
    "missing", [{"code_challenge": None, "code_challenge_method": None},
                {"code_challenge_method": "plain"}],
)  # fmt: skip
def test_a_sign_in_without_a_hashed_challenge_is_refused(
    application: Application, missing: dict[str, str | None]
) -> None:
    assert _parameters(application.authorize(**missing))["error"] == "invalid_request"


def test_a_code_is_worth_nothing_with_another_verifier(application: Application) -> None:
    answer = application.redeem(application.code(), code_verifier=secrets.token_urlsafe(48))
    assert (answer.status_code, answer.json()["error"]) == (_WRONG, "invalid_grant")


def test_a_code_is_taken_once(application: Application) -> None:
    code = application.code()
    assert application.redeem(code).status_code == httpx.codes.OK
    assert application.redeem(code).json()["error"] == "invalid_grant"


def test_a_refresh_token_is_taken_once(application: Application) -> None:
    first = application.tokens()["refresh_token"]
    second = application.refresh(first).raise_for_status().json()["refresh_token"]
    assert second != first
    assert application.refresh(first).json()["error"] == "invalid_grant"


def test_a_renewed_token_ends_the_one_before(application: Application) -> None:
    first = application.tokens()
    second = application.refresh(first["refresh_token"]).raise_for_status().json()
    assert second["created_at"] + second["expires_in"] > first["created_at"]
    assert application.api("/user", first["access_token"]).status_code == 401
    assert application.api("/user", second["access_token"]).status_code == 200


@pytest.fixture
def repositories(gitlab: GitLab, git_servers: GitServers) -> str:
    """Address of the double that has a repository of the person's."""
    gitlab.serve_git(git_servers.http_port, f"{USER}:{PASSWORD}")
    if not (git_servers.folder / "mona" / "tank.git").exists():
        git_servers.make("mona/tank", {"a.txt": "a\n"})
    return gitlab.address


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (("oauth2", "read_repository", "mona/tank", "upload"), 200),
        (("mona", "read_repository", "mona/tank", "upload"), 401),
        (("oauth2", "", "mona/tank", "upload"), 401),
        (("oauth2", "read_repository", "org/other", "upload"), 404),
        (("oauth2", "read_repository", "mona/tank", "receive"), 403),
        (("oauth2", "write_repository", "mona/tank", "upload"), 200),
        (("oauth2", "write_repository", "mona/tank", "receive"), 200),
    ],
)
def test_git_gets_in_with_the_scope_as_a_member_by_the_name_oauth2(
    repositories: str, application: Application, asked: tuple[str, str, str, str], status: int
) -> None:
    user, scope, project, verb = asked
    token = application.tokens(f"{_SCOPES} {scope}".strip())["access_token"]
    url = f"{repositories}/{project}.git/info/refs?service=git-{verb}-pack"
    assert httpx.get(url, auth=(user, token)).status_code == status
    assert httpx.get(url, auth=(user, "made-up")).status_code == 401


@pytest.mark.parametrize(
    "address", [f"{CALLBACK}/", f"{CALLBACK}?a=b", "http://twinhub.invalid/hub", "http://other/x"]
)
def test_only_the_exact_redirect_address_is_served(application: Application, address: str) -> None:
    answer = application.authorize(redirect_uri=address)
    assert answer.status_code == _WRONG
    assert not answer.next_request


def test_the_redirect_address_of_a_code_is_said_again(application: Application) -> None:
    answer = application.redeem(application.code(), redirect_uri=f"{CALLBACK}/")
    assert (answer.status_code, answer.json()["error"]) == (_WRONG, "invalid_grant")


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("read_user", {"/user"}), ("read_api", {"/user", "/groups", "/groups/1"})],
)
def test_each_call_wants_its_scope(application: Application, scope: str, allowed: set[str]) -> None:
    token = application.tokens(scope)["access_token"]
    answers = {path: application.api(path, token) for path in ("/user", "/groups", "/groups/1")}
    assert {path for path, answer in answers.items() if answer.is_success} == allowed
    refused = [answer for path, answer in answers.items() if path not in allowed]
    assert all(answer.json()["error"] == "insufficient_scope" for answer in refused)
    assert all(answer.status_code == httpx.codes.FORBIDDEN for answer in refused)


@pytest.mark.parametrize("path", ["/user", "/groups", "/groups/1"])
def test_nobody_is_answered_without_a_token(application: Application, path: str) -> None:
    assert application.api(path, "made-up").status_code == httpx.codes.UNAUTHORIZED


def test_groups_come_in_pages_of_a_hundred_at_most(application: Application, token: str) -> None:
    first, second = (
        application.api(f"/groups?min_access_level=10&per_page=500&page={page}", token)
        for page in (1, 2)
    )
    assert (len(first.json()), first.headers["x-next-page"]) == (100, "2")
    assert (len(second.json()), second.headers["x-next-page"]) == (20, "")
    assert first.headers["x-per-page"] == "100"
    assert len(application.api("/groups?min_access_level=10", token).json()) == 20


def test_a_group_is_found_by_its_number_and_by_its_escaped_path(
    application: Application, token: str
) -> None:
    listed = application.api("/groups?min_access_level=10", token).json()[0]
    for name in (str(listed["id"]), quote("org/twins", safe="")):
        assert application.api(f"/groups/{name}", token).json() == listed


@pytest.mark.parametrize(
    "name", ["org/twins", quote(quote("org/twins", safe=""), safe=""), "org%2Fother", "999999"]
)
def test_a_group_that_is_unknown_or_wrongly_escaped_is_not_found(
    application: Application, token: str, name: str
) -> None:
    assert application.api(f"/groups/{name}", token).status_code == httpx.codes.NOT_FOUND
