"""What an instructor lists for a group is there for its members at their next start."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.hub_client import HubClient
from tests.fixtures.waiting import Deadline
from tests.integration.layers.site import BASE, site_with

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.integration.layers.site import Site

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(1800)]

_TREES = (
    f"{{name: trees, base: '{BASE}', title: Trees & shrubs, system: [tree], "
    "python: [cowsay==6.1], groups: [forest]}"
)
_TREES_AND_TRAINS = _TREES.replace("[tree]", "[sl, tree]")
_MISSPELT = _TREES.replace("[tree]", "[treee]")
_SLOW = _TREES.replace("[tree]", "[gfortran, tree]")
_CACHED_SECONDS = 60
"""Two or three on a machine that does nothing else; a build takes longer than this anywhere."""
_NEW = f"{{name: rivers, base: '{BASE}', title: Rivers, system: [tree], groups: [water]}}"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """An installation with one layer, which `twinhub up` has built; alice is of its group."""
    with site_with(_TREES) as made:
        made.join("forest", "alice")
        yield made


@pytest.fixture
def trees(site: Site) -> Iterator[Site]:
    """The layer as it was at first, and nobody's workspace running at the end."""
    site.rewrite(_TREES)
    done = site.build("trees")
    assert done.returncode == 0, done.stdout + done.stderr
    yield site
    for user in ("alice", "bob"):
        with HubClient(site.installation, user) as person:
            person.stop()


def test_up_has_built_the_layer_that_was_absent(site: Site) -> None:
    assert site.image("trees")
    assert "# built" in site.first_log


def test_packages_are_there_for_members_and_for_nobody_else(trees: Site) -> None:
    with HubClient(trees.installation, "alice") as alice:
        alice.start()
        assert trees.has("alice", "tree --version")
        assert trees.has("alice", "python -c 'import cowsay'")
        assert trees.has("alice", 'test "$(id -u)" != 0 && ! test -w /opt/twinhub/science')
    with HubClient(trees.installation, "bob") as bob:
        bob.start()
        assert trees.has("bob", "python -c 'import numpy'")
        assert not trees.has("bob", "command -v tree")
        assert not trees.has("bob", "python -c 'import cowsay'")


def test_no_program_of_a_layer_can_change_its_user(trees: Site) -> None:
    with HubClient(trees.installation, "alice") as alice:
        alice.start()
        look = "! find / -xdev -perm /6000 -type f 2>/dev/null | grep ."
        assert trees.has("alice", look)
        folders = "! find / -xdev -path /tmp -prune -o -type d -perm -0002 -print | grep ."
        assert trees.has("alice", folders)


def test_a_package_that_is_added_is_there_at_the_next_start_without_a_restart_of_the_hub(
    trees: Site,
) -> None:
    with HubClient(trees.installation, "alice") as alice:
        alice.start()
        before = trees.installation.pids()
        trees.rewrite(_TREES_AND_TRAINS)
        done = trees.build()
        assert done.returncode == 0, done.stdout + done.stderr
        assert not trees.has("alice", "test -x /usr/games/sl"), "a running workspace goes on"
        assert [w["is_outdated"] for w in _workspaces(trees)] == [True]
        alice.stop()
        alice.start()
        assert trees.has("alice", "test -x /usr/games/sl")
        assert trees.installation.pids() == before


def test_a_choice_of_the_image_below_is_a_choice_of_the_layer(trees: Site) -> None:
    with HubClient(trees.installation, "alice") as alice:
        alice.start({"image": BASE})
        assert trees.has("alice", "tree --version")


def test_who_is_no_member_cannot_choose_the_layer(trees: Site) -> None:
    image = f"{trees.installation.prefix}/layer-trees:0.1.0"
    with HubClient(trees.installation, "bob") as bob:
        bob.get("/hub/home")
        answer = bob.api("POST", "/users/bob/server", {"image": image})
        assert "is not offered here" in answer.text or not bob.is_ready()
        assert not bob.is_ready()


def test_a_build_of_what_is_current_is_a_matter_of_seconds(trees: Site) -> None:
    time = Deadline(_CACHED_SECONDS)
    done = trees.build()
    assert "trees:" in done.stdout
    assert "current" in done.stdout
    time.check("a build of what is current")


def test_a_package_that_does_not_exist_is_named_and_the_build_before_stays_in_use(
    trees: Site,
) -> None:
    before = trees.image("trees")
    trees.rewrite(_MISSPELT)
    done = trees.build()
    assert done.returncode == 1
    assert "apt has no package 'treee': did you mean 'tree'?" in done.stderr
    assert "The build before stays in use." in done.stderr
    assert trees.image("trees") == before
    assert "# ended without an image" in trees.installation.run("images", "log", "trees").stdout
    with HubClient(trees.installation, "alice") as alice:
        alice.start()
        assert trees.has("alice", "tree --version")


def test_a_build_that_is_killed_leaves_the_build_before_and_the_next_succeeds(trees: Site) -> None:
    before = trees.image("trees")
    trees.rewrite(_SLOW)
    with trees.begin_build() as build:
        _wait_for_line(build, "Fetched")
        build.send_signal(signal.SIGKILL)
    assert trees.image("trees") == before
    trees.rewrite(_TREES_AND_TRAINS)
    done = trees.build()
    assert done.returncode == 0, done.stdout + done.stderr
    assert trees.image("trees") != before


def test_an_interrupted_build_says_so_and_leaves_the_build_before(trees: Site) -> None:
    before = trees.image("trees")
    trees.rewrite(_SLOW)
    with trees.begin_build() as build:
        _wait_for_line(build, "Fetched")
        build.send_signal(signal.SIGINT)
        rest = build.stdout.read() if build.stdout else ""
    assert build.returncode == 130
    assert "interrupted; repeat the command to go on" in rest
    assert trees.image("trees") == before


def test_a_second_build_waits_for_the_first_and_says_so(trees: Site) -> None:
    trees.rewrite(_MISSPELT)
    with trees.begin_build() as first:
        _wait_for_line(first, "building")
        second = trees.build()
        first.wait()
    assert "waiting: another command" in second.stderr
    assert (first.returncode, second.returncode) == (1, 1)


def test_a_layer_that_was_never_built_refuses_with_what_the_admin_has_to_do(trees: Site) -> None:
    trees.join("water", "bob")
    trees.rewrite(_TREES, _NEW.replace("[tree]", "[treee]"))
    up = trees.installation.run("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert "did you mean 'tree'?" in up.stdout
    with HubClient(trees.installation, "bob") as bob:
        bob.get("/hub/home")
        bob.api("POST", "/users/bob/server")
        bob.follow()
        assert "twinhub images build rivers" in bob.pending_page()
        trees.rewrite(_TREES, _NEW)
        assert trees.build("rivers").returncode == 0
        bob.start()
        assert trees.has("bob", "tree --version")


def test_the_list_tells_of_each_image_and_who_runs_on_it(trees: Site) -> None:
    with HubClient(trees.installation, "alice") as alice:
        alice.start()
    listed = json.loads(trees.installation.run("images", "list", "--json").stdout)
    found = {image["name"]: image for image in listed}
    assert found["trees"]["state"] == "current"
    assert found["trees"]["groups"] == ["forest"]
    assert found["trees"]["workspaces"] == 1
    assert found["trees"]["size_bytes"] > 0


def test_admins_read_state_and_log_of_each_layer_and_others_do_not(trees: Site) -> None:
    with HubClient(trees.installation, "admin") as admin:
        page = admin.get("/hub/installation").text
    assert "(site layer)" in page
    assert "Log of the last build of trees" in page
    with HubClient(trees.installation, "alice") as alice:
        assert alice.get("/hub/installation").status_code == 403


def test_earlier_builds_that_nobody_runs_on_are_removed_on_demand(trees: Site) -> None:
    with HubClient(trees.installation, "alice") as alice:
        alice.start()
        kept = trees.image("trees")
        trees.rewrite(_TREES_AND_TRAINS)
        assert trees.build().returncode == 0
        trees.installation.run("images", "prune")
        assert kept == str(trees.installation.container("alice").attrs["Image"])
        alice.stop()
    done = trees.installation.run("images", "prune")
    assert "trees" in done.stdout


def _workspaces(site: Site) -> list[dict[str, object]]:
    found = site.installation.status()["workspaces"]
    assert isinstance(found, list)
    return found


def _wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"no line with {text!r}")
