"""The image with everything: what is in it works, and costs nothing until it is used."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from docker.models.images import Image

    from tests.images.starting import StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = pytest.mark.docker

LARGEST = 3_400_000_000
_TENSORBOARD = "/opt/twinhub/tensorboard/bin"


@pytest.mark.parametrize(
    "extension", ["@jupyterlab/git", "jupyterlab-jupytext", "nbdime-jupyterlab"]
)
def test_extension_of_the_lab_is_there_and_on(workspace: Workspace, extension: str) -> None:
    with workspace.client() as client:
        page = client.get("lab")
    assert page.status_code == HTTPStatus.OK
    assert f'"name": "{extension}"' in page.text or f"/{extension}/" in page.text


def test_git_panel_sees_a_repository(workspace: Workspace) -> None:
    workspace.run("git", "init", "-q", "/workspace/twin")
    with workspace.signed_in() as browser:
        browser.get("lab")
        xsrf = {"X-XSRFToken": browser.cookies["_xsrf"]}
        answer = browser.post("git/twin/show_top_level", headers=xsrf, json={})
    assert answer.json()["code"] == 0, answer.text


def test_notebook_is_kept_as_text_too(workspace: Workspace) -> None:
    source = "# %%\nprint('twin')\n"
    workspace.put("cells.py", source.encode())
    workspace.run("jupytext", "--to", "ipynb", "/tmp/cells.py")  # noqa: S108 - in the container
    assert "\"print('twin')\"" in workspace.run("cat", "/tmp/cells.ipynb")  # noqa: S108
    shown = workspace.run("nbshow", "/tmp/cells.ipynb")  # noqa: S108
    assert "print('twin')" in shown


def test_tensorboard_answers(workspace: Workspace) -> None:
    command = f"{_TENSORBOARD}/tensorboard --logdir=/workspace --host=127.0.0.1 --port=21999"
    workspace.container.exec_run(["sh", "-c", f"exec {command}"], detach=True)
    curl = ("curl", "--silent", "--fail", "http://127.0.0.1:21999/data/environment")
    wait_for(lambda: workspace.attempt(*curl).status == 0, seconds=60, what="TensorBoard answers")
    workspace.run("pkill", "-f", "tensorboard")


@pytest.mark.parametrize(
    "tool", ["java", "gcc", "g++", "gfortran", "make", "cmake", "git-lfs", "jupytext", "nbdiff"]
)
def test_tool_is_there(workspace: Workspace, tool: str) -> None:
    assert workspace.run("which", tool)


@pytest.mark.parametrize("environment", ["server", "tensorboard"])
def test_packages_of_each_environment_fit_together(workspace: Workspace, environment: str) -> None:
    python = f"/opt/twinhub/{environment}/bin/python"
    workspace.run("/opt/twinhub/science/bin/pip", "--python", python, "check")


def test_extensions_are_loaded_after_the_first_answer(start: StartWorkspace) -> None:
    workspace = start()
    wait_for(lambda: "nbdime | extension was successfully loaded" in _log(workspace),
             seconds=30, what="the last extension is loaded")  # fmt: skip
    log = _log(workspace)
    answers = log.index("is running at")
    for name in ("jupyterlab_git", "jupyterlab_jupytext", "nbdime"):
        assert log.index(f"{name} | extension was successfully loaded") > answers
    assert "Traceback" not in log


def test_image_is_no_larger_than_promised(image: Image) -> None:
    assert image.attrs["Size"] < LARGEST


def _log(workspace: Workspace) -> str:
    return workspace.container.logs().decode()
