"""Each tool of a workspace, opened at its user's origin as people open it, and used."""

from __future__ import annotations

import json
import os
import re
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, expect
from twinhub_hub.settings.images import OWN

from tests.fixtures.browser import open_lab, screenshot
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import (
    TestInstallation,
    engine,
    require_engine,
    running_installation,
)
from tests.fixtures.requirements import missing
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Page


pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

_USER = "alice"
_IMAGE = OWN["workspace-full"].image
_SETTINGS = f"""
workspace:
  memory: 3G
  start_timeout_seconds: 600
  images:
    - {{image: "{_IMAGE}", title: Everything}}
"""
_TOOLS = ("desktop", "vscode", "git-page", "tensorboard", "monitor", "big-files", "ssh")
_TITLES = (
    "Desktop", "VS Code", "Git", "TensorBoard", "Resource monitor", "Big files", "SSH",
)  # fmt: skip
_OPEN_MS = 180_000
_ACTIVE_WINDOW = """
id=$(xprop -root _NET_ACTIVE_WINDOW | grep -o '0x[0-9a-f]*' | head -n 1)
xprop -id "$id" WM_NAME 2>&1 || true  # there may be none yet
"""
_USE_SECONDS = 120
_SCALAR = """
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
writer = EventFileWriter("/workspace/runs/first")
for step in range(20):
    value = Summary.Value(tag="tank/temperature", simple_value=20.0 + step)
    writer.add_event(Event(step=step, wall_time=1.7e9 + step, summary=Summary(value=[value])))
writer.close()
"""


@pytest.fixture(scope="module")
def full() -> Iterator[TestInstallation]:
    """An installation whose workspaces have every tool; ``TWINHUB_TEST_TOOLS`` names one."""
    require_engine()
    if given := os.environ.get("TWINHUB_TEST_TOOLS"):
        port = json.loads((Path(given) / "state" / "running.json").read_text())["port"]
        yield TestInstallation(Path(given), port)
        return
    if not engine().images.list(_IMAGE):
        missing(f"the image {_IMAGE}", "run `python images/build.py workspace-full`")
    with running_installation(settings=_SETTINGS) as there:
        yield there


class Alice:
    """Alice's browser, with her workspace open, and every address that it has asked for."""

    def __init__(self, context: BrowserContext, there: TestInstallation) -> None:
        """Write down each request from now on."""
        self.context, self.there = context, there
        self.hosts: set[str] = set()
        context.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"}:
            self.hosts.add(parts.hostname or "")

    @property
    def base(self) -> str:
        """The address of her workspace."""
        return f"{self.there.address_of(_USER)}/user/{_USER}/"

    @contextmanager
    def opened(self, path: str) -> Iterator[Page]:
        """Open a tool's page; the networks of starting containers may break the first attempt."""
        page = self.context.new_page()
        page.on("websocket", lambda socket: self._note(socket.url))
        try:
            page.goto(self.base + path, timeout=_OPEN_MS)
        except Error as error:
            if "ERR_NETWORK_CHANGED" not in str(error):
                raise
            page.goto(self.base + path, timeout=_OPEN_MS)
        yield page
        page.close()

    def run(self, *command: str, **options: Any) -> str:  # noqa: ANN401 - docker-py's own
        """Run a command in her workspace."""
        status, output = self.there.container(_USER).exec_run(list(command), **options)
        assert isinstance(output, bytes)
        assert status == 0, output.decode()
        return output.decode()

    def read(self, path: str) -> str:
        """Return a file of her workspace; nothing while it is not there."""
        _, output = self.there.container(_USER).exec_run(["cat", path])
        assert isinstance(output, bytes)
        return output.decode()


@pytest.fixture(scope="module")
def alice(browser: Browser, full: TestInstallation) -> Iterator[Alice]:
    """Alice, signed in, with her workspace open; by the end, nobody outside has been asked."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, color_scheme=_color_scheme()
    )
    context.set_default_timeout(_OPEN_MS)
    her = Alice(context, full)
    with HubClient(full, _USER) as hub:
        hub.start()
    open_lab(context.new_page(), full, _USER)
    yield her
    context.close()
    assert her.hosts <= {"twinhub.localhost", urlsplit(her.base).hostname}


def _wait_until_shown(page: Page, wanted: Locator) -> None:
    """Return when a tool's page shows something.

    The networks of starting containers break requests (ERR_NETWORK_CHANGED), and with one of them a
    page; as a person would, load it again.
    """
    for _ in range(2):
        try:
            expect(wanted).to_be_visible(timeout=_OPEN_MS / 3)
        except AssertionError:
            page.reload(timeout=_OPEN_MS)
        else:
            return
    expect(wanted).to_be_visible(timeout=_OPEN_MS)


def _color_scheme() -> Any:  # noqa: ANN401 - Playwright's literal
    return os.environ.get("TWINHUB_SCREENSHOTS_SCHEME", "light")


def test_launcher_shows_each_tool_with_its_icon(alice: Alice) -> None:
    with alice.opened("lab?reset") as page:
        _wait_until_shown(page, page.locator(".jp-LauncherCard").first)
        for title in _TITLES:
            card = page.locator(".jp-LauncherCard").filter(has_text=re.compile(rf"^\s*{title}\s*$"))
            expect(card).to_be_visible(timeout=_OPEN_MS)
            expect(card.locator("img, svg").first).to_be_visible()
        sections = page.locator(".jp-Launcher-sectionTitle").all_inner_texts()
        assert sections[:4] == ["Notebook", "Console", "Tools", "Other"]
        card.scroll_into_view_if_needed()
        screenshot(page, f"launcher-{_color_scheme()}")


def test_palette_opens_a_tool_and_the_menu_of_a_folder_opens_it_in_vs_code(alice: Alice) -> None:
    alice.run("mkdir", "-p", "/workspace/models/tank one")
    with alice.opened("lab?reset") as page:
        expect(page.get_by_role("menuitem", name="File", exact=True)).to_be_visible(
            timeout=_OPEN_MS
        )
        page.bring_to_front()  # the palette hides when the page loses the focus
        page.locator(".jp-Launcher-body").click(position={"x": 5, "y": 5})
        page.keyboard.press("Control+Shift+C")
        page.locator("#modal-command-palette input").fill("Open Resource monitor")
        with page.expect_popup() as popup:
            page.locator(".lm-CommandPalette-item").filter(has_text="Open Resource monitor").click()
        expect(popup.value).to_have_title("Resource monitor", timeout=_OPEN_MS)
        popup.value.close()
        page.locator(".jp-DirListing-item").filter(has_text="models").first.dblclick()
        folder = page.locator(".jp-DirListing-item").filter(has_text="tank one").first
        folder.click(button="right")
        screenshot(page, f"menu-{_color_scheme()}")
        with page.expect_popup() as popup:
            page.get_by_role("menuitem", name="Open in VS Code").click()
        expect(popup.value).to_have_url(
            re.compile(r"/vscode/\?folder=(%2F|/)workspace(%2F|/)models(%2F|/)tank(%20|\+| )one"),
            timeout=_OPEN_MS,
        )
        popup.value.close()


def test_file_is_edited_in_vs_code_and_saved(alice: Alice) -> None:
    alice.run("sh", "-c", "echo 'volume: 1' > /workspace/tank.yaml")
    with alice.opened("vscode/?folder=/workspace") as page:
        item = page.get_by_role("treeitem", name="tank.yaml")
        _wait_until_shown(page, item)
        item.dblclick()
        expect(page.locator(".view-lines")).to_contain_text("volume", timeout=_OPEN_MS)
        page.locator(".view-lines").first.click()
        page.keyboard.press("Control+End")
        page.keyboard.type("height: 2\n")
        page.keyboard.press("Control+s")
        wait_for(
            lambda: "height: 2" in alice.read("/workspace/tank.yaml"),
            seconds=_USE_SECONDS,
            what="the file is saved",
        )
        screenshot(page, f"vscode-{_color_scheme()}")


def test_window_is_moved_on_the_desktop(alice: Alice) -> None:
    with alice.opened("desktop/") as page:
        _wait_until_shown(page, page.locator("canvas"))
        expect(page.locator("#state")).to_have_text("Desktop", timeout=_OPEN_MS)
        _x(alice, "xfce4-terminal --geometry=60x15+300+200 --title=Mine >/dev/null 2>&1 &")
        before = wait_for(lambda: _place(alice), seconds=_USE_SECONDS, what="a window with a frame")

        def has_moved() -> bool:
            if (place := _place(alice)) is None:
                return False
            if place[0] - before[0] > 100 and place[1] - before[1] > 50:
                return True
            # A title bar that was just drawn may not listen yet: a person takes it once more.
            _drag(page, (place[0] + 120, place[1] - 12), by=(150, 90))
            return False

        wait_for(has_moved, seconds=_USE_SECONDS, what="the window has moved")
        screenshot(page, f"desktop-{_color_scheme()}")


def test_what_is_copied_in_the_browser_is_pasted_on_the_desktop_and_back(alice: Alice) -> None:
    origin = alice.there.address_of(_USER)
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    to_desktop, to_browser = (f"{way} {uuid.uuid4().hex} é" for way in ("in", "out"))
    with alice.opened("desktop/") as page:
        expect(page.locator("#state")).to_have_text("Desktop", timeout=_OPEN_MS)
        with alice.opened("services") as other:
            other.bring_to_front()
            other.evaluate("text => navigator.clipboard.writeText(text)", to_desktop)
        page.bring_to_front()
        page.evaluate("window.dispatchEvent(new Event('focus'))")  # headless windows have no other
        expect(page.locator("#clipboard-text")).to_have_value(to_desktop, timeout=_OPEN_MS)

        _show(alice, "xfce4-terminal --title=Pasting -x sh -c 'cat > /tmp/pasted'", "Pasting")
        page.locator("canvas").focus()

        def is_pasted() -> bool:
            page.keyboard.press("Control+Shift+v")  # a new window may pass over the first keys
            page.keyboard.press("Enter")
            return to_desktop in alice.read("/tmp/pasted").splitlines()  # noqa: S108 - in the container

        wait_for(is_pasted, seconds=_USE_SECONDS, what="the text on the desktop")
        page.keyboard.press("Control+d")
        alice.run("sh", "-c", f"printf %s '{to_browser}' > /tmp/copied.txt")
        _show(alice, "mousepad /tmp/copied.txt", "copied.txt")

        def is_copied() -> bool:
            page.keyboard.press("Control+a")  # as above
            page.keyboard.press("Control+c")
            return bool(page.evaluate("navigator.clipboard.readText()") == to_browser)

        wait_for(is_copied, seconds=_USE_SECONDS, what="the text in the browser")
        page.get_by_role("button", name="Clipboard").click()
        screenshot(page, f"clipboard-{_color_scheme()}")


def _show(alice: Alice, command: str, title: str) -> None:
    """Start a program on the desktop, and return when its window has the keyboard."""
    _x(alice, f"{command} >/dev/null 2>&1 &")
    wait_for(
        lambda: title in _x(alice, _ACTIVE_WINDOW),
        seconds=_USE_SECONDS,
        what=f"the window {title}",
    )


def _x(alice: Alice, command: str) -> str:
    environment = "DISPLAY=:1 XAUTHORITY=/tmp/twinhub-runtime/tools/desktop/xauthority"
    return alice.run("sh", "-c", f"export {environment}; {command}")


def _drag(page: Page, start: tuple[int, int], *, by: tuple[int, int]) -> None:
    """Take what is at a point of the desktop's screen and move it."""
    box = page.locator("canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + start[0], box["y"] + start[1]
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + by[0] * step / 10, y + by[1] * step / 10)
    page.mouse.up()


def _place(alice: Alice) -> tuple[int, int] | None:
    """Return where the window is, inside its frame; None while it has none."""
    said = _x(alice, "xwininfo -name Mine 2>&1; xprop -name Mine _NET_FRAME_EXTENTS 2>&1; true")
    found = re.findall(r"Absolute upper-left [XY]:\s+(-?\d+)", said)
    is_framed = re.search(r"_NET_FRAME_EXTENTS\(CARDINAL\) = .*[1-9]", said)
    return (int(found[0]), int(found[1])) if found and is_framed else None


def test_commit_is_made_in_the_git_page(alice: Alice) -> None:
    title = f"Add a file {uuid.uuid4().hex}"
    alice.run(
        "sh",
        "-c",
        "mkdir -p /workspace/twin && cd /workspace/twin && git init -q . "
        "&& git config user.name Alice && git config user.email alice@example.org "
        "&& git commit -q --allow-empty -m First && date > $(date +%s).txt",
    )
    with alice.opened("git-page/#/repository?path=/workspace/twin") as page:
        message = page.get_by_placeholder("Title (required)")
        _wait_until_shown(page, page.get_by_text(re.compile(r"1 files, 1 to be")))
        message.click()
        page.keyboard.type(title)
        page.locator(".commit-btn").first.click()

        def is_committed() -> bool:
            _, said = alice.there.container(_USER).exec_run(
                ["git", "-C", "/workspace/twin", "log", "--format=%s"]
            )
            return title.encode() in said

        wait_for(is_committed, seconds=_USE_SECONDS, what="the commit")
        screenshot(page, f"git-page-{_color_scheme()}")


def test_tensorboard_shows_a_scalar(alice: Alice) -> None:
    alice.run("/opt/twinhub/tensorboard/bin/python", "-c", _SCALAR)
    with alice.opened("tensorboard/") as page:
        card = page.get_by_text("tank/temperature").first
        _wait_until_shown(page, card)
        screenshot(page, f"tensorboard-{_color_scheme()}")


def test_monitor_shows_this_containers_memory_and_ends_a_process(alice: Alice) -> None:
    alice.run("sh", "-c", "sleep 3456 &")
    with alice.opened("monitor/") as page:
        _wait_until_shown(page, page.get_by_role("row").nth(1))
        expect(page.locator("#memory-more")).to_contain_text("of 3.0 GiB allowed", timeout=_OPEN_MS)
        stats = alice.there.container(_USER).stats(stream=False)
        assert isinstance(stats, dict)
        usage = stats["memory_stats"]["usage"]
        shown = page.locator("#memory").inner_text().split()
        unit = {"MiB": 2**20, "GiB": 2**30}[shown[1]]
        assert abs(float(shown[0]) * unit - usage) < 0.5 * usage
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("searchbox").fill("sleep 3456")
        row = page.get_by_role("row").filter(has_text="sleep 3456")
        row.get_by_role("button", name=re.compile("^End sleep")).click()
        expect(page.get_by_role("status")).to_contain_text("was asked to end", timeout=_OPEN_MS)
        screenshot(page, f"monitor-{_color_scheme()}")
    assert alice.run("sh", "-c", "pgrep -f '^sleep 3456' || echo none").strip() == "none"


def test_tool_that_does_not_start_shows_why(alice: Alice) -> None:
    # The tools are ended and kept from starting: a file takes the place of their folder.
    folder = "/tmp/twinhub-runtime/tools"  # noqa: S108 - in the container
    alice.run("sh", "-c", "pkill -f tools/[w]rapper.py; true")
    wait_for(
        lambda: not alice.run("sh", "-c", "pgrep -f tools/[w]rapper.py || true").strip(),
        seconds=_USE_SECONDS,
        what="all tools have ended",
    )
    alice.run("sh", "-c", f"rm -rf {folder}; touch {folder}")
    try:
        with alice.opened("monitor/") as page:
            expect(page.get_by_role("heading", level=1)).to_have_text(
                "Resource monitor did not start", timeout=_OPEN_MS
            )
            screenshot(page, f"failure-{_color_scheme()}")
            alice.run("rm", "-r", folder)
            page.get_by_role("link", name="Try again").click()
            expect(page).to_have_title("Resource monitor", timeout=_OPEN_MS)
    finally:
        alice.run("sh", "-c", f"test -d {folder} || rm -f {folder}")


@pytest.mark.d4(1)
@pytest.mark.parametrize("tool", _TOOLS)
def test_nobody_else_gets_anything_of_a_tool(
    alice: Alice, full: TestInstallation, browser: Browser, tool: str
) -> None:
    stranger = browser.new_context()
    page = stranger.new_page()
    page.goto(f"{alice.base}{tool}/")
    assert "/hub/login" in page.url
    stranger.close()
    with HubClient(full, "bob") as bob:
        bob.start()
    other = browser.new_context()
    open_lab(other.new_page(), full, "bob")
    page = other.pages[0]
    found = page.goto(f"{alice.base}{tool}/")
    assert found is not None
    assert found.status in {403, 404}
    other.close()


def test_services_name_each_tool(alice: Alice) -> None:
    with alice.opened("services") as page:
        services = json.loads(page.locator("pre").first.inner_text())
    assert set(_TOOLS) <= set(services)
    assert services["desktop"].keys() == {"name", "description", "endpoint", "running"}
