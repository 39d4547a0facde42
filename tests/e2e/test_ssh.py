"""SSH and big files through a real hub, for the owner of a workspace and for nobody else."""

from __future__ import annotations

import hashlib
import os
import re
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import open_lab, screenshot
from tests.fixtures.hub_client import HubClient, to_loopback
from tests.fixtures.ssh import CLIENT, HOST, Computer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

_USER = "alice"
_MB = 2**20
_MS = 60_000
_SIZE = 100 * _MB
_UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


@pytest.fixture(scope="module")
def owner(installation: TestInstallation) -> Iterator[HubClient]:
    """The owner, whose workspace runs."""
    with HubClient(installation, _USER) as client:
        client.stop()
        client.start()
        yield client


@pytest.fixture
def lab(page: Page, installation: TestInstallation, owner: HubClient) -> Page:
    """A browser in which the owner is signed in."""
    del owner
    open_lab(page, installation, _USER)
    return page


@pytest.fixture
def computer(lab: Page, owner: HubClient, tmp_path: Path) -> Computer:
    """The owner's computer, set up by what the page shows."""
    found = Computer.with_key(tmp_path / "ssh")
    lab.goto(f"{owner.workspace}/ssh/")
    lab.get_by_label("Paste the public key here").fill(found.public_key)
    lab.get_by_role("button", name="Add key").click()
    expect(lab.get_by_text("ann@laptop").last).to_be_visible()
    with lab.expect_download() as download:
        lab.get_by_role("link", name=f"Download {CLIENT}").click()
    settings = lab.locator("pre", has_text="ProxyCommand python3").inner_text()
    url = settings.split()[-1]
    assert url == f"{owner.workspace}/"
    host_key = lab.locator("pre", has_text="known_hosts").inner_text().split('"')[1]
    found.set_up(
        url, owner.bearer()["Authorization"].split()[1],
        Path(download.value.path()).read_bytes(), host_key.split(" ", 1)[1],
    )  # fmt: skip
    return found


def test_a_hundred_megabytes_go_in_and_come_out_whole(
    computer: Computer, installation: TestInstallation, tmp_path: Path
) -> None:
    (tmp_path / "big").write_bytes(os.urandom(_SIZE))
    sent = computer.run("scp", str(tmp_path / "big"), f"{HOST}:/workspace/big")
    assert sent.returncode == 0, sent.stderr
    fetched = computer.run("scp", f"{HOST}:/workspace/big", str(tmp_path / "back"))
    assert fetched.returncode == 0, fetched.stderr
    wanted = hashlib.sha256((tmp_path / "big").read_bytes()).hexdigest()
    assert hashlib.sha256((tmp_path / "back").read_bytes()).hexdigest() == wanted
    assert _checksum_inside(installation, "/workspace/big") == wanted
    computer.ssh("rm", "/workspace/big")


def _checksum_inside(installation: TestInstallation, path: str) -> str:
    output = installation.container(_USER).exec_run(["sha256sum", path]).output
    assert isinstance(output, bytes)
    return output.decode().split()[0]


def test_login_says_who_and_where_one_is(computer: Computer) -> None:
    assert computer.ssh("id", "-un", "&&", "pwd", "&&", "which", "python").split() == [
        "twin", "/home/twin", "/home/twin/.local/share/twinhub/python-3.11/bin/python",
    ]  # fmt: skip


@pytest.mark.d4(1)
@pytest.mark.d4(6)
def test_tokens_of_others_and_of_nobody_open_nothing(
    computer: Computer, owner: HubClient, installation: TestInstallation
) -> None:
    with HubClient(installation, "bob") as bob:
        narrow = {"note": "test", "scopes": ["read:users:name!user"], "expires_in": 300}
        tokens = [
            bob.bearer()["Authorization"].split()[1],
            str(owner.api("POST", f"/users/{_USER}/tokens", narrow).json()["token"]),
            "0" * 32,
        ]
    url = f"{owner.workspace}/ssh/socket"
    with httpx.Client(transport=to_loopback(installation)) as stranger:
        for token in (*tokens, ""):
            given = {"Authorization": f"token {token}"} if token else {}
            refused = stranger.get(url, headers=_UPGRADE | given)
            assert refused.status_code in {HTTPStatus.FOUND, HTTPStatus.FORBIDDEN}
    for token in tokens:
        (computer.folder / "token").write_text(token)
        refusal = computer.run("ssh", HOST, "true")
        assert refusal.returncode == 255
        assert "the hub refused the token" in refusal.stderr


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_asks_nobody_outside_and_is_read_in_light_and_dark(
    browser: Browser, installation: TestInstallation, owner: HubClient, scheme: str
) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    try:
        page = context.new_page()
        open_lab(page, installation, _USER)
        for tool, seen in (("ssh/", "Your key"), ("big-files/", "common")):
            hosts: set[str] = set()
            page.on("request", partial(_note_host, hosts))
            page.goto(f"{owner.workspace}/{tool}")
            expect(page.get_by_text(seen).first).to_be_visible(timeout=_MS)
            page.wait_for_load_state("networkidle")
            screenshot(page, f"{tool.strip('/')}-{scheme}")
            assert hosts == {httpx.URL(owner.workspace).host}
            assert _is_dark(page) == (scheme == "dark")
    finally:
        context.close()


def _note_host(hosts: set[str], request: Request) -> None:
    hosts.add(httpx.URL(request.url).host)


def _is_dark(page: Page) -> bool:
    """Whether text is light."""
    color = str(page.evaluate("getComputedStyle(document.body).color"))
    return sum(map(int, re.findall(r"\d+", color)[:3])) > 3 * 128


def test_file_uploaded_on_the_page_is_in_the_workspace(
    lab: Page, owner: HubClient, installation: TestInstallation, tmp_path: Path
) -> None:
    (tmp_path / "measured.bin").write_bytes(os.urandom(60 * _MB))
    installation.container(_USER).exec_run(["rm", "-f", "/workspace/measured.bin"])
    lab.goto(f"{owner.workspace}/big-files/")
    lab.locator("#opa_up").click(timeout=_MS)
    lab.locator("#u2btn").click()
    with lab.expect_file_chooser() as chooser:
        lab.locator("#modal-ok").click()  # files, not a folder
    chooser.value.set_files(str(tmp_path / "measured.bin"))
    lab.locator("#modal-ok").click()  # yes, these
    expect(lab.locator("#files").get_by_text("measured.bin")).to_be_visible(timeout=_MS)
    screenshot(lab, "big-files-uploaded")
    wanted = hashlib.sha256((tmp_path / "measured.bin").read_bytes()).hexdigest()
    assert _checksum_inside(installation, "/workspace/measured.bin") == wanted


def test_connection_counts_as_work(computer: Computer, owner: HubClient) -> None:
    del owner
    code = (
        "import os, sys; sys.path.append('/opt/twinhub/lab');"
        "from twinhub_lab.processes import Processes;"
        " pid = int(os.popen('pgrep -of launch/serve.py').read());"
        "print([s.kind for s in Processes(pid).look([], {}) if s.works])"
    )
    assert "ssh" in computer.ssh("/opt/twinhub/server/bin/python", "-c", f'"{code}"')
