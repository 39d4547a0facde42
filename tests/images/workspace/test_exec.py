"""Jobs: what is run, what is installed for it, and how it ends."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from docker.errors import NotFound

from tests.fixtures.waiting import wait_for
from tests.images.workspace.wheels import make_wheel

if TYPE_CHECKING:
    import docker
    from docker.models.images import Image

    from tests.images.workspace.running import Result, Workspace

pytestmark = [pytest.mark.docker, pytest.mark.once]

UNPREPARED = 125


def _lay(workspace: Workspace, name: str, content: str) -> str:
    path = f"/workspace/jobs/{name}"
    workspace.run("sh", "-c", 'mkdir -p "${0%/*}" && printf %s "$1" > "$0"', path, content)
    return path


def _exec(workspace: Workspace, *arguments: str) -> Result:
    return workspace.attempt("twinhub-exec", *arguments)


def _notebook(*cells: str) -> str:
    code: list[dict[str, object]] = [
        {"cell_type": "code", "id": f"c{at}", "metadata": {}, "execution_count": None,
         "outputs": [], "source": cell} for at, cell in enumerate(cells)
    ]  # fmt: skip
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_python_gets_its_arguments_and_gives_its_exit_code(workspace: Workspace) -> None:
    path = _lay(workspace, "a.py", "import sys, numpy; print(sys.argv[1:]); sys.exit(7)")
    result = _exec(workspace, path, "--data", "x y")
    assert (result.status, result.output) == (7, "['--data', 'x y']\n")


def test_shell_script_runs_where_the_caller_is(workspace: Workspace) -> None:
    path = _lay(workspace, "a.sh", "pwd; kill -9 $$")
    result = _exec(workspace, path)
    assert (result.status, result.output) == (137, "/workspace\n")


def test_folder_runs_its_main_file_there(workspace: Workspace) -> None:
    _lay(workspace, "one/__main__.py", "import os, part; print(os.getcwd(), part.x)")
    _lay(workspace, "one/part.py", "x = 1")
    assert _exec(workspace, "/workspace/jobs/one").output == "/workspace/jobs/one 1\n"


def test_notebook_prints_and_is_kept_with_its_results(workspace: Workspace) -> None:
    path = _lay(workspace, "n.ipynb", _notebook("print('seen')", "6 * 7"))
    result = _exec(workspace, "--output", "/workspace/jobs/done.ipynb", path)
    assert (result.status, result.output) == (0, "seen\n42\n")
    assert "42" in workspace.run("cat", "/workspace/jobs/done.ipynb")


def test_notebook_that_fails_says_where(workspace: Workspace) -> None:
    result = _exec(workspace, _lay(workspace, "f.ipynb", _notebook("1 / 0", "print('never')")))
    assert result.status == 1
    assert "ZeroDivisionError" in result.output
    assert "never" not in result.output


def test_requirements_are_installed_for_the_job_alone(workspace: Workspace) -> None:
    wheel = workspace.put(*make_wheel("wanted", "2.0", "x = 'there'\n"))
    _lay(workspace, "two/requirements.txt", f"{wheel}\n")
    _lay(workspace, "two/__main__.py", "import wanted; print(wanted.x)")
    _lay(workspace, "two/setup.sh", "touch was-run")
    result = _exec(workspace, "/workspace/jobs/two")
    assert (result.status, result.output) == (0, "there\n")
    assert "was-run" in workspace.run("ls", "/workspace/jobs/two")
    assert workspace.attempt("python", "-c", "import wanted").status == 1
    assert "twinhub-exec" not in workspace.run("ls", "/tmp")  # noqa: S108 - in the container


def test_requirements_that_the_image_fulfils_need_no_network(
    engine: docker.DockerClient, image: Image
) -> None:
    script = "echo numpy > requirements.txt; echo 'print(1)' > __main__.py; twinhub-exec ."
    command = ["sh", "-c", f"mkdir j; cd j; {script}"]
    assert _in_container(engine, image, command, network_mode="none") == (0, "1\n")


def test_requirements_only_and_code_only_share_an_environment(workspace: Workspace) -> None:
    wheel = workspace.put(*make_wheel("shared", "2.0", ""))
    _lay(workspace, "three/requirements.txt", wheel)
    _lay(workspace, "three/__main__.py", "import shared; print('ran')")
    there = "--environment", "/workspace/jobs/env"
    first = _exec(workspace, "--requirements-only", *there, "/workspace/jobs/three")
    assert first.status == 0
    assert "ran" not in first.output
    assert _exec(workspace, "--code-only", *there, "/workspace/jobs/three").output == "ran\n"
    assert _exec(workspace, "--code-only", "/workspace/jobs/three").status == 1


def test_pyproject_without_a_build_names_what_is_needed(workspace: Workspace) -> None:
    wheel = workspace.put(*make_wheel("named", "2.0", ""))
    project = f'[project]\nname="x"\nversion="1"\ndependencies=["named @ file://{wheel}"]\n'
    _lay(workspace, "four/pyproject.toml", project)
    _lay(workspace, "four/__main__.py", "import named; print('ran')")
    assert _exec(workspace, "/workspace/jobs/four").output == "ran\n"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("environment.yml", "dependencies: []", "is for conda"),
        ("requirements.txt", "/absent/x-1-py3-none-any.whl", "was not installed"),
        ("setup.sh", "exit 3", "setup.sh failed (exit code 3)"),
        ("pyproject.toml", "[", "pyproject.toml"),
    ],
)
def test_what_cannot_be_prepared_is_told_and_not_run(
    workspace: Workspace, name: str, content: str, told: str
) -> None:
    folder = f"bad-{name}"
    _lay(workspace, f"{folder}/{name}", content)
    _lay(workspace, f"{folder}/__main__.py", "print('never')")
    result = _exec(workspace, f"/workspace/jobs/{folder}")
    assert result.status == UNPREPARED
    assert told in result.output
    assert "never" not in result.output


@pytest.mark.parametrize(
    "code", ["absent.py", "/etc/passwd", "/etc", "ext::sh -c 'touch /tmp/owned'", "http://h/a.git"]
)
def test_what_is_not_run_is_told(workspace: Workspace, code: str) -> None:
    result = _exec(workspace, code)
    assert result.status == UNPREPARED
    assert result.output.startswith("TwinHub: ")
    assert workspace.attempt("ls", "/tmp/owned").status != 0  # noqa: S108 - in the container


def test_git_repository_is_fetched_at_a_ref_without_hooks_and_submodules(
    workspace: Workspace,
) -> None:
    make = (
        "git init -q -b main /tmp/repo && cd /tmp/repo && mkdir -p sub/job"
        " && git config user.name x && git config user.email x@example.org"
        " && echo 'print(\"first\")' > sub/job/__main__.py && git add . && git commit -qm 1"
        " && git tag v1 && echo 'print(\"second\")' > sub/job/__main__.py"
        ' && printf \'[submodule "s"]\\n path = s\\n url = ext::sh -c "touch /tmp/owned"\\n\''
        " > .gitmodules && git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),s"
        " && git add . && git commit -qm 2 && mkdir ~/hooks"
        " && git config --global core.hooksPath ~/hooks"
        " && printf '#!/bin/sh\\ntouch /tmp/owned\\n' > ~/hooks/post-checkout && chmod +x ~/hooks/*"
    )
    workspace.run("sh", "-c", make)
    at = "#subdirectory=sub/job"
    for ref, expected in (("@v1", "first\n"), ("", "second\n"), ("@main", "second\n")):
        result = _exec(workspace, f"git+file:///tmp/repo{ref}{at}")
        assert (result.status, result.output.splitlines(keepends=True)[-1]) == (0, expected)
    assert _exec(workspace, f"git+file:///tmp/repo@absent{at}").status == UNPREPARED
    assert workspace.attempt("ls", "/tmp/owned").status != 0  # noqa: S108 - in the container


def test_time_that_is_up_ends_the_job_and_what_it_started(workspace: Workspace) -> None:
    path = _lay(workspace, "long.sh", "sleep 4331 & sleep 4332")
    assert _exec(workspace, "--timeout", "1", path).status == 124
    assert workspace.attempt("pgrep", "-xf", "sleep 433[12]").output == ""


def test_job_is_a_containers_command_and_gets_its_signal(
    engine: docker.DockerClient, image: Image
) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('told', flush=True), sys.exit(9)))\n"
        "print('begun', flush=True); time.sleep(300)"
    )
    command = ["sh", "-c", 'printf %s "$0" > job.py; exec twinhub-exec job.py', code]
    container = engine.containers.run(image, command, detach=True, network_mode="none")
    try:
        wait_for(lambda: b"begun" in container.logs(), seconds=60, what="the job begins")
        container.stop(timeout=20)
        assert container.wait()["StatusCode"] == 9
        assert container.logs() == b"begun\ntold\n"
    finally:
        container.remove(force=True)


def _in_container(
    engine: docker.DockerClient, image: Image, command: list[str], *, network_mode: str
) -> tuple[int, str]:
    container = engine.containers.run(image, command, detach=True, network_mode=network_mode)
    try:
        status = container.wait()["StatusCode"]
        return int(status), container.logs().decode()
    finally:
        with suppress(NotFound):
            container.remove(force=True)
