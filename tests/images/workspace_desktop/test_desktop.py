"""The desktop: reached through a socket alone, whole, and about the user's files."""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.waiting import wait_for
from tests.images.workspace_desktop.desktop import FOLDER, SOCKET, Desktop

if TYPE_CHECKING:
    from docker.models.images import Image

    from tests.images.starting import StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = pytest.mark.docker

_SERVER_ONLY = {8888}
_PARTS = ("xfwm4", "xfsettingsd", "xfce4-panel", "xfdesktop", "Thunar")
LARGEST = 2_200_000_000
_PNG = b"\x89PNG\r\n\x1a\n"


def test_nothing_of_the_desktop_runs_before_it_is_asked_for(start: StartWorkspace) -> None:
    workspace = start()
    assert workspace.attempt("pgrep", "-f", "Xtigervnc|xfce|dbus-daemon").output == ""
    assert workspace.ports() == _SERVER_ONLY


def test_desktop_speaks_rfb_on_a_socket_and_listens_on_no_port(desktop: Desktop) -> None:
    answer = desktop.attempt_handshake().output.split()
    assert (answer[:3], answer[4:]) == (["RFB", "003.008", "[1]"], ["TwinHub"])
    assert desktop.workspace.ports() == _SERVER_ONLY
    assert "@/tmp/.X11-unix" not in desktop.workspace.run("cat", "/proc/net/unix")


def test_nobody_but_the_user_reaches_the_socket(desktop: Desktop) -> None:
    modes = desktop.workspace.run("stat", "-c", "%a", FOLDER, SOCKET, f"{FOLDER}/xauthority")
    assert modes.split() == ["700", "600", "600"]


def test_program_without_the_key_gets_no_display(desktop: Desktop) -> None:
    command = ("/usr/bin/env", "DISPLAY=:1", "XAUTHORITY=/dev/null", "xprop", "-root")
    assert desktop.workspace.attempt(*command).status != 0


def test_session_is_whole(desktop: Desktop) -> None:
    wait_for(lambda: _is_managed(desktop), seconds=30, what="a window manager runs")
    for part in _PARTS:
        wait_for(partial(_runs, desktop, part), seconds=30, what=f"{part} runs")


def test_nothing_asks_or_warns_at_the_first_start(desktop: Desktop) -> None:
    wait_for(lambda: _runs(desktop, "xfdesktop"), seconds=30, what="the session is there")
    titles = desktop.on_display("xwininfo", "-root", "-tree").output
    assert "xfce4-panel" in titles
    for unwanted in ("Welcome", "Warning", "Error", "Question"):
        assert unwanted not in titles


@pytest.mark.once
def test_screen_takes_the_size_of_the_browser_window(desktop: Desktop) -> None:
    resized = desktop.resize(1000, 700)
    assert resized.status == 0, resized.output
    wait_for(
        lambda: "1000x700" in desktop.on_display("xwininfo", "-root").output,
        seconds=30,
        what="the screen has the new size",
    )


@pytest.mark.once
def test_assets_are_on_the_desktop_and_removed_links_stay_away(start: StartWorkspace) -> None:
    desktop = Desktop(start()).start()
    link, bookmarks = "/home/twin/Desktop/workspace", "/home/twin/.config/gtk-3.0/bookmarks"
    wait_for(
        lambda: desktop.workspace.attempt("grep", "workspace", bookmarks).status == 0,
        seconds=30,
        what="the bookmark is there",
    )
    assert desktop.workspace.run("readlink", link).strip() == "/workspace"
    desktop.workspace.run("rm", link)
    desktop.workspace.run("pkill", "xinit")
    wait_for(lambda: not _runs(desktop, "Xtigervnc"), seconds=30, what="the desktop has ended")
    desktop.start()
    wait_for(lambda: _runs(desktop, "xfdesktop"), seconds=30, what="the session is there")
    assert desktop.workspace.attempt("test", "-e", link).status != 0


@pytest.mark.once
@pytest.mark.parametrize("name", ["xinit", "Xtigervnc"])
def test_killed_desktop_starts_again(start: StartWorkspace, name: str) -> None:
    desktop = Desktop(start()).start()
    desktop.workspace.run("pkill", "-KILL", "-x", name)
    if name == "xinit":
        desktop.workspace.run("pkill", "-KILL", "-x", "Xtigervnc")
    wait_for(lambda: not _runs(desktop, "Xtigervnc"), seconds=30, what="the X server has ended")
    desktop.start()
    assert desktop.on_display("xprop", "-root").status == 0


@pytest.mark.once
def test_full_home_has_a_desktop(start: StartWorkspace) -> None:
    home = {"/home/twin": "size=1m,uid=1000,gid=1000,mode=0700"}
    workspace = start(tmpfs=home)
    workspace.run("sh", "-c", "cat /dev/zero > ~/fill; [ -s ~/fill ]")
    desktop = Desktop(workspace).start()
    wait_for(lambda: _is_managed(desktop), seconds=30, what="a window manager runs")


@pytest.mark.once
def test_firefox_shows_a_page_and_asks_nobody(workspace: Workspace) -> None:
    page = workspace.put("page.html", b"<html><body style='background: #0f0'>twin</body></html>")
    picture = "/tmp/page.png"  # noqa: S108 - in the container
    workspace.run(
        "firefox-esr", "--headless", "--window-size=400,300", f"--screenshot={picture}",
        f"file://{page}",
    )  # fmt: skip
    head = workspace.container.exec_run(["head", "-c", "24", picture]).output
    assert isinstance(head, bytes)
    assert head.startswith(_PNG)
    assert struct.unpack(">II", head[16:24]) == (400, 300)


def test_firefox_has_policies_against_telemetry_updates_and_first_pages(
    workspace: Workspace,
) -> None:
    code = (
        "import json\n"
        "policies = json.load(open('/etc/firefox/policies/policies.json'))['policies']\n"
        "print(policies['DisableTelemetry'], policies['DisableAppUpdate'],"
        " policies['DisableFirefoxStudies'], repr(policies['OverrideFirstRunPage']))"
    )
    assert workspace.run("python", "-c", code).split() == ["True", "True", "True", "''"]


def _runs(desktop: Desktop, name: str) -> bool:
    return desktop.workspace.attempt("pgrep", "-x", name).status == 0


def _is_managed(desktop: Desktop) -> bool:
    return "window id" in desktop.on_display("xprop", "-root", "_NET_SUPPORTING_WM_CHECK").output


@pytest.mark.once
def test_image_is_no_larger_than_promised(image: Image) -> None:
    assert image.attrs["Size"] < LARGEST
