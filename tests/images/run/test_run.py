"""The image that runs execute in: the workspace's Python, compilers, Java; nothing that serves."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from docker.errors import ImageNotFound

from tests.fixtures.requirements import missing
from tests.images.starting import remove_container, run_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker
    from docker.models.images import Image

    from tests.images.workspace.running import Result

    Run = Callable[..., Result]

pytestmark = pytest.mark.docker

LARGEST = 1_700_000_000
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture(scope="module")
def run(engine: docker.DockerClient, image: Image) -> Iterator[Run]:
    """Runs commands in one container with the restrictions that runs have."""
    with ExitStack() as stack:
        container = engine.containers.run(
            image, ["sleep", "600"], detach=True, cap_drop=["ALL"], network_mode="none",
            security_opt=["no-new-privileges"], init=False,
        )  # fmt: skip
        stack.callback(remove_container, engine, str(container.id))

        def run_one(*command: str) -> Result:
            return run_in(container, *command)

        yield run_one


def test_scientific_environment_is_the_workspaces(
    engine: docker.DockerClient, image: Image, run: Run
) -> None:
    listing = ("sh", "-c", "find /opt/twinhub/science -type f -exec sha256sum {} + | LC_ALL=C sort")
    workspace = str(image.tags[0]).replace("/run:", "/workspace:")
    try:
        there = engine.containers.run(
            workspace, ["-c", listing[2]], entrypoint="sh", remove=True, network_mode="none"
        )
    except ImageNotFound:
        missing(f"the image {workspace}", "run `python images/build.py`")
    # no diff of ten thousand lines when it fails
    assert set(run(*listing).output.splitlines()) ^ set(there.decode().splitlines()) == set()


def test_python_is_the_scientific_one_and_takes_packages_of_the_user(run: Run) -> None:
    imports = "import numpy, scipy, pandas, matplotlib, fmpy, sys; print(sys.prefix)"
    assert run("python", "-c", imports).output == "/opt/twinhub/science\n"
    lay = (
        'mkdir -p "$TWINHUB_ENVIRONMENT" && cp -R /opt/twinhub/environment/. "$TWINHUB_ENVIRONMENT"'
    )
    laid = run("sh", "-c", f"{lay} && python -c '{imports}'")
    assert laid.output == "/home/twin/.local/share/twinhub/python-3.11\n"


@pytest.mark.parametrize(
    ("program", "source"),
    [
        ("gcc", "int main(void) { return 0; }"),
        ("g++", "int main() { return 0; }"),
        ("gfortran", "end"),
    ],
)
def test_compiled_program_runs(run: Run, program: str, source: str) -> None:
    suffix = {"gcc": "c", "g++": "cpp", "gfortran": "f90"}[program]
    build = f"cd /tmp && echo '{source}' > p.{suffix} && {program} p.{suffix} -o p && ./p"
    assert run("sh", "-c", build).status == 0


@pytest.mark.parametrize("tool", ["java", "cmake", "ctest", "make", "git", "curl", "tini", "unzip"])
def test_tool_is_there(run: Run, tool: str) -> None:
    assert run("which", tool).status == 0


def test_java_runs(run: Run) -> None:
    assert "17." in run("java", "-version").output


def test_there_is_no_jupyter_server_and_no_desktop(run: Run) -> None:
    assert run("test", "-e", "/opt/twinhub/server").status != 0
    found = "import importlib.util as u; print([n for n in NAMES if u.find_spec(n)])"
    names = ["jupyterlab", "jupyter_server", "jupyterhub", "notebook"]
    assert run("python", "-c", found.replace("NAMES", str(names))).output == "[]\n"
    assert run("which", "jupyter-lab", "jupyterhub-singleuser", "Xtigervnc").status != 0


def test_user_is_that_of_the_workspace_and_can_become_no_other(run: Run, image: Image) -> None:
    assert image.attrs["Config"]["User"] == "1000:1000"
    assert run("sh", "-c", "find / -xdev -type f -perm /6000 2> /dev/null; true").output == ""
    assert run("which", "sudo").status != 0


def test_only_home_workspace_and_temporary_files_can_be_written(run: Run) -> None:
    writable = ("/home/twin", "/workspace", "/tmp", "/proc", "/sys", "/dev")  # noqa: S108
    skipped = " ".join(f"-path {path} -prune -o" for path in writable)
    command = f"find / -xdev {skipped} -writable -not -type l -print 2> /dev/null; true"
    assert run("sh", "-c", command).output == ""


def test_signals_reach_the_program_and_its_status_comes_back(
    engine: docker.DockerClient, image: Image
) -> None:
    assert image.attrs["Config"]["Entrypoint"][0] == "/usr/bin/tini"
    with ExitStack() as stack:
        container = engine.containers.run(image, ["sh", "-c", "exit 7"], detach=True)
        stack.callback(remove_container, engine, str(container.id))
        assert container.wait()["StatusCode"] == 7


def test_certificates_of_the_site_are_trusted_by_every_tool(run: Run) -> None:
    names = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    assert run("printenv", *names).output.split() == [_BUNDLE] * len(names)


def test_image_is_no_larger_than_promised(image: Image) -> None:
    assert image.attrs["Size"] < LARGEST
