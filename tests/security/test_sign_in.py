"""What a stranger can send to the sign-in page, through the edge and the proxy."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

import pytest
from twinhub_hub.auth.passwords import WRONG_ATTEMPTS

from tests.fixtures.hub_client import HubClient
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx
    from playwright.sync_api import Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

USER = "instructor"
EVIL = "evil.example"
OUTSIDE = (
    "//{evil}", "///{evil}", "////{evil}", "/\\{evil}", "\\\\{evil}", "\\/{evil}", "/\\/{evil}",
    "https:{evil}", "http:{evil}", "https:/{evil}", "https://{evil}", "http:///{evil}",
    "HTTPS://{evil}", "%2F%2F{evil}", "/%2F{evil}", "/%5C{evil}", "%68ttps://{evil}",
    "\t//{evil}", "/\t/{evil}", "/\n/{evil}", "\r\n//{evil}", "/%09/{evil}", "/%0A/{evil}",
    " //{evil}", "\x00//{evil}", "\u00a0//{evil}", "//{evil}%00", "//{evil}/..", "/.//{evil}",
    "/hub/..//{evil}", "javascript:alert(1)//{evil}", "data:text/html,{evil}",
    "{address}@{evil}", "{address}.{evil}", "http://{evil}#@{host}", "http://{evil}?{host}",
    "http://not{host}", "//{host}//{evil}", "//{host}/\\{evil}", "//x.{host}//{evil}",
)  # fmt: skip
LONGEST_LINE = 1024


@pytest.fixture
def visitor(installation: TestInstallation) -> Iterator[HubClient]:
    """Somebody who has the form before them."""
    client = HubClient(installation, USER)
    client.get("/hub/login")
    yield client
    client._http.close()


@pytest.fixture(scope="module")
def signed_in(installation: TestInstallation) -> Iterator[HubClient]:
    """Somebody who has signed in; without a place to go to, signing in starts the workspace."""
    with HubClient(installation, USER) as client:
        yield client
        client.stop()


def post_form(client: HubClient, path: str, fields: dict[str, str]) -> httpx.Response:
    """Send the sign-in form, and stay at its answer."""
    data = fields | {"_xsrf": client.xsrf["X-XSRFToken"]}
    return client._http.post(path, data=data, follow_redirects=False)


def in_words(form: str, installation: TestInstallation) -> str:
    """Fill in where a form leads to."""
    host = urlsplit(installation.address).netloc
    return form.format(evil=EVIL, address=installation.address, host=host)


def own_hosts(installation: TestInstallation) -> set[str]:
    """The hub's host and that of the user's own workspace."""
    return {
        urlsplit(address).netloc
        for address in (installation.address, installation.address_of(USER))
    }


def seen_by_browser(answer: httpx.Response) -> str:
    """The host that a browser goes to: it drops tabs and line breaks, and turns backslashes."""
    location = re.sub(r"[\t\r\n]", "", answer.headers["Location"]).strip().replace("\\", "/")
    return urlsplit(urljoin(str(answer.request.url), location)).netloc


@pytest.mark.d4(3)
@pytest.mark.parametrize("form", OUTSIDE)
def test_next_never_leads_to_another_host(
    signed_in: HubClient, installation: TestInstallation, form: str
) -> None:
    wanted = quote(in_words(form, installation), safe="")
    for page in ("login", "spawn-pending/" + USER, ""):
        answer = signed_in.get(f"/hub/{page}?next={wanted}", follow_redirects=False)
        assert answer.status_code < 500, page
        if answer.is_redirect:
            assert seen_by_browser(answer) in own_hosts(installation), page


@pytest.mark.d4(3)
@pytest.mark.parametrize("form", ["//{evil}", "/\\{evil}", "https:{evil}", "/\t/{evil}"])
def test_next_never_leads_to_another_host_from_the_form(
    visitor: HubClient, installation: TestInstallation, form: str
) -> None:
    wanted = quote(in_words(form, installation), safe="")
    fields = {"username": USER, "password": installation.password(USER)}
    answer = post_form(visitor, f"/hub/login?next={wanted}", fields)
    assert answer.status_code == 302
    assert seen_by_browser(answer) in own_hosts(installation)


@pytest.mark.d4(3)
@pytest.mark.browser
@pytest.mark.parametrize("form", ["//{evil}", "/.//{evil}", "/hub/..//{evil}", "/\\{evil}"])
def test_a_browser_stays_on_the_installation(
    page: Page, installation: TestInstallation, form: str
) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    wanted = quote(in_words(form, installation), safe="")
    page.goto(f"{installation.address}/hub/login?next={wanted}")
    page.get_by_label("Username").fill(USER)
    page.get_by_label("Password").first.fill(installation.password(USER))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/hub/login" not in url)
    assert EVIL not in asked


def new_lines(installation: TestInstallation, act: Callable[[], httpx.Response]) -> list[str]:
    """Return what the hub logs of a request, once its own line of the request is there."""
    before = len(installation.log("hub"))
    answer = act()
    asked = f"{answer.status_code} {answer.request.method} "

    def log() -> str:
        return installation.log("hub")[before:]

    wait_for(lambda: asked in log() and log().endswith("\n"), seconds=10, what="a line in the log")
    return log().splitlines()


@pytest.mark.d4(10)
@pytest.mark.parametrize(
    "name",
    [
        "a" * 900_000, "ü" * 150_000, "a\0b", "a\nFORGED line", "a\r\nFORGED", "\u202ealice",
        "alice\u200b", "a\u2028FORGED", "\x1b[2Jalice", "hub", "a/b", "", "a" * 201,
    ],
    ids=lambda name: ascii(name[:12]),
)  # fmt: skip
def test_a_name_that_cannot_be_is_refused_in_one_short_line(
    visitor: HubClient, installation: TestInstallation, name: str
) -> None:
    answers = []

    def send() -> httpx.Response:
        answers.append(post_form(visitor, "/hub/login", {"username": name, "password": "x"}))
        return answers[-1]

    lines = new_lines(installation, send)
    assert 400 <= answers[0].status_code < 500
    assert len(answers[0].content) < 100_000
    failed = [line for line in lines if "Failed login" in line]
    assert len(failed) == 1
    assert all(len(line.encode()) <= LONGEST_LINE for line in lines)
    assert all(json.loads(line)["process"] == "hub" for line in lines)
    assert all(line.isprintable() for line in lines)


@pytest.mark.d4(10)
@pytest.mark.parametrize("fields", [{}, {"username": USER}, {"password": "x"}])
def test_a_form_without_its_fields_is_refused(visitor: HubClient, fields: dict[str, str]) -> None:
    assert post_form(visitor, "/hub/login", fields).status_code == 400


@pytest.mark.d4(10)
@pytest.mark.parametrize(
    ("length", "status"),
    [(900_000, 403), (1_000_000, 413)],
    ids=["hub-refuses", "edge-refuses"],
)
@pytest.mark.parametrize("field", ["username", "password"])
def test_a_field_of_a_megabyte_is_refused(
    visitor: HubClient, field: str, length: int, status: int
) -> None:
    fields = {"username": USER, "password": "x"} | {field: "x" * length}
    assert post_form(visitor, "/hub/login", fields).status_code == status


@pytest.mark.d4(10)
@pytest.mark.parametrize(
    "path",
    [
        "/hub/login?username={long}", "/hub/login?next=/{long}", "/hub/user/{long}/lab",
        "/hub/spawn/{long}", "/hub/login?username=%0AFORGED%E2%80%AE",
        "/hub/spawn/x%0AFORGED%E2%80%AE",
    ],
)  # fmt: skip
def test_an_address_cannot_stretch_or_forge_the_log(
    signed_in: HubClient, installation: TestInstallation, path: str
) -> None:
    lines = new_lines(
        installation,
        lambda: signed_in.get(path.format(long="a" * 12_000), follow_redirects=False),
    )
    assert all(len(line.encode()) <= LONGEST_LINE for line in lines)
    assert all(json.loads(line)["process"] == "hub" for line in lines)


@pytest.mark.d4(10)
@pytest.mark.parametrize("name", ["x" * 900_000, "a\nb", "\u202ex", "hub", "a/b"])
def test_nobody_gives_a_user_such_a_name(installation: TestInstallation, name: str) -> None:
    with HubClient(installation, "admin") as admin:
        answers = []

        def send() -> httpx.Response:
            answers.append(admin.api("POST", "/users", {"usernames": [name]}))
            return answers[-1]

        lines = new_lines(installation, send)
    assert answers[0].status_code == 400
    assert all(len(line.encode()) <= LONGEST_LINE for line in lines)


@pytest.mark.d4(12)
def test_wrong_passwords_are_limited_counted_and_do_not_lock_others_out(
    visitor: HubClient, installation: TestInstallation
) -> None:
    before = refused(visitor, installation)
    answers = [
        post_form(visitor, "/hub/login", {"username": "mallory", "password": "wrong"})
        for _ in range(WRONG_ATTEMPTS + 1)
    ]
    assert [answer.status_code for answer in answers[:-1]] == [403] * WRONG_ATTEMPTS
    last = answers[-1]
    assert last.status_code == 429
    assert 0 < int(last.headers["Retry-After"]) <= 60
    assert "Try again in" in last.text
    assert refused(visitor, installation) == before + 1
    fields = {"username": "alice", "password": installation.password("alice")}
    assert post_form(visitor, "/hub/login", fields).status_code == 302


def refused(visitor: HubClient, installation: TestInstallation) -> float:
    """Read the counter as Prometheus does."""
    token = (installation.home / "secrets" / "metrics_token").read_text().strip()
    headers = {"Authorization": f"token {token}"}
    text = visitor.get("/hub/metrics", headers=headers).raise_for_status().text
    (found,) = re.findall(r"^twinhub_sign_in_refused_total (\S+)$", text, re.MULTILINE)
    return float(found)


@pytest.mark.d4(13)
def test_the_token_of_the_metrics_opens_nothing_else(
    visitor: HubClient, installation: TestInstallation
) -> None:
    token = (installation.home / "secrets" / "metrics_token").read_text().strip()
    headers = {"Authorization": f"token {token}"}
    assert visitor.get("/hub/metrics").status_code in {401, 403}
    for path in ("/users", "/groups", "/services", "/proxy", "/info", "/users/alice"):
        assert visitor.get(f"/hub/api{path}", headers=headers).status_code in {403, 404}


def test_a_reset_password_holds_at_once_and_the_old_one_no_more(
    visitor: HubClient, installation: TestInstallation
) -> None:
    old = installation.password("bob")
    done = installation.run("users", "reset-password", "bob")
    assert done.returncode == 0, done.stderr
    new = done.stdout.split()[-1]
    assert new != old
    assert installation.password("bob") == new
    fields = {"username": "bob", "password": old}
    assert post_form(visitor, "/hub/login", fields).status_code == 403
    assert post_form(visitor, "/hub/login", fields | {"password": new}).status_code == 302


def test_a_reset_of_nobody_names_the_accounts(installation: TestInstallation) -> None:
    before = (installation.home / "secrets" / "accounts.json").read_bytes()
    done = installation.run("users", "reset-password", "mallory")
    assert done.returncode == 1
    assert "There are: admin, alice, bob, instructor" in done.stderr
    assert (installation.home / "secrets" / "accounts.json").read_bytes() == before
