"""A host with a domain and a certificate of its own, with real servers."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from twinhub_hub.operate.edge_client import served_certificate
from twinhub_hub.operate.ports import find_free

from tests.fixtures.acme import acme_authority
from tests.fixtures.certificates import Authority
from tests.fixtures.hub_client import HubClient, to_loopback
from tests.fixtures.installation import (
    FIRST_PORT,
    TestInstallation,
    require_engine,
    running_installation,
)
from tests.fixtures.kernels import execute, open_kernel
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.docker, pytest.mark.slow]
_SERVED_SECONDS = 60
ACME = """site:
  tls:
    acme:
      email: admin@example.org
      directory: {directory}
      ca_file: {root}
    http_port: {http_port}
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("tls"))
    made.give()
    return made


@pytest.fixture(scope="module")
def http_port() -> int:
    return find_free(FIRST_PORT + 50)


@pytest.fixture(scope="module")
def there(authority: Authority, http_port: int) -> Iterator[TestInstallation]:
    require_engine()
    settings = f"site:\n{authority.settings}    http_port: {http_port}\n"
    with running_installation(settings=settings, authority=authority.certificate) as running:
        yield running


def visit(there: TestInstallation, address: str) -> httpx.Response:
    """The answer to somebody who trusts the authority and nobody else, redirects not followed."""
    with httpx.Client(transport=to_loopback(there), timeout=30) as client:
        return client.get(address)


def cookies_of(session: HubClient) -> dict[str, tuple[str, str, bool]]:
    """Domain, path and the flag Secure of each cookie of a session."""
    jar = session.cookies
    return {cookie.name: (cookie.domain, cookie.path, cookie.secure) for cookie in jar}


@pytest.mark.d4(6)
def test_people_work_by_https_with_cookies_that_no_other_host_can_set(
    there: TestInstallation,
) -> None:
    with HubClient(there, "alice") as session:
        session.start()
        assert session.lab_answers()
        cookies = cookies_of(session)
    assert {name for name, (_, _, is_secure) in cookies.items() if not is_secure} == set()
    # a browser takes a name with this prefix from its own host only: no sibling can toss one in
    assert cookies["__Host-jupyterhub-hub-login"] == ("twinhub.localhost", "/", True)
    assert cookies["__Host-jupyterhub-user-alice"][0] == "alice.twinhub.localhost"
    shared = {name for name, (domain, _, _) in cookies.items() if domain.startswith(".")}
    assert shared == {"jupyterhub-session-id"}


def test_http_leads_to_https_on_the_same_host(there: TestInstallation, http_port: int) -> None:
    for host in ("twinhub.localhost", "alice.twinhub.localhost"):
        answer = visit(there, f"http://{host}:{http_port}/user/alice/lab?a=b")
        assert answer.status_code == 308
        assert answer.headers["location"] == f"https://{host}:{there.port}/user/alice/lab?a=b"
    answer = visit(there, f"http://127.0.0.1:{http_port}/x")
    assert answer.headers["location"] == f"{there.address}/x"


def test_browsers_are_told_to_stay_with_https(there: TestInstallation) -> None:
    for address in (there.address, there.address_of("alice")):
        answer = visit(there, f"{address}/hub/login")
        assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_a_replaced_certificate_is_served_and_open_kernels_go_on(
    there: TestInstallation, authority: Authority
) -> None:
    def served() -> bytes | None:
        return served_certificate("127.0.0.1", there.port, "bob.twinhub.localhost")

    edge = there.pids()["edge"]
    with HubClient(there, "bob") as session:
        session.start()
        assert session.lab_answers()
        with open_kernel(session) as kernel:
            assert execute(kernel, "a = 6") == ""
            authority.give(["somewhere.else"])  # by mistake: the old one goes on
            wait_for(
                lambda: "goes on with the certificate that it has" in there.log("certificates"),
                seconds=_SERVED_SECONDS, what="a line in the log",
            )  # fmt: skip
            assert "twinhub.localhost" in there.run("check").stderr
            certificate = authority.give(days=60).public_bytes(Encoding.DER)
            assert served() != certificate
            wait_for(
                lambda: served() == certificate,
                seconds=_SERVED_SECONDS, what="the new certificate",
            )  # fmt: skip
            assert execute(kernel, "print(7 * a)") == "42\n"
    assert there.pids()["edge"] == edge
    mode = (there.home / "state" / "edge.sock").stat().st_mode & 0o777
    assert mode == 0o600


def test_a_killed_watcher_comes_back_and_a_certificate_replaced_meanwhile_is_served(
    there: TestInstallation, authority: Authority
) -> None:
    before = there.pids()["certificates"]
    os.kill(before, signal.SIGKILL)
    certificate = authority.give(days=50).public_bytes(Encoding.DER)
    wait_for(
        lambda: served_certificate("127.0.0.1", there.port, "bob.twinhub.localhost") == certificate,
        seconds=_SERVED_SECONDS, what="the new certificate",
    )  # fmt: skip
    assert there.pids()["certificates"] not in {0, before}


def test_an_authority_certifies_the_hosts_of_users_and_no_other(
    there: TestInstallation, http_port: int, tmp_path: Path
) -> None:
    authority = acme_authority(tmp_path, find_free(FIRST_PORT + 60), http_port=http_port)
    with HubClient(there, "alice"), authority as (directory, root):
        settings = ACME.format(directory=directory, root=root, http_port=http_port)
        with changed(there, settings):
            certified = replace(there, authority=root)
            for host in (certified.address, certified.address_of("alice")):
                assert visit(certified, f"{host}/hub/login").status_code in {200, 302}
            for host in ("nobody.twinhub.localhost", "a.alice.twinhub.localhost", "example.org"):
                assert served_certificate("127.0.0.1", there.port, host) is None, host
            question = "/hub/certificate?domain=alice.twinhub.localhost"  # only the edge may ask
            assert visit(certified, certified.address + question).status_code == 404


@contextmanager
def changed(there: TestInstallation, settings: str) -> Iterator[None]:
    """Have the installation run with another section ``site``, and then as before."""
    before = there.settings_file.read_text("utf-8")
    try:
        there.settings_file.write_text(before[: before.index("site:")] + settings, "utf-8")
        done = there.run("up")
        assert done.returncode == 0, done.stdout + done.stderr
        yield
    finally:
        there.settings_file.write_text(before, "utf-8")
        assert there.run("up").returncode == 0
