"""What the image is, whoever runs it: user, rights, labels, and what it must not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.images.workspace.running import SERVER_PYTHON

if TYPE_CHECKING:
    from docker.models.images import Image

    from tests.images.starting import StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = pytest.mark.docker

_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@pytest.mark.d4(48)
def test_image_runs_as_a_numeric_user_other_than_root(image: Image) -> None:
    uid, gid = image.attrs["Config"]["User"].split(":")
    assert int(uid) > 0
    assert int(gid) > 0


@pytest.mark.d4(48)
def test_no_process_has_a_capability_or_can_gain_one(workspace: Workspace) -> None:
    status = dict(
        line.split(":", 1) for line in workspace.run("cat", "/proc/1/status").splitlines()
    )
    sets = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    assert {int(status[name], 16) for name in sets} == {0}
    assert status["NoNewPrivs"].strip() == "1"


@pytest.mark.d4(57)
def test_there_is_no_way_to_another_user(workspace: Workspace) -> None:
    assert _find(workspace, "-type f -perm /6000") == ""
    assert workspace.attempt("which", "sudo").status != 0


@pytest.mark.d4(48)
def test_only_home_workspace_and_temporary_files_can_be_written(workspace: Workspace) -> None:
    writable = {"/home/twin", "/workspace", "/tmp", "/proc", "/sys", "/dev"}  # noqa: S108
    skipped = " ".join(f"-path {path} -prune -o" for path in sorted(writable))
    assert _find(workspace, f"{skipped} -writable -not -type l -print") == ""


@pytest.mark.d4(68)
def test_image_holds_no_key_and_no_token(workspace: Workspace, image: Image) -> None:
    places = ("/etc", "/home", "/root", "/srv", "/usr/local", "/workspace", "/opt/twinhub/launch")
    keys = workspace.attempt("grep", "-rlsI", "PRIVATE KEY-----", *places)
    assert keys.output == ""
    settings = " ".join(image.attrs["Config"]["Env"]).upper()
    assert not [word for word in ("TOKEN", "SECRET", "PASSWORD", "PROXY") if word in settings]


def test_all_of_the_home_belongs_to_its_user(start: StartWorkspace) -> None:
    assert start().run("find", "/home/twin", "-not", "-user", "twin") == ""


def test_labels_say_what_is_inside(workspace: Workspace, image: Image) -> None:
    code = "from importlib.metadata import version; print(version('jupyterhub'))"
    assert (
        image.labels["org.twinhub.jupyterhub"] == workspace.run(SERVER_PYTHON, "-c", code).strip()
    )
    assert image.labels["org.opencontainers.image.version"] == image.labels["org.twinhub.version"]
    assert len(image.labels["org.twinhub.inputs"]) == 64


def test_packages_of_each_environment_fit_together(workspace: Workspace) -> None:
    for environment in ("server", "science", "files"):
        python = f"/opt/twinhub/{environment}/bin/python"
        workspace.run("/opt/twinhub/science/bin/pip", "--python", python, "check")


def test_notebooks_find_the_package_of_assets(workspace: Workspace) -> None:
    program = "from twinhub import assets; import httpx, pydantic; print(assets.search.__name__)"
    assert workspace.run("/opt/twinhub/science/bin/python", "-c", program) == "search\n"
    assert workspace.run("python", "-c", program) == "search\n"


def test_certificates_of_the_site_are_trusted_by_every_tool(workspace: Workspace) -> None:
    names = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    assert workspace.run("printenv", *names).split() == [_BUNDLE] * len(names)
    missing = (
        "import pathlib\n"
        f"bundle = pathlib.Path({_BUNDLE!r}).read_text().replace('\\r', '')\n"
        "site = pathlib.Path('/usr/local/share/ca-certificates').rglob('*.crt')\n"
        "print([p for p in site if p.read_text().replace('\\r', '').strip() not in bundle])"
    )
    assert workspace.run("python", "-c", missing) == "[]\n"


@pytest.mark.parametrize(
    "tool", ["bash", "curl", "git", "less", "nano", "ps", "python", "ssh", "unzip", "vim.tiny"]
)
def test_tool_is_there(workspace: Workspace, tool: str) -> None:
    assert workspace.run("which", tool)


def _find(workspace: Workspace, expression: str) -> str:
    # Folders that the user cannot even read are no fault.
    return workspace.run("sh", "-c", f"find / -xdev {expression} 2> /dev/null || true")


@pytest.mark.once
def test_bare_repository_among_the_files_is_not_obeyed(workspace: Workspace) -> None:
    make = (
        "cd $(mktemp -d) && git init -q --bare . && "
        "git --git-dir=. config core.fsmonitor 'touch ran; false' && "
        "git --git-dir=. config core.bare false && git --git-dir=. config core.worktree . && "
        "! git status 2>&1 && ! test -e ran"
    )
    assert "safe.bareRepository" in workspace.run("sh", "-c", make)
