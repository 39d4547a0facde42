"""What the hub tells the library's process, and what broker and folders do for teams."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from traitlets.config import Config
from twinhub_hub.apply import auth
from twinhub_hub.apply.context import Context
from twinhub_hub.apply.library import copy_trusted, library_environment
from twinhub_hub.assets import AssetsError, ensure_user_folder, list_teams
from twinhub_hub.broker.policy import RefusedError
from twinhub_hub.broker.rules import decide
from twinhub_hub.installation import Installation, Running, share
from twinhub_hub.operate.prepare import ensure_secrets
from twinhub_hub.sandbox.command import Sandbox, sandbox_command
from twinhub_hub.settings.errors import SettingsError
from twinhub_hub.settings.loading import load_settings
from twinhub_library.service import ServiceSettings

from tests.fixtures.create_bodies import changed, valid_body
from tests.unit.hub.test_broker_rules import CREATE, POLICY

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = """\
version: 1
site: {title: Pumps}
library:
  quota:
    user: 20G
    users: [{name: alice, limit: 50G}]
    teams: [{name: org/plant, limit: 1T}]
  snapshots: {every_minutes: 5}
  git:
    ca_file: trust/authority.pem
    known_hosts: trust/known_hosts
    email_domain: example.org
  open_links: {git_hosts: [gitlab.example.org]}
"""
_TRUSTED = {
    "authority.pem": "-----BEGIN CERTIFICATE-----\n",
    "known_hosts": "git.example.org ssh-ed25519 AAAA\n",
}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    installation = Installation(tmp_path)
    installation.make_folders()
    ensure_secrets(installation)
    installation.settings_file.write_text(_SETTINGS)
    (tmp_path / "trust").mkdir()
    for name, text in _TRUSTED.items():
        (tmp_path / "trust" / name).write_text(text)
    running = Running("docker", 8000, 8001, 8002, 8003, "172.30.0.1", library_port=8004)
    return Context.of(installation, load_settings(installation.settings_file), running)


_GITLAB = """
auth:
  method: gitlab
  gitlab: {{url: "https://gitlab.example.org", client_id: x, allowed_groups: [org]{access}}}
secrets: {{client_secret_file: client}}
"""


@pytest.mark.parametrize(
    ("access", "url", "scopes"),
    [
        ("", "", set()),
        (", git_access: read", "https://gitlab.example.org", {"read_repository"}),
        (", git_access: write", "https://gitlab.example.org", {"write_repository"}),
    ],
)
def test_logins_open_repositories_where_the_admin_has_switched_it_on(
    context: Context, access: str, url: str, scopes: set[str]
) -> None:
    installation = context.installation
    (installation.home / "client").touch(mode=0o600)
    (installation.home / "client").write_text("s3cret-of-it")
    installation.settings_file.write_text(f"version: 1{_GITLAB.format(access=access)}")
    context = Context.of(installation, load_settings(installation.settings_file), context.running)
    told = ServiceSettings.from_environment(dict(library_environment(context)))
    assert told.library.git.login_url == url
    c = Config()
    auth.apply(context, c)
    assert set(c.TwinHubGitLabAuthenticator.scope) == {"read_user", "read_api"} | scopes


def test_the_library_understands_all_that_it_is_told(context: Context) -> None:
    environment = dict(library_environment(context))
    known = _keys(ServiceSettings)
    assert set(_paths(json.loads(environment["TWINHUB_LIBRARY_SETTINGS"]))) <= known
    settings = ServiceSettings.from_environment(environment)
    assert (settings.port, settings.uid) == (8004, context.settings.uid)
    assert settings.library.quota.user_bytes == 20 * 2**30
    assert settings.library.quota.users == {"alice": 50 * 2**30}
    assert settings.library.quota.groups == {"org/plant": 2**40}
    assert settings.library.snapshots.every_minutes == 5
    assert settings.library.hub_api_url == "http://127.0.0.1:8003/hub/api"


def test_whom_git_trusts_is_copied_to_where_the_library_reads_it(context: Context) -> None:
    copy_trusted(context)
    settings = ServiceSettings.from_environment(dict(library_environment(context)))
    git = settings.library.git
    assert git.ca_file
    assert git.known_hosts
    assert [git.ca_file.read_text(), git.known_hosts.read_text()] == list(_TRUSTED.values())
    assert git.ca_file.stat().st_mode & 0o777 == 0o644
    assert git.ca_file.parent in settings.needed
    assert git.email_domain == "example.org"
    assert settings.library.site_title == "Pumps"
    assert settings.library.open_links.git_hosts == ("gitlab.example.org",)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("git: {ca_fil: x}", "'ca_file'"),
        ("open_link: {git_hosts: []}", "'open_links'"),
        ("open_links: {git_host: []}", "'git_hosts'"),
        ("git: {email_domain: '@x'}", "library.git.email_domain"),
        ("git: {ca_file: gone.pem}", "gone.pem cannot be read: No such file"),
        ("git: {ca_file: trust/known_hosts}", "holds no certificate"),
        ("git: {known_hosts: trust/authority.pem}", "holds no key of a server"),
    ],
)
def test_what_is_wrong_in_the_section_is_said_with_its_line(
    context: Context, section: str, said: str
) -> None:
    path = context.installation.settings_file
    path.write_text(f"version: 1\nlibrary:\n  {section}\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    (fault,) = caught.value.faults
    assert said in str(fault)
    assert f"{path}:3:" in str(fault)


@pytest.mark.d4(7)
def test_no_secret_is_among_the_settings_or_stays_in_the_environment(context: Context) -> None:
    environment = dict(library_environment(context))
    text = environment["TWINHUB_LIBRARY_SETTINGS"]
    secrets = {path.read_text() for path in context.installation.secrets.iterdir()}
    assert not [secret for secret in secrets if secret in text]
    settings = ServiceSettings.from_environment(environment)
    assert not environment
    assert not [secret for secret in secrets if secret in repr(settings)]


def _keys(kind: Any, before: str = "") -> set[str]:  # noqa: ANN401 - dataclasses
    found = set()
    hints = get_type_hints(kind)
    for field in fields(kind):
        name = f"{before}{field.name}"
        found |= _keys(hints[field.name], f"{name}.") if is_dataclass(hints[field.name]) else {name}
    return found


def _paths(value: dict[str, Any], before: str = "") -> list[str]:
    found = []
    for key, inner in value.items():
        is_open = key in {"users", "groups"}  # names of people
        deeper = isinstance(inner, dict) and not is_open
        found += _paths(inner, f"{before}{key}.") if deeper else [f"{before}{key}"]
    return found


TEAM = "/srv/assets/teams/plant:/workspace/teams/plant:rw"


@pytest.mark.d4(52)
def test_the_broker_lets_a_teams_folder_be_mounted_at_its_place() -> None:
    body = valid_body(POLICY, "alice")
    binds = [*body["HostConfig"]["Binds"], TEAM]
    call = decide(
        "POST", CREATE, json.dumps(changed(body, "HostConfig.Binds", binds)).encode(), POLICY
    )
    assert call.body is not None
    assert TEAM in call.body["HostConfig"]["Binds"]


@pytest.mark.d4(52)
@pytest.mark.parametrize(
    "bind",
    [
        "/srv/assets/teams/../bob:/workspace/teams/../bob:rw",
        "/srv/assets/teams/..:/workspace/teams/..:rw",
        "/srv/assets/teams/plant:/workspace/teams/other:rw",
        "/srv/assets/teams/plant:/etc:rw",
        "/srv/assets/teams/plant/data:/workspace/teams/plant/data:rw",
        "/srv/assets/teams/:/workspace/teams/:rw",
        "/srv/assets/teams:/workspace/teams:rw",
        "/srv/assets/teams/Plant:/workspace/teams/Plant:rw",
        "/srv/assets/teams/plant:/workspace/teams/plant:rw,z",
        "/srv/assets/teams/plant:/workspace/teams/plant",
        "/srv/assets/teams/.library:/workspace/teams/.library:rw",
        "/etc:/workspace/teams/plant:rw",
    ],
)
def test_the_broker_refuses_any_other_mount_below_teams(bind: str) -> None:
    body = valid_body(POLICY, "alice")
    binds = [*body["HostConfig"]["Binds"], bind]
    with pytest.raises(RefusedError):
        decide(
            "POST", CREATE, json.dumps(changed(body, "HostConfig.Binds", binds)).encode(), POLICY
        )


def test_groups_with_a_folder_are_teams_and_no_link_is_one(tmp_path: Path) -> None:
    (tmp_path / "teams" / "plant").mkdir(parents=True)
    (tmp_path / "teams" / "link").symlink_to("/etc")
    assert list_teams(tmp_path, ["plant", "link", "absent"]) == ["plant"]


def test_places_of_teams_come_and_go_and_what_users_have_there_stays(tmp_path: Path) -> None:
    template = share() / "config" / "assets" / "template"
    uid = tmp_path.stat().st_uid
    folder = ensure_user_folder(template, tmp_path, "ada", uid=uid, teams=["one", "two"])
    places = folder / "teams"
    assert sorted(path.name for path in places.iterdir()) == ["one", "two"]
    (places / "two" / "mine.txt").write_text("mine")
    ensure_user_folder(template, tmp_path, "ada", uid=uid, teams=["three"])
    assert sorted(path.name for path in places.iterdir()) == ["three", "two"]


@pytest.mark.parametrize("team", ["..", "a/b", "", ".library"])
def test_a_team_is_a_label(tmp_path: Path, team: str) -> None:
    template = share() / "config" / "assets" / "template"
    with pytest.raises(AssetsError):
        ensure_user_folder(template, tmp_path, "ada", uid=0, teams=[team])


def test_a_sandbox_has_the_folders_of_its_users_teams(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    sandbox = Sandbox(
        edition=tmp_path, home=tmp_path, private=tmp_path, common=tmp_path, uid=1000,
        shared_memory=1, teams={"plant": tmp_path / "teams" / "plant"},
    )  # fmt: skip
    command = sandbox_command(sandbox, ["true"], operator_uid=0)
    at = command.index("/workspace/teams/plant")
    assert command[at - 2 : at] == ["--bind", str(tmp_path / "teams" / "plant")]
