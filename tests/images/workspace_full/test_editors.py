"""VS Code and the git page: whole without any network, on sockets, asking nobody for anything."""

from __future__ import annotations

import html
import json
import re
import shlex
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.waiting import wait_for
from tests.images.starting import remove_container, run_in
from tests.images.workspace.running import LISTENING, listening_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker
    from docker.models.containers import Container
    from docker.models.images import Image

    from tests.images.workspace.running import Result

pytestmark = pytest.mark.docker

EDITORS = "/opt/twinhub/editors"
_FOLDER = "/tmp/tools"  # noqa: S108 - in the container
_START_SECONDS = 180
_AI = re.compile(r"copilot|mxc-sdk|sandbox-runtime|devcontainers", re.IGNORECASE)


@dataclass(frozen=True)
class Offline:
    """A container with no network at all, and what was started in it."""

    container: Container

    def run(self, *command: str) -> Result:
        """Run a command as the user."""
        return run_in(self.container, *command)

    def start(self, program: str, socket: str, path: str, *options: str) -> None:
        """Start an editor on a socket, and return when it answers at a path."""
        command = f"{EDITORS}/bin/{program} --socket={socket} {' '.join(options)}"
        line = f"mkdir -p -m 700 {_FOLDER}; exec {command} > {_FOLDER}/{program}.log 2>&1"
        self.container.exec_run(["sh", "-c", line], detach=True)
        wait_for(
            lambda: self.get(socket, path).status == 0,
            seconds=_START_SECONDS,
            what=f"{program} answers",
        )

    def get(self, socket: str, path: str, *options: str) -> Result:
        """Ask a tool through its socket."""
        curl = ("curl", "--silent", "--fail", "--max-time", "20", "--unix-socket", socket)
        return self.run(*curl, *options, f"http://tool/{path}")

    def listening(self) -> set[tuple[str, int]]:
        """Return all TCP sockets that listen."""
        return listening_in(self.run(*LISTENING).output)


@pytest.fixture(scope="module")
def offline(engine: docker.DockerClient, image: Image) -> Iterator[Offline]:
    """A container without a network."""
    with ExitStack() as stack:
        container = engine.containers.run(
            image, ["sleep", "900"], detach=True, network_mode="none", cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
        )  # fmt: skip
        stack.callback(remove_container, engine, str(container.id))
        yield Offline(container)


CODE = f"{_FOLDER}/code"
GIT = f"{_FOLDER}/git"


@pytest.fixture(scope="module")
def code(offline: Offline) -> Offline:
    """VS Code, answering."""
    offline.start("code-server", CODE, "healthz", "--socket-mode=600")
    return offline


@pytest.fixture(scope="module")
def git_page(offline: Offline) -> Offline:
    """The git page, answering."""
    offline.start("ungit", GIT, "user/ann/git-page/", "--rootPath=/user/ann/git-page")
    return offline


def _configuration(code: Offline) -> dict[str, Any]:
    page = code.get(CODE, "?folder=/workspace", "--location").output
    settings = re.search(r'id="vscode-workbench-web-configuration" data-settings="([^"]*)"', page)
    assert settings, page[:2000]
    configuration = json.loads(html.unescape(settings[1]))
    assert isinstance(configuration, dict)
    return configuration


def test_code_server_shows_its_page_without_a_password(code: Offline) -> None:
    assert _configuration(code)["remoteAuthority"]
    assert code.run("test", "-e", "/home/twin/.config/code-server/config.yaml").status != 0


def test_code_server_has_no_gallery_and_no_telemetry(code: Offline) -> None:
    product = _configuration(code)["productConfiguration"]
    assert not product.get("extensionsGallery", {}).get("serviceUrl")
    assert product["enableTelemetry"] is False
    assert "aiConfig" not in product


def test_code_server_has_no_ai(code: Offline) -> None:
    package = f"{EDITORS}/code-server/node_modules/code-server/lib/vscode"
    folders = code.run("find", package, "-type", "d", "-name", "*").output.splitlines()
    found = [f for f in folders if _AI.search(f.removeprefix(package)) and "/out/" not in f]
    assert found == []
    manifest = json.loads(
        code.run("cat", f"{package}/extensions/twinhub-defaults/package.json").output
    )
    defaults = manifest["contributes"]["configurationDefaults"]
    assert defaults["chat.disableAIFeatures"] is True
    assert defaults["extensions.autoCheckUpdates"] is False
    machine = code.run("cat", "/home/twin/.local/share/code-server/Machine/settings.json").output
    assert json.loads(machine)["chat.disableAIFeatures"] is True


def test_editors_listen_on_sockets_of_the_user_alone(code: Offline, git_page: Offline) -> None:
    assert code.listening() == set()
    assert git_page.run("stat", "-c", "%a", CODE, GIT).output.split() == ["600", "600"]


def test_git_page_knows_its_address_and_asks_for_no_news(git_page: Offline) -> None:
    assert "/user/ann/git-page/" in git_page.get(GIT, "user/ann/git-page/").output
    answer = json.loads(git_page.get(GIT, "user/ann/git-page/api/latestversion").output)
    assert (answer["latestVersion"], answer["outdated"]) == (answer["currentVersion"], False)


def test_git_page_commits(git_page: Offline) -> None:
    repository = "/tmp/repository"  # noqa: S108 - in the container
    made = git_page.run(
        "sh", "-c",
        f"git init -q {repository} && cd {repository} && echo one > file"
        " && git config user.name Ann && git config user.email ann@example.org",
    )  # fmt: skip
    assert made.status == 0, made.output
    body = {"path": repository, "message": "A first commit", "files": [{"name": "file"}]}
    answer = git_page.get(
        GIT, "user/ann/git-page/api/commit", "--header", "Content-Type: application/json",
        "--data", json.dumps(body),
    )  # fmt: skip
    assert answer.status == 0, answer.output
    log = git_page.run("git", "-C", repository, "log", "--format=%an %s")
    assert log.output.strip() == "Ann A first commit"


@pytest.mark.parametrize("name", ["code-server", "ungit"])
def test_version_is_the_locked_one(offline: Offline, name: str) -> None:
    wanted = json.loads(offline.run("cat", f"{EDITORS}/{name}/package.json").output)
    path = shlex.quote(f"{EDITORS}/{name}/node_modules/{name}/package.json")
    there = json.loads(offline.run("cat", path).output)
    assert there["version"].partition("+")[0] == wanted["dependencies"][name]
