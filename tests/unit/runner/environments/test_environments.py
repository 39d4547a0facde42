"""A twin has the software that it asks for, made once; by bubblewrap, from packages in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pip
import pytest
from starlette.testclient import TestClient
from twinhub_runner.backends.base import Mount
from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.environments.process import ProcessEnvironments
from twinhub_runner.environments.wanted import Allowed
from twinhub_runner.main import make_runner_application
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import VARIABLES, RunnerSettings

from tests.fixtures.serving_runner import IDENTITY
from tests.fixtures.waiting import wait_for
from tests.fixtures.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.heavy  # real sandboxes

_SECONDS = 60
PACKAGES = Path(pip.__file__).parents[1]
_TWIN = """\
format: 1
name: tank
environment: {software}
phases:
  show: {{script: "cat made\\n"}}
  execute: {{script: "python -c 'import small; print(small.VERSION)'\\n"}}
"""
_BUILDS = """\
{}
build:
  made: {command: "sh -c 'echo building; cp source made'", inputs: [source], outputs: [made]}
"""
_FINAL = {"succeeded", "failed", "stopped", "lost"}


class Site:
    """A runner, and alice, whose twin asks for software."""

    def __init__(self, client: TestClient, root: Path, backend: ProcessBackend) -> None:
        self.backend = backend
        self._client, self.folder = client, root / "alice/digital_twins/tank"
        self.environments = root / ".runs/environments"
        self.folder.mkdir(parents=True)

    def submit(self, software: str, phase: str = "execute") -> dict[str, Any]:
        """Ask for a run of the twin; return the answer."""
        (self.folder / "twin.yaml").write_text(_TWIN.format(software=software))
        answer = self._client.post("/api/runs", json={"twin": "tank", "phases": [phase]})
        found: dict[str, Any] = answer.json()
        return found

    def run(self, software: str, phase: str = "execute") -> dict[str, Any]:
        """Run the twin to its end."""
        run = self.submit(software, phase)["runs"][0]["id"]
        return self.wait(run, *_FINAL)

    def wait(self, run: str, *statuses: str) -> dict[str, Any]:
        """Return a run when it has one of some statuses."""

        def find() -> dict[str, Any] | None:
            found: dict[str, Any] = self._client.get(f"/api/runs/{run}").json()
            return found if found["status"] in statuses else None

        return wait_for(find, seconds=_SECONDS, what=f"{run} is {statuses}")

    def lines(self, run: dict[str, Any], process: str = "main") -> list[str]:
        """Return what a process of a run has printed."""
        text = self._client.get(f"/api/runs/{run['id']}/log").text
        rows = [line.split("\t", 3) for line in text.splitlines()]
        return [row[3] for row in rows if row[1] == process]

    def stop(self, run: str) -> None:
        """Have a run end."""
        assert self._client.post(f"/api/runs/{run}/stop").is_success

    def events(self, run: dict[str, Any]) -> list[str]:
        """Return why things have happened to a run."""
        return [one["why"] for one in self.ask(run, "events")["items"]]

    def ask(self, run: dict[str, Any], what: str) -> dict[str, Any]:
        """Return something of a run."""
        found: dict[str, Any] = self._client.get(f"/api/runs/{run['id']}/{what}").json()
        return found


def _template(opt: Path) -> Iterator[Mount]:
    """What an installation has at ``/opt/twinhub``, with this Python's packages."""
    shutil.copytree("images/workspace/environment", opt / "environment", symlinks=True)
    programs = opt / "environment/bin"
    (programs / "python").symlink_to("/usr/bin/python3")
    link = f"import site; site.addsitedir({str(PACKAGES)!r})\n"
    own = opt / "environment/lib" / PACKAGES.parent.name / "site-packages"
    own.mkdir(parents=True)
    (own / "twinhub-science.pth").write_text(link)
    yield Mount(opt, "/opt/twinhub")
    yield Mount(PACKAGES, str(PACKAGES))


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[Site]:
    wheels, root = tmp_path / "wheels", tmp_path / "assets"
    for version in ("1.0", "2.0"):
        make_wheel(wheels, "small", version)
    allowed = Allowed(python=("small", "absent"), system=("base-files", "no-such-package"))
    settings = RunnerSettings(root, tmp_path / "state", software=allowed)
    backend = ProcessBackend(settings.runs)
    backend.system = (*backend.system, Mount(wheels, "/wheels"), *_template(tmp_path / "opt"))
    variables = {**VARIABLES, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}
    maker = ProcessEnvironments(backend, variables)
    with open_runner(settings, backend, maker) as runner:
        application = make_runner_application(runner, IDENTITY)
        headers = {"Authorization": "token token-of-alice"}
        with TestClient(application, headers=headers) as client:
            yield Site(client, root, backend)


def test_a_twin_has_its_packages_which_are_installed_once(site: Site) -> None:
    first = site.run("{packages: [small==1.0], system: [base-files]}")
    assert first["status"] == "succeeded", (first, site.lines(first, "environment"))
    assert site.lines(first) == ["1.0"]
    assert any("small" in line for line in site.lines(first, "environment"))
    assert any("environment is being built" in why for why in site.events(first))
    (made,) = site.environments.iterdir()
    before = made.stat().st_mtime_ns
    assert site.ask(first, "provenance")["environment"] == made.name

    second = site.run("{system: [base-files], packages: [small==1.0]}")
    assert (site.lines(second), site.lines(second, "environment")) == (["1.0"], [])
    assert [one.stat().st_mtime_ns for one in site.environments.iterdir()] == [before]

    assert site.lines(site.run("{packages: [small>=2]}")) == ["2.0"]


def test_packages_of_a_file_are_those_of_the_copy(site: Site) -> None:
    (site.folder / "requirements.txt").write_text("# what it needs\nsmall \\\n  ==1.0  # old\n")
    assert site.lines(site.run("{requirements: requirements.txt}")) == ["1.0"]


def test_a_line_that_is_no_package_is_refused_by_its_place(site: Site) -> None:
    (site.folder / "r.txt").write_text("small\n--index-url https://elsewhere\n")
    ended = site.run("{requirements: r.txt}")
    assert ended["status"] == "failed"
    assert "alice/digital_twins/tank/r.txt:2" in ended["reason"]


def test_what_cannot_be_installed_fails_the_run_with_the_last_lines(site: Site) -> None:
    ended = site.run("{packages: [absent]}")
    assert ended["status"] == "failed"
    assert "no ready-made package for absent" in ended["reason"]
    assert "No matching distribution" in ended["reason"].splitlines()[-1]
    assert site.lines(ended, "environment")
    assert list(site.environments.iterdir()) == []


def test_a_debian_package_that_the_machine_lacks_is_named_with_its_remedy(site: Site) -> None:
    ended = site.run("{system: [no-such-package]}")
    assert "apt-get install no-such-package" in ended["reason"]


@pytest.mark.parametrize(
    ("software", "named"),
    [
        ("{packages: [Other_Package>=1]}", "other-package"), ("{system: [gcc]}", "gcc"),
        ("{toolchains: [julia]}", "environment.toolchains"),
        ("{image: mine}", "environment.image"),
    ],
)  # fmt: skip
def test_what_the_site_does_not_have_is_refused_at_once(
    site: Site, software: str, named: str
) -> None:
    answer = site.submit(software)
    assert answer["status"] == 422
    assert named in answer["detail"]


def test_what_a_twin_builds_is_kept_for_its_next_copy_and_never_goes_back(site: Site) -> None:
    (site.folder / "source").write_text("1\n")
    first = site.run(_BUILDS, "show")
    (site.folder / "other").touch()
    second = site.run(_BUILDS, "show")
    assert (first["status"], second["status"]) == ("succeeded", "succeeded"), site.lines(first)
    assert [site.lines(one, "build-made") for one in (first, second)] == [["building"], []]
    assert [site.lines(one) for one in (first, second)] == [["1"], ["1"]]
    assert not (site.folder / "made").exists()


def test_what_a_twin_has_built_with_other_programs_is_built_anew(site: Site) -> None:
    (site.folder / "source").write_text("1\n")
    first = site.run(_BUILDS, "show")
    site.backend.system = (*site.backend.system, Mount(site.folder, "/opt/newer"))
    (site.folder / "other").touch()
    second = site.run(_BUILDS, "show")
    assert [site.lines(one, "build-made") for one in (first, second)] == [["building"]] * 2


def test_a_step_that_fails_fails_the_run_and_says_what_to_look_at(site: Site) -> None:
    (site.folder / "source").write_text("1\n")
    ended = site.run(_BUILDS.replace("cp source made", "exit 3"), "show")
    assert (ended["status"], ended["exit_code"]) == ("failed", 3)
    assert "build step" in ended["reason"]


def test_a_run_that_waits_for_its_environment_can_be_stopped(site: Site) -> None:
    run = site.submit("{packages: [small==1.0]}")["runs"][0]["id"]
    site.wait(run, "preparing", *_FINAL)
    site.stop(run)
    assert site.wait(run, *_FINAL)["status"] == "stopped"
    assert site.run("{packages: [small==1.0]}")["status"] == "succeeded"
