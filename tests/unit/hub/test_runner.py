"""What the hub tells the runner's process and workspaces, by engine and settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.apply.broker import run_policy
from twinhub_hub.apply.context import Context
from twinhub_hub.apply.runner import runner_environment, workspace_environment
from twinhub_hub.installation import Installation, Running
from twinhub_hub.operate.edge import render_caddyfile
from twinhub_hub.operate.prepare import ensure_secrets
from twinhub_hub.settings.errors import SettingsError
from twinhub_hub.settings.loading import load_settings
from twinhub_kit.process import ServiceSettingsError
from twinhub_runner.egress import Network
from twinhub_runner.service import ServiceSettings, make_backend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., Context]

_SETTINGS = """\
version: 1
engine: {prefix: th, network: th}
runner:
  each_user: 2
  groups: [{name: org/course, limit: 30}]
  memory: 1G
  cpus: 1.5
  processes: 100
  hours: 2
"""


@pytest.fixture(name="make")
def _make(tmp_path: Path) -> Make:
    def make(engine: str = "docker", more: str = "") -> Context:
        installation = Installation(tmp_path)
        installation.make_folders()
        ensure_secrets(installation)
        installation.settings_file.write_text(_SETTINGS + more)
        gateway = "172.30.0.1" if engine == "docker" else None
        running = Running(engine, 8000, 8001, 8002, 8003, gateway, runner_port=8005)  # type: ignore[arg-type]
        return Context.of(installation, load_settings(installation.settings_file), running)

    return make


def told(context: Context) -> ServiceSettings:
    """What the process understands of all that it is told."""
    environment = dict(runner_environment(context))
    settings = ServiceSettings.from_environment(environment)
    assert not environment
    return settings


def test_the_runner_understands_the_settings_of_the_site(make: Make) -> None:
    settings = told(make())
    assert (settings.port, settings.uid) == (8005, 1000)
    runner = settings.runner
    assert runner.hub_api_url == "http://127.0.0.1:8003/hub/api"
    assert (runner.caps.each_user, runner.caps.all, runner.caps.groups) == (
        2, 20, {"org/course": 30},
    )  # fmt: skip
    assert (runner.limits.memory_bytes, runner.limits.cpus) == (2**30, 1.5)
    assert (runner.limits.processes, runner.most_seconds) == (100, 7200)


def test_with_an_engine_runs_are_containers_that_the_broker_makes(make: Make) -> None:
    context = make()
    settings = told(context)
    assert make_backend(settings)[0].name == "docker"
    assert settings.docker
    assert settings.docker.socket == context.installation.runs_socket
    assert (settings.docker.prefix, settings.docker.network) == ("th", "th")
    assert settings.docker.networks == {"open": Network("th")}
    assert set(settings.runner.variables) == {"LANG", "PYTHONUNBUFFERED"}  # an image has a PATH
    assert settings.needed == (context.installation.sockets,)


def test_runs_reach_what_the_workspace_of_their_owner_does(make: Make) -> None:
    context = make(more="groups: [{name: org/exam, egress: none}]\n")
    settings = told(context)
    assert settings.docker
    assert settings.docker.network == "th-none", "of what nobody has foreseen"
    assert settings.docker.networks == {
        "open": Network("th"), "none": Network("th-none", ("127.0.0.1",)),
    }  # fmt: skip
    egress = settings.runner.egress
    assert egress.of(["org/other"]) == "open"
    assert egress.of(["org/other", "org/exam"]) == "none"
    assert run_policy(context).networks == ("th", "th-none")


def test_without_an_engine_runs_see_what_workspaces_see(make: Make) -> None:
    context = make("process")
    edition = context.installation.environments / "edition-1"
    (edition / "etc").mkdir(parents=True)
    (edition / "etc" / "passwd").touch()
    (edition / "environment.json").write_text('{"PATH": "/opt/twinhub/science/bin:/usr/bin"}')
    (context.installation.environments / "current").symlink_to(edition.name)
    settings = told(context)
    assert make_backend(settings)[0].name == "process"
    assert settings.system["/opt/twinhub"] == str(edition / "opt")
    assert settings.system["/etc/passwd"] == str(edition / "etc" / "passwd")
    assert "/etc/shadow" not in settings.system
    assert "/home" not in settings.system
    assert settings.runner.variables["PATH"] == "/opt/twinhub/science/bin:/usr/bin"
    limits = settings.runner.limits
    assert (limits.memory_bytes, limits.cpus, limits.processes) == (2**30, None, 100)
    assert settings.needed == (edition,)


@pytest.mark.d4(7)
def test_no_secret_is_among_the_settings(make: Make) -> None:
    context = make()
    secrets = {path.read_text() for path in context.installation.secrets.iterdir()}
    text = runner_environment(context)["TWINHUB_RUNNER_SETTINGS"]
    assert not [secret for secret in secrets if secret in text + repr(told(context))]


def test_what_is_missing_or_wrong_is_said() -> None:
    with pytest.raises(ServiceSettingsError, match="TWINHUB_RUNNER_SETTINGS is not set"):
        ServiceSettings.from_environment({})
    wrong = {"TWINHUB_RUNNER_SETTINGS": json.dumps({"port": "x"}), "TWINHUB_RUNNER_TOKEN": "t"}
    with pytest.raises(ServiceSettingsError, match=r"TWINHUB_RUNNER_SETTINGS: \w+: "):
        ServiceSettings.from_environment(wrong)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("each_usr: 3", "each_user"),
        ("memory: 1M", "64M"),
        ("groups: [{name: a, limit: 1}, {name: a, limit: 2}]", "limits are for"),
    ],
)
def test_what_is_wrong_in_the_section_is_said(make: Make, section: str, said: str) -> None:
    path = make().installation.settings_file
    path.write_text(f"version: 1\nrunner:\n  {section}\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    (fault,) = caught.value.faults
    assert said in str(fault)
    assert f"{path}:3:" in str(fault)


def test_workspaces_reach_it_at_the_bridge_or_on_loopback(make: Make) -> None:
    where = "http://172.30.0.1:8003/services/runner"
    assert workspace_environment(make()) == {"TWINHUB_RUNNER_URL": where}
    assert workspace_environment(make("process")) == {"TWINHUB_RUNNER_URL": "http://127.0.0.1:8005"}


def test_the_edge_leads_people_to_it_and_containers_to_its_interface_alone(make: Make) -> None:
    people, _, containers = render_caddyfile(make()).partition("bind 172.30.0.1")
    assert "path /services/runner/*" in people
    assert "path /services/runner/api/*" in containers
    for side in (people, containers):
        assert "uri strip_prefix /services/runner" in side
        assert "reverse_proxy 127.0.0.1:8005" in side
