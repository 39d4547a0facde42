"""What a workspace is given, what it can reach, and what its user cannot ask for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import psutil
import pytest
from docker.errors import NotFound

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import engine
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(scope="module")
def alice(installation: TestInstallation) -> Iterator[HubClient]:
    """Alice with a running workspace."""
    with HubClient(installation, "alice") as session:
        session.start()
        yield session


@pytest.fixture(scope="module")
def bob(installation: TestInstallation) -> Iterator[HubClient]:
    """Bob with a running workspace."""
    with HubClient(installation, "bob") as session:
        session.start()
        yield session


def run_inside(installation: TestInstallation, user: str, command: str) -> str:
    """Run a shell command in a user's container as that user; return what it printed."""
    done = installation.container(user).exec_run(["bash", "-c", command])
    assert isinstance(done.output, bytes)
    return done.output.decode(errors="replace")


@pytest.mark.d4(48)
def test_a_container_has_no_rights_and_has_limits(
    alice: HubClient, installation: TestInstallation
) -> None:
    attributes: dict[str, Any] = installation.container(alice.user).attrs
    host = attributes["HostConfig"]
    assert attributes["Config"]["User"] == installation.setting("uid")
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] in (None, [])
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Privileged"] is False
    assert host["PidMode"] in ("", None)
    assert host["IpcMode"] == "private"
    assert host["NetworkMode"] == installation.setting("network")
    assert host["Devices"] in (None, [])
    assert host["PidsLimit"] == 1024
    assert host["Memory"] == host["MemorySwap"] == 4 * 2**30
    assert host["CpuQuota"] / host["CpuPeriod"] == 2
    assert host["ShmSize"] == 256 * 2**20
    assert host["LogConfig"]["Config"] == {"max-size": "5m", "max-file": "2"}
    assert not host["PortBindings"]
    status = run_inside(
        installation, alice.user, "grep -E '^(CapEff|NoNewPrivs)' /proc/self/status"
    )
    assert status.split() == ["CapEff:", "0000000000000000", "NoNewPrivs:", "1"]


@pytest.mark.d4(48)
def test_a_container_mounts_its_users_places_and_nothing_else(
    alice: HubClient, installation: TestInstallation
) -> None:
    mounts = {
        mount["Destination"]: (mount["Source"], mount["RW"])
        for mount in installation.container(alice.user).attrs["Mounts"]
    }
    assets = installation.home / "assets"
    volume, _ = mounts.pop("/home/twin")
    assert f"{installation.prefix}-home-alice" in volume
    assert mounts == {
        "/workspace": (str(assets / "alice"), True),
        "/workspace/common": (str(assets / "common"), False),
    }


@pytest.mark.d4(49)
@pytest.mark.parametrize(
    "options",
    [
        {"image": "debian:bookworm-slim"},
        {"image": "twinhub/workspace:0.1.0@sha256:" + "0" * 64},
        {"image": ["twinhub/workspace:0.1.0"]},
    ],
)
def test_an_image_outside_the_list_is_refused(
    installation: TestInstallation, options: dict[str, object]
) -> None:
    with HubClient(installation, "instructor") as session:
        session.get("/hub/home")
        answer = session.api("POST", "/users/instructor/server", options)
        assert answer.status_code in {201, 202, 400, 403}, answer.text
        if answer.status_code in {201, 202}:  # accepted to be started, and then refused
            events = session.follow()
            assert not events or events[-1].get("failed")
        assert not session.is_ready()
    with pytest.raises(NotFound):
        installation.container("instructor")


_HOSTILE = {
    "volumes": {"/": {"bind": "/host", "mode": "rw"}}, "environment": {"LD_PRELOAD": "/x"},
    "cmd": ["sh"], "args": ["--ServerApp.token="], "network_name": "host", "mem_limit": "64G",
    "extra_host_config": {"privileged": True}, "name_prefix": "x", "notebook_dir": "/",
    "extra_create_kwargs": {"user": "0"}, "env": {"PATH": "/x"}, "default_url": "//evil.example",
    "group_overrides": {}, "network_environment": {}, "remove": False, "image": None,
}  # fmt: skip


def by_api(session: HubClient) -> None:
    """Start with options in the request."""
    session.api("POST", "/users/instructor/server", _HOSTILE)


def by_api_before(session: HubClient) -> None:
    """Have the hub keep options for the server, and start it without any."""
    for method, path in (("PATCH", "/server"), ("PATCH", "/servers/"), ("PUT", "/servers/")):
        session.api(method, f"/users/instructor{path}", {"user_options": _HOSTILE})
        session.api(method, f"/users/instructor{path}", _HOSTILE)
    session.api("POST", "/users/instructor/server")


def by_form(session: HubClient) -> None:
    """Send the form of a start with fields of one's own."""
    fields = {**session.xsrf, **{name: str(value) for name, value in _HOSTILE.items()}}
    del fields["image"]
    session.post(
        "/hub/spawn", content=urlencode(fields | {"_xsrf": session.xsrf["X-XSRFToken"]}).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip


def by_query(session: HubClient) -> None:
    """Follow a link that starts a workspace."""
    session.get(f"/hub/spawn?{urlencode({name: str(value) for name, value in _HOSTILE.items()})}")


def made_of(installation: TestInstallation, user: str) -> dict[str, object]:
    """All that `docker inspect` says of a workspace but what differs with each start."""
    found = installation.container(user).attrs
    variables = dict(line.split("=", 1) for line in found["Config"]["Env"])
    secrets = {"JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN"}
    config = {**found["Config"], "Env": {k: v for k, v in variables.items() if k not in secrets}}
    mounts = sorted(found["Mounts"], key=lambda mount: str(mount["Destination"]))
    networks = sorted(found["NetworkSettings"]["Networks"])
    return {
        "Path": found["Path"], "Args": found["Args"], "Name": found["Name"], "Config": config,
        "HostConfig": found["HostConfig"], "Mounts": mounts, "Networks": networks,
    }  # fmt: skip


@pytest.mark.d4(48)
@pytest.mark.d4(49)
@pytest.mark.parametrize("start", [by_api, by_api_before, by_form, by_query])
def test_options_change_nothing_that_docker_inspect_shows(
    installation: TestInstallation, start: Callable[[HubClient], None]
) -> None:
    with HubClient(installation, "instructor") as session:
        session.stop()
        session.start()
        plain = made_of(installation, "instructor")
        session.stop()
        start(session)
        session.follow()
        session.start()  # where it was refused, what the hub has kept of it still counts
        assert made_of(installation, "instructor") == plain
        session.stop()


@pytest.mark.d4(50)
def test_the_docker_socket_is_not_in_a_container(
    alice: HubClient, installation: TestInstallation
) -> None:
    found = run_inside(installation, alice.user, "find / -xdev -name 'docker*.sock' 2>/dev/null")
    assert not found.strip()


@pytest.mark.d4(7)
def test_no_token_is_in_an_argument_a_log_or_a_readable_file(
    alice: HubClient, installation: TestInstallation
) -> None:
    variables = dict(
        variable.split("=", 1)
        for variable in installation.container(alice.user).attrs["Config"]["Env"]
    )
    secrets = [variables["JUPYTERHUB_API_TOKEN"], installation.password(alice.user)]
    secrets += [
        (installation.home / "secrets" / name).read_text().strip()
        for name in ("cookie_secret", "proxy_token", "hub_token", "culler_token")
    ]
    supervisor = psutil.Process(int((installation.home / "state" / "supervisord.pid").read_text()))
    arguments = [" ".join(p.cmdline()) for p in supervisor.children(recursive=True)]
    logs = [path.read_text(errors="replace") for path in (installation.home / "logs").iterdir()]
    for secret in secrets:
        assert not [text for text in arguments + logs if secret in text]
    folders = [installation.home / name for name in ("secrets", "state", "logs")]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 3
    for path in (installation.home / "secrets").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.d4(14)
def test_another_users_workspace_is_closed(
    alice: HubClient, bob: HubClient, installation: TestInstallation
) -> None:
    for path in ("lab", "api/contents", "api/terminals", "files/README.md", "proxy/22/"):
        answer = bob.get(f"{installation.address_of(alice.user)}/user/alice/{path}")
        assert answer.status_code in {403, 404}, path
    assert bob.api("GET", "/users/alice").status_code == 404
    assert bob.api("DELETE", "/users/alice/server").status_code in {403, 404}
    assert alice.is_ready()


@pytest.mark.d4(6)
def test_each_user_has_an_origin_of_their_own(
    alice: HubClient, bob: HubClient, installation: TestInstallation
) -> None:
    origins = {alice.workspace.split("/user/")[0], bob.workspace.split("/user/")[0]}
    assert len(origins | {installation.address}) == 3
    answer = bob.get(f"{installation.address_of(alice.user)}/user/bob/lab")
    assert str(answer.url).startswith(installation.address_of(bob.user))


@pytest.mark.d4(2)
@pytest.mark.d4(6)
@pytest.mark.parametrize("label", ["alice", "common", "hub", "nobody-at-all", "x.services"])
@pytest.mark.parametrize("path", ["/hub/login", "/hub/home", "/hub/api/", "/hub", "/HUB/login"])
def test_the_hubs_pages_are_on_its_own_origin_only(
    installation: TestInstallation, label: str, path: str
) -> None:
    host = f"{label}.twinhub.localhost:{installation.port}"
    for method in ("GET", "POST"):
        answer = httpx.request(
            method, f"http://127.0.0.1:{installation.port}{path}", headers={"Host": host}
        )
        assert answer.status_code == 302, (method, answer.text)
        assert answer.headers["location"] == f"{installation.address}{path}"


@pytest.mark.d4(55)
def test_a_start_that_fails_shows_the_log_and_leaves_no_container(
    installation: TestInstallation,
) -> None:
    with HubClient(installation, "instructor") as session:
        session.start()
        session.stop()
        site = installation.home / "jupyterhub_config.d" / "50-broken.py"
        site.write_text(
            "c.TwinHubDockerSpawner.cmd = ['sh', '-c', 'echo the-disk-is-on-fire; exit 3']\n"
        )
        try:
            assert installation.run("up").returncode == 0
            for _ in range(6):
                session.get("/hub/home")
                session.api("POST", "/users/instructor/server")
                last = session.follow()[-1]
            with pytest.raises(NotFound):
                installation.container("instructor")
            shown = f"{last.get('message')} {last.get('html_message')}"
            assert "the-disk-is-on-fire" in shown
            assert "stopped while it was starting" in shown
            page = session.get("/hub/spawn-pending/instructor")
            assert page.status_code == 500
            assert "the-disk-is-on-fire" in page.text
        finally:
            site.unlink()
            assert installation.run("up").returncode == 0
        assert installation.status()["running"] is True
        session.start()
        session.stop()


@pytest.mark.d4(70)
@pytest.mark.parametrize(
    ("image", "said", "remedy"),
    [
        ("site/never-built:1", "is not on this machine", "docker build --tag site/never-built:1"),
        ("debian:bookworm-slim", "has no JupyterHub version on its label", "build it once more"),
        (
            "twinhub-test/other-major:1",
            "has JupyterHub 5.3.0, this hub is 6.",
            "build it once more",
        ),
    ],
)
def test_an_image_that_cannot_work_is_refused_with_what_to_build(
    installation: TestInstallation, image: str, said: str, remedy: str
) -> None:
    if image.startswith("twinhub-test/"):
        older = b"FROM debian:bookworm-slim\nLABEL org.twinhub.jupyterhub=5.3.0\n"
        engine().images.build(fileobj=io.BytesIO(older), tag=image, rm=True)
    site = installation.home / "jupyterhub_config.d" / "50-image.py"
    d = "c.TwinHubDockerSpawner"
    site.write_text(f"{d}.image = {image!r}\n{d}.allowed_images = [{image!r}]\n")
    try:
        assert installation.run("up").returncode == 0
        with HubClient(installation, "instructor") as session:
            session.get("/hub/home")
            session.api("POST", "/users/instructor/server")
            shown = wait_for(
                lambda: _failure(session), seconds=30, what="the page of a start that failed"
            )
    finally:
        site.unlink()
        assert installation.run("up").returncode == 0
    assert said in shown
    assert remedy in shown
    assert "twinhub up" not in shown


def _failure(session: HubClient) -> str:
    """The page that says why the last start failed; empty as long as it goes on."""
    page = session.get("/hub/spawn-pending/instructor")
    return page.text if page.status_code >= 400 else ""
