"""Packages: the server's and the scientific ones are fixed, the user's own lie on top and last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.images.workspace.running import SERVER_PYTHON
from tests.images.workspace.wheels import make_wheel

if TYPE_CHECKING:
    from tests.images.workspace.conftest import MakeVolume, StartWorkspace
    from tests.images.workspace.running import Workspace

pytestmark = [pytest.mark.docker, pytest.mark.once]

SCIENCE = "/opt/twinhub/science/"
ENVIRONMENT = "/home/twin/.local/share/twinhub/python-3.11/"
ENVIRONMENTS = "/home/twin/.local/share/twinhub/environments"
TMP = "/tmp"  # noqa: S108 - in the container
INSTALL = ("pip", "install", "--no-index", "--quiet")


def _home(volume: str) -> dict[str, dict[str, str]]:
    return {volume: {"bind": "/home/twin", "mode": "rw"}}


def _put_wheel(workspace: Workspace, name: str, version: str) -> str:
    source = f"__version__ = {version!r}\n\ndef main(): print(__version__)\n"
    return workspace.put(*make_wheel(name, version, source))


def test_scientific_packages_are_in_the_default_kernel(workspace: Workspace) -> None:
    code = "import numpy, scipy, pandas, matplotlib, fmpy as f; print(numpy.__file__, f.__file__)"
    assert all(path.startswith(SCIENCE) for path in workspace.execute(code).split())


def test_default_kernel_has_the_name_of_the_product(workspace: Workspace) -> None:
    with workspace.client() as client:
        found = client.get("api/kernelspecs").json()
    shown = {name: spec["spec"]["display_name"] for name, spec in found["kernelspecs"].items()}
    assert (found["default"], shown) == ("python3", {"python3": "Python 3 (TwinHub)"})


@pytest.mark.once
def test_kernel_and_terminal_use_one_environment(workspace: Workspace) -> None:
    code = "import sys; print(sys.prefix)"
    assert workspace.execute(code) == workspace.run("bash", "-lc", f'python -c "{code}"')
    assert workspace.run("bash", "-lc", "which python pip").split() == [
        f"{ENVIRONMENT}bin/python",
        f"{ENVIRONMENT}bin/pip",
    ]


@pytest.mark.once
def test_installed_package_outlives_the_container(
    make_volume: MakeVolume, start: StartWorkspace
) -> None:
    volume = make_volume()
    first = start(volumes=_home(volume))
    first.run(*INSTALL, _put_wheel(first, "probe", "1.0"))
    assert first.run("probe-says").strip() == "1.0"
    first.container.remove(force=True)

    second = start(volumes=_home(volume))
    printed = second.execute("import probe; print(probe.__version__, probe.__file__)")
    assert printed.split()[0] == "1.0"
    assert printed.split()[1].startswith(ENVIRONMENT)


@pytest.mark.once
def test_percent_pip_installs_for_the_next_kernel(start: StartWorkspace) -> None:
    workspace = start()
    workspace.execute(f"%pip install --no-index {_put_wheel(workspace, 'probe', '1.1')}")
    assert workspace.execute("import probe; print(probe.__version__)").strip() == "1.1"


@pytest.mark.once
def test_newer_version_of_a_scientific_package_stands_before_it(start: StartWorkspace) -> None:
    workspace = start()
    fixed = workspace.run("python", "-c", "import cycler; print(cycler.__file__)")
    assert fixed.startswith(SCIENCE)
    workspace.run(*INSTALL, "--upgrade", _put_wheel(workspace, "cycler", "99.0"))
    assert workspace.execute("import cycler; print(cycler.__version__)").strip() == "99.0"
    assert "cycler 99.0" in workspace.run("pip", "list", "--format=freeze").replace("==", " ")
    workspace.run("pip", "uninstall", "--yes", "--quiet", "cycler")
    assert workspace.run("python", "-c", "import cycler; print(cycler.__file__)") == fixed


@pytest.mark.once
def test_requirement_that_science_fulfils_is_not_installed_again(workspace: Workspace) -> None:
    assert "already satisfied" in workspace.run("pip", "install", "--no-index", "numpy")


@pytest.mark.once
@pytest.mark.parametrize("package", ["jupyter_server", "tornado", "jupyterhub", "ipykernel"])
def test_no_package_of_the_user_reaches_the_server(start: StartWorkspace, package: str) -> None:
    workspace = start()
    workspace.run(*INSTALL, "--no-deps", _put_wheel(workspace, package, "99.0"))
    code = f"import {package}; print({package}.__file__)"
    assert workspace.run(SERVER_PYTHON, "-I", "-c", code).startswith("/opt/twinhub/server/")
    workspace.container.restart(timeout=5)
    workspace.wait_until_ready()


@pytest.mark.parametrize("part", ["server", "science", "environment", "launch", "bin", "skel"])
def test_what_the_image_brings_is_read_only(workspace: Workspace, part: str) -> None:
    finds = ("find", f"/opt/twinhub/{part}", "(", "-writable", "-or", "-user", "twin", ")")
    assert workspace.run(*finds, "-not", "-type", "l") == ""


@pytest.mark.once
def test_user_can_make_an_environment_of_their_own(start: StartWorkspace) -> None:
    workspace = start()
    workspace.run("/usr/bin/python3", "-m", "venv", "/workspace/own")
    prefix = workspace.run("/workspace/own/bin/python", "-c", "import sys; print(sys.prefix)")
    assert prefix.strip() == "/workspace/own"


@pytest.mark.parametrize("environment", ["server", "science"])
def test_every_imported_module_comes_compiled(workspace: Workspace, environment: str) -> None:
    modules = {
        "server": "jupyterhub.singleuser.extension, jupyterlab.labapp, jupyter_server_proxy",
        "science": "numpy, scipy.integrate, pandas, matplotlib.pyplot, fmpy, ipykernel.kernelapp",
    }
    code = (
        f"import sys, os, {modules[environment]}\n"
        "paths = [getattr(m, '__cached__', None) for m in list(sys.modules.values())]\n"
        "print(sorted(p for p in paths if p and not os.path.exists(p)))"
    )
    assert workspace.run(f"/opt/twinhub/{environment}/bin/python", "-I", "-c", code) == "[]\n"


def test_named_environment_has_a_kernel_and_outlives_the_container(
    make_volume: MakeVolume, start: StartWorkspace
) -> None:
    volume = make_volume()
    first = start(volumes=_home(volume))
    first.run("twinhub-env", "create", "mine", "--with-science", _put_wheel(first, "probe", "3.0"))
    first.container.remove(force=True)
    second = start(volumes=_home(volume))
    assert _kernels(second)["twinhub-mine"] == "mine (Python 3.11)"
    code = "import sys, probe, numpy; print(sys.prefix, probe.__version__, numpy.__file__)"
    prefix, version, numpy = second.execute(code, kernel="twinhub-mine").split()
    assert prefix == f"{ENVIRONMENTS}/mine"
    assert version == "3.0"
    assert numpy.startswith(SCIENCE)
    second.run("twinhub-env", "remove", "mine")
    assert "twinhub-mine" not in _kernels(second)
    assert second.run("ls", ENVIRONMENTS) == ""


def test_environment_without_science_holds_what_is_asked_for_alone(start: StartWorkspace) -> None:
    workspace = start()
    wheels = [_put_wheel(workspace, name, "99.0") for name in ("ipykernel", "pip", "probe")]
    workspace.run("env", f"UV_FIND_LINKS={TMP}", "UV_OFFLINE=1", "twinhub-env", "create", "mine",
                  wheels[2])  # fmt: skip
    python = f"{ENVIRONMENTS}/mine/bin/python"
    assert workspace.run(python, "-c", "import probe; print(probe.__version__)") == "99.0\n"
    assert workspace.attempt(python, "-c", "import numpy").status == 1


def test_environment_that_cannot_be_made_leaves_nothing(start: StartWorkspace) -> None:
    workspace = start()
    result = workspace.attempt("env", "UV_OFFLINE=1", "twinhub-env", "create", "x", "absent")
    assert result.status == 1
    assert workspace.run("ls", ENVIRONMENTS) == ""
    assert "twinhub-x" not in _kernels(workspace)


@pytest.mark.parametrize("name", ["../x", "--help-me", "A", "a b", "a/b", ".x", "", "x" * 41])
def test_name_of_an_environment_is_a_name(workspace: Workspace, name: str) -> None:
    assert workspace.attempt("twinhub-env", "create", name).status == 2


def test_environment_that_has_lost_its_python_says_so_and_is_mended(start: StartWorkspace) -> None:
    workspace = start()
    wheel = _put_wheel(workspace, "probe", "3.0")
    workspace.run("twinhub-env", "create", "old", "--with-science", wheel)
    workspace.run("ln", "-sf", "/usr/bin/python3.9", f"{ENVIRONMENTS}/old/bin/python")
    remedy = "twinhub-env repair old"
    assert remedy in workspace.run("twinhub-env", "list")
    assert remedy in workspace.run("start-workspace", "--version")
    with pytest.raises(AssertionError, match=remedy):
        workspace.execute("1", kernel="twinhub-old")
    links = workspace.run("dirname", wheel).strip()
    workspace.run("env", f"UV_FIND_LINKS={links}", "UV_OFFLINE=1", *remedy.split())
    code = "import probe; print(probe.__version__)"
    assert workspace.execute(code, kernel="twinhub-old") == "3.0\n"


def test_plain_uv_works(workspace: Workspace) -> None:
    wheel = _put_wheel(workspace, "plain", "1.0")
    make = f"mkdir -p /workspace/p; cd /workspace/p; uv venv -q; uv pip install -q {wheel}"
    workspace.run("bash", "-lc", make)
    python = "/workspace/p/.venv/bin/python"
    assert workspace.run(python, "-c", "import plain; print(plain.__version__)") == "1.0\n"


def test_reset_asks_and_moves_and_begins_anew(start: StartWorkspace) -> None:
    workspace = start()
    workspace.run(*INSTALL, _put_wheel(workspace, "ipykernel", "99.0"))
    spoil = "echo exit > ~/.bashrc; mkdir -p ~/.ipython/profile_default/startup ~/.jupyter"
    workspace.run("sh", "-c", f"{spoil}; echo 1/0 > ~/.ipython/profile_default/startup/x.py")
    assert workspace.attempt("sh", "-c", "echo no | twinhub-reset").status == 1
    assert workspace.run("sh", "-c", "cat ~/.bashrc") == "exit\n"
    told = workspace.run("sh", "-c", "echo yes | twinhub-reset")
    assert "before-reset-" in told
    assert workspace.execute("import ipykernel; print(ipykernel.__file__)").startswith(SCIENCE)
    assert workspace.run("sh", "-c", "cat ~/.bashrc") != "exit\n"
    kept = (
        "cat ~/.local/share/twinhub/before-reset-*/.bashrc; ls ~/.ipython/profile_default/startup"
    )
    assert workspace.attempt("sh", "-c", kept).output.startswith("exit\n")


def test_reset_works_on_a_full_disk(start: StartWorkspace) -> None:
    workspace = start(tmpfs={"/home/twin": "size=1m,uid=1000,gid=1000,mode=0700"})
    workspace.run("sh", "-c", "mkdir ~/.jupyter; cat /dev/zero > ~/.jupyter/fill; true")
    result = workspace.attempt("twinhub-reset", "--yes", "--settings")
    assert "moved to" in result.output
    assert "Traceback" not in result.output
    assert ".jupyter" not in workspace.run("ls", "-A", "/home/twin").split()
    workspace.run(
        "sh", "-c", "rm -r ~/.local/share/twinhub/before-reset-*; start-workspace --version"
    )
    assert workspace.execute("import sys; print(sys.prefix)").startswith("/home/twin")


def test_reset_can_be_asked_for_by_a_file(make_volume: MakeVolume, start: StartWorkspace) -> None:
    volumes = {**_home(make_volume()), make_volume(): {"bind": "/workspace", "mode": "rw"}}
    first = start(volumes=volumes)
    first.run("sh", "-c", "echo exit > ~/.bashrc; echo dotfiles > /workspace/twinhub-reset")
    first.container.remove(force=True)
    second = start(volumes=volumes)
    assert second.run("sh", "-c", "cat ~/.bashrc") != "exit\n"
    assert "twinhub-reset" not in second.run("ls", "/workspace")


def _kernels(workspace: Workspace) -> dict[str, str]:
    with workspace.client() as client:
        found = client.get("api/kernelspecs").json()["kernelspecs"]
    return {name: spec["spec"]["display_name"] for name, spec in found.items()}
