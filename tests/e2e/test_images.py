"""A person chooses an image, and has a second workspace beside the first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.test_pages import sign_in
from tests.fixtures.browser import screenshot
from tests.fixtures.further import EXAM, NEVER, SOLVERS, other_names, stop
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import require_engine, running_installation
from tests.fixtures.page_audit import faults_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

_SETTINGS = f"""
workspace:
  images:
    - workspace
    - image: {SOLVERS}
      title: Solvers
      summary: For the course on solvers
      tools: [JupyterLab, Octave]
    - {{image: {NEVER}, title: Never built, picture: full}}
groups:
  - name: exam
    images:
      - {{image: {EXAM}, title: Exam}}
      - {{image: {SOLVERS}, title: Solvers}}
"""
_START_MS = 90_000


@pytest.fixture(scope="module")
def offering() -> Iterator[TestInstallation]:
    """A running installation with several images."""
    require_engine()
    with running_installation(settings=_SETTINGS) as there, other_names():
        yield there


@pytest.fixture
def person(page: Page, offering: TestInstallation) -> Iterator[Page]:
    """The home page of somebody without a workspace that runs, now and afterwards."""
    sign_in(page, offering, "alice")
    yield page
    with HubClient(offering, "alice") as client:
        stop(client, "second", remove=True)
        client.stop()


def test_the_cards_are_a_group_of_radio_buttons_with_their_words(person: Page) -> None:
    person.get_by_role("link", name="Start my workspace").click()
    group = person.get_by_role("group", name="Image of the workspace")
    expect(group.get_by_role("radio")).to_have_count(3)
    solvers = group.get_by_role("radio", name="Solvers", exact=True)
    expect(solvers).to_have_accessible_description(
        re.compile(r"For the course on solvers\. With JupyterLab ?, Octave ?\. .*B on disk")
    )
    expect(group.get_by_role("radio", name="Never built")).to_be_disabled()
    expect(group.get_by_text("ask an administrator to build it")).to_be_visible()
    group.get_by_role("radio", name="Workspace", exact=True).check()
    group.get_by_role("radio", name="Workspace", exact=True).focus()
    person.keyboard.press("ArrowDown")
    expect(solvers).to_be_checked()
    expect(solvers).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_in_order_in_both_themes_and_on_a_telephone(
    browser: Browser, offering: TestInstallation, scheme: str, width: int
) -> None:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 800},
    )
    page = context.new_page()
    sign_in(page, offering, "alice")
    assert faults_of(page) == []
    page.goto(f"{offering.address}/hub/spawn")
    expect(page.get_by_role("radio")).to_have_count(3)
    assert faults_of(page) == []
    screenshot(page, f"images-{scheme}-{width}")
    context.close()


def test_a_card_is_chosen_started_and_remembered(person: Page, offering: TestInstallation) -> None:
    person.get_by_role("link", name="Start my workspace").click()
    person.get_by_text("For the course on solvers.").click()
    person.get_by_role("button", name="Start").click()
    expect(person).to_have_url(re.compile("/user/alice/lab"), timeout=_START_MS)
    assert offering.container("alice").attrs["Config"]["Image"] == SOLVERS
    person.goto(f"{offering.address}/hub/home")
    expect(person.get_by_text("Image: Solvers")).to_be_visible()
    person.get_by_role("button", name="Stop").click()
    expect(person.get_by_text("Stopped")).to_be_visible(timeout=_START_MS)
    person.get_by_role("link", name="Start my workspace").click()
    expect(person.get_by_role("radio", name="Solvers", exact=True)).to_be_checked()


def test_a_second_workspace_runs_beside_the_first(person: Page, offering: TestInstallation) -> None:
    with HubClient(offering, "alice") as client:
        client.start()
    person.reload()
    person.get_by_label("Name").fill("second")
    person.get_by_role("button", name="Add it").click()
    expect(person.get_by_role("heading", name="Start the workspace second")).to_be_visible()
    person.get_by_role("radio", name="Solvers", exact=True).check()
    person.get_by_role("button", name="Start").click()
    expect(person).to_have_url(re.compile("/user/alice/second/lab"), timeout=_START_MS)
    expect(person.get_by_role("menuitem", name="File")).to_be_visible(timeout=_START_MS)
    person.goto(f"{offering.address}/hub/home")
    card = person.locator("#workspace-second")
    expect(card.get_by_text("Running")).to_be_visible()
    expect(person.locator("#workspace").get_by_text("Running")).to_be_visible()
    expect(person.get_by_label("Name")).to_have_count(0)
    assert faults_of(person) == []
    screenshot(person, "home-second")
    card.get_by_role("button", name="Stop").click()
    expect(card.get_by_text("Stopped")).to_be_visible(timeout=_START_MS)
    expect(person.locator("#workspace").get_by_text("Running")).to_be_visible()
    person.goto(f"{offering.address_of('alice')}/user/alice/second/lab")
    expect(
        person.get_by_role("heading", name="Your workspace second is not running")
    ).to_be_visible()
    assert faults_of(person) == []
    person.goto(f"{offering.address}/hub/home")
    card.get_by_role("button", name="Remove").click()
    expect(card).to_have_count(0, timeout=_START_MS)
    expect(person.get_by_role("heading", name="A second workspace")).to_be_visible()


def test_a_name_that_cannot_be_is_told_before_it_is_sent(person: Page) -> None:
    field = person.get_by_label("Name")
    for name, is_valid in (("second", True), ("a-b", True), ("Second", False), ("a--b", False)):
        field.fill(name)
        assert field.evaluate("e => e.checkValidity()") is is_valid, name
    field.fill("lab")
    person.get_by_role("button", name="Add it").click()
    expect(person.get_by_role("main")).to_contain_text("A workspace cannot be called 'lab'")


def test_a_group_is_shown_its_own_images(page: Page, offering: TestInstallation) -> None:
    with HubClient(offering, "admin") as admin, HubClient(offering, "instructor"):
        admin.get("/hub/home")
        admin.api("POST", "/groups/exam").raise_for_status()
        admin.api("POST", "/groups/exam/users", {"users": ["instructor"]}).raise_for_status()
    sign_in(page, offering, "instructor")
    page.goto(f"{offering.address}/hub/spawn")
    expect(page.get_by_role("radio")).to_have_count(2)
    expect(page.get_by_role("radio", name="Exam", exact=True)).to_be_checked()


@pytest.mark.d4(2)
@pytest.mark.parametrize("send", ["fetch", "form", "frame", "socket"])
def test_a_page_of_another_user_gets_nothing_done(
    person: Page, offering: TestInstallation, send: str
) -> None:
    """Whatever a page at another user's origin sends, the edge answers 403, cookies or not."""
    with HubClient(offering, "alice") as client:
        client.start()
    target = f"{offering.address_of('alice')}/user/alice/api/contents"
    scripts = {
        "fetch": "u => fetch(u, {method: 'POST', mode: 'no-cors', credentials: 'include'})",
        "form": "u => { document.body.innerHTML = `<form method=post action='${u}'></form>`;"
        " document.forms[0].submit(); }",
        "frame": "u => { document.body.innerHTML = `<iframe src='${u}'></iframe>`; }",
        "socket": "u => { new WebSocket(u.replace('http', 'ws')); }",
    }
    person.goto(f"{offering.address_of('alice')}/user/alice/lab")
    expect(person.get_by_role("menuitem", name="File")).to_be_visible(timeout=_START_MS)
    bobs = offering.address_of("bob")
    # a file that the edge serves there, and that Chromium shows as a page without a policy
    person.goto(f"{bobs}/hub/static/twinhub/twinhub.js")
    if send == "socket":
        with person.expect_event("console", lambda m: "403" in m.text):
            person.evaluate(scripts[send], target)
        return
    with person.expect_response(lambda answer: answer.url == target) as answered:
        person.evaluate(scripts[send], target)
    assert answered.value.status == 403
