"""The hub's pages in a browser: what they say, for everybody, and where they lead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from twinhub_api import names
from twinhub_hub.settings.models import Settings

from tests.fixtures.browser import screenshot
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import engine
from tests.fixtures.page_audit import faults_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

USER = "instructor"
_CONFIG = "$HOME/.jupyter/jupyter_server_config.py"
_START_MS = 60_000
_NARROW = {"width": 390, "height": 780}


def sign_in(page: Page, installation: TestInstallation, user: str) -> None:
    """Sign in and arrive at the home page."""
    page.goto(f"{installation.address}/hub/login?next=%2Fhub%2Fhome")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").first.fill(installation.password(user))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your workspace")).to_be_visible()


@pytest.fixture
def home(page: Page, installation: TestInstallation) -> Iterator[Page]:
    """The home page of a user whose workspace is stopped, now and afterwards."""
    with HubClient(installation, USER) as client:
        client.stop()
        sign_in(page, installation, USER)
        yield page
        client.stop()


def run_in_home(installation: TestInstallation, user: str, script: str) -> None:
    """Run a shell script where a user's home is at hand, as that user could."""
    home = {names.volume_for(installation.prefix, user): {"bind": "/home/twin", "mode": "rw"}}
    engine().containers.run(
        Settings().workspace.images[0].image, ["-c", script], entrypoint="sh", volumes=home,
        remove=True,
    )  # fmt: skip


@pytest.fixture
def configure(installation: TestInstallation) -> Iterator[None]:
    """Take away afterwards what a test wrote into the user's own configuration."""
    yield
    run_in_home(installation, USER, f"rm -f {_CONFIG}")


def write_config(installation: TestInstallation, python: str) -> None:
    """Give the user a configuration of JupyterLab of their own."""
    script = f'mkdir -p "$(dirname {_CONFIG})" && printf %s {python!r} > {_CONFIG}'
    run_in_home(installation, USER, script)


def watch(context: BrowserContext) -> tuple[set[str], list[str]]:
    """Return the hosts that a context's pages ask, and what their policy refused."""
    hosts: set[str] = set()
    refused: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            refused.append(message.text)

    context.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    context.on("console", listen)
    return hosts, refused


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_in_order_and_asks_nobody_else(
    browser: Browser, installation: TestInstallation, scheme: str
) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    hosts, refused = watch(context)
    page = context.new_page()
    faults, titles = {}, []

    def look(name: str) -> None:
        faults[name] = faults_of(page)
        titles.append(page.title())
        screenshot(page, f"hub-{name}-{scheme}")

    page.goto(f"{installation.address}/hub/login")
    look("login")
    sign_in(page, installation, "admin")
    look("home")
    page.goto(f"{installation.address}/hub/admin")
    expect(page.get_by_role("button", name="Add Users")).to_be_visible()
    look("admin")
    for name, path in (
        ("token", "token"), ("not-found", "no-such-page"), ("error", "error/500"),
        ("not-running", "user/admin/lab"), ("signed-out", "logout"),
    ):  # fmt: skip
        page.goto(f"{installation.address}/hub/{path}")
        look(name)
    context.close()
    assert {name: found for name, found in faults.items() if found} == {}
    assert len(set(titles)) == len(titles)
    assert refused == []
    assert hosts == {f"twinhub.localhost:{installation.port}"}


def test_no_page_is_wider_than_a_telephone(
    browser: Browser, installation: TestInstallation
) -> None:
    context = browser.new_context(viewport=_NARROW)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{installation.address}/hub/login")
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(wide)
    sign_in(page, installation, "admin")
    for path in ("home", "no-such-page", "user/admin/lab", "logout"):
        page.goto(f"{installation.address}/hub/{path}")
        assert not page.evaluate(wide), path
    context.close()


def test_the_keyboard_is_enough(home: Page) -> None:
    home.keyboard.press("Tab")
    skip = home.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    home.keyboard.press("Enter")
    home.keyboard.press("Tab")
    start = home.get_by_role("link", name="Start my workspace")
    expect(start).to_be_focused()
    expect(start).to_have_css("outline-style", "solid")


def test_a_wrong_password_is_announced(page: Page, installation: TestInstallation) -> None:
    page.goto(f"{installation.address}/hub/login")
    page.get_by_label("Username").fill(USER)
    page.get_by_label("Password").first.fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Invalid username or password")
    expect(page.get_by_label("Username")).to_have_value(USER)
    assert faults_of(page) == []


def test_the_trial_says_where_its_passwords_are(page: Page, installation: TestInstallation) -> None:
    page.goto(f"{installation.address}/hub/login")
    expect(page.get_by_text("secrets/trial-passwords.json")).to_be_visible()
    expect(page.get_by_text("not encrypted")).to_be_hidden()


def test_signing_out_says_so_and_leads_back(page: Page, installation: TestInstallation) -> None:
    sign_in(page, installation, USER)
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
    page.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_home_starts_opens_and_stops_the_workspace(
    home: Page, installation: TestInstallation
) -> None:
    expect(home.get_by_text("Stopped")).to_be_visible()
    home.get_by_role("link", name="Start my workspace").click()
    expect(home).to_have_url(re.compile("/user/.*/lab"), timeout=_START_MS)
    home.goto(f"{installation.address}/hub/home")
    expect(home.get_by_text("Running")).to_be_visible()
    assert faults_of(home) == []
    screenshot(home, "hub-home-running")
    home.get_by_role("link", name="Open my workspace").click()
    expect(home).to_have_url(re.compile("/user/.*/lab"))
    home.goto(f"{installation.address}/hub/home")
    home.get_by_role("button", name="Stop").click()
    expect(home.get_by_text("Stopped")).to_be_visible(timeout=_START_MS)


@pytest.mark.usefixtures("configure")
def test_a_start_shows_its_stages_and_can_be_cancelled(
    home: Page, installation: TestInstallation
) -> None:
    write_config(installation, "import time; time.sleep(60)")
    home.get_by_role("link", name="Start my workspace").click()
    stages = home.get_by_role("list", name="Stages of the start").get_by_role("listitem")
    current = stages.and_(home.locator("[aria-current=step]"))
    expect(current).to_have_text("JupyterLab is starting", timeout=_START_MS)
    expect(home.get_by_role("progressbar", name="Start of the workspace")).to_have_attribute(
        "aria-valuenow", "50"
    )
    expect(home.get_by_role("timer")).not_to_have_text("0 s")
    assert faults_of(home) == []
    screenshot(home, "hub-starting")
    home.get_by_role("button", name="Cancel").click()
    expect(home).to_have_url(re.compile("/hub/home$"), timeout=_START_MS)
    expect(home.get_by_text("Stopped")).to_be_visible(timeout=_START_MS)
    left = engine().containers.list(
        all=True, filters={"name": names.container_for(installation.prefix, USER)}
    )
    assert left == []


@pytest.mark.d4(55)
@pytest.mark.usefixtures("configure")
def test_a_failed_start_shows_cause_log_and_next_step(
    home: Page, installation: TestInstallation
) -> None:
    write_config(installation, 'raise SystemExit("<b>my own mistake</b>")')
    home.get_by_role("link", name="Start my workspace").click()
    expect(home.get_by_role("heading", name="Your workspace did not start")).to_be_visible(
        timeout=_START_MS
    )
    expect(home.get_by_role("alert")).to_contain_text("stopped while it was starting")
    expect(home.get_by_role("region", name="Last log lines")).to_contain_text(
        "<b>my own mistake</b>"
    )
    assert faults_of(home) == []
    screenshot(home, "hub-failed")
    home.get_by_role("main").get_by_role("link", name="Home").click()
    home.get_by_role("link", name="see why").click()
    run_in_home(installation, USER, f"rm {_CONFIG}")
    home.get_by_role("link", name="Try again").click()
    expect(home).to_have_url(re.compile("/user/.*/lab"), timeout=_START_MS)


@pytest.mark.d4(49)
@pytest.mark.parametrize("image", ["debian:bookworm-slim", ["debian:bookworm-slim"], {"a": "b"}])
def test_an_image_that_is_not_offered_never_runs(
    home: Page, installation: TestInstallation, image: object
) -> None:
    with HubClient(installation, USER) as client:
        client.get("/hub/home")
        client.api("POST", f"/users/{USER}/server", {"image": image})
    home.goto(f"{installation.address}/hub/spawn-pending/{USER}")
    # what is left of the start is taken away first, and the page says so until it is
    alert = home.get_by_role("alert")
    expect(alert).to_contain_text("is not offered here", timeout=_START_MS)
    expect(home.get_by_role("alert")).to_contain_text(Settings().workspace.images[0].image)
    left = engine().containers.list(
        all=True, filters={"name": names.container_for(installation.prefix, USER)}
    )
    assert left == []
    home.get_by_role("link", name="Try again").click()
    expect(home).to_have_url(re.compile("/user/.*/lab"), timeout=_START_MS)


def test_pages_carry_the_recommended_headers(installation: TestInstallation) -> None:
    with HubClient(installation, USER) as client:
        for path in ("/hub/home", "/hub/token", "/hub/no-such-page", "/hub/api/"):
            headers = client.get(path).headers
            assert headers["X-Content-Type-Options"] == "nosniff", path
            assert headers["Referrer-Policy"] == "same-origin", path
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "default-src 'none'" in client.get("/hub/api/").headers["Content-Security-Policy"]


def test_the_api_answers_in_json_when_it_fails(installation: TestInstallation) -> None:
    with HubClient(installation, USER) as client:
        answer = client.get("/hub/api/no-such-thing")
        assert answer.status_code == 404
        assert answer.json()["status"] == 404


def test_files_of_the_pages_are_kept_by_version_and_asked_for_once(
    installation: TestInstallation,
) -> None:
    with HubClient(installation, USER) as client:
        match = re.search(
            r'href="(/hub/static/twinhub/[^"]*css\?v=\w+)"', client.get("/hub/home").text
        )
        assert match
        first = client.get(match[1])
        assert "max-age=3" in first.headers["Cache-Control"]
        again = client.get(match[1].split("?")[0], headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        assert again.headers["Cache-Control"] == "no-cache"


@pytest.mark.d4(21)
@pytest.mark.parametrize(
    "path",
    [
        "../handlers.py",
        "..%2fhandlers.py",
        "%2e%2e/handlers.py",
        "x/../../__init__.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
    ],
)
def test_nothing_beside_the_files_of_the_pages_is_served(
    installation: TestInstallation, path: str
) -> None:
    with HubClient(installation, USER) as client:
        assert client.get(f"/hub/static/twinhub/{path}").status_code in {403, 404}
