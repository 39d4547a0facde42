"""What a workspace's packets reach: the hub's API, the outside, and nothing else."""

from __future__ import annotations

import json
import socket
import subprocess
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import TWINHUB, engine
from tests.fixtures.outside import METADATA, OUTSIDE, PORTS, machine_outside
from tests.fixtures.requirements import need_root
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tests.fixtures.installation import TestInstallation

    Target = tuple[str, int]

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_PYTHON = "/opt/twinhub/science/bin/python3"
_CONNECT = """
import asyncio, json, sys
async def probe(address, port):
    try:
        async with asyncio.timeout(2):
            await asyncio.open_connection(address, port)
    except OSError:
        return []
    return [[address, port]]
async def main():
    found = await asyncio.gather(*(probe(*target) for target in json.loads(sys.argv[1])))
    print(json.dumps(sum(found, [])))
asyncio.run(main())
"""
_SEND = """
import json, socket, sys
for address, port in json.loads(sys.argv[1]):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.socket(family, socket.SOCK_DGRAM).sendto(b"from a workspace", (address, port))
    except OSError:
        pass
"""


@pytest.fixture(scope="module", autouse=True)
def _root() -> None:
    need_root("walls are put up by root")


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


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of a service of this host that listens on every address, by IPv6 too."""
    with socket.create_server(
        ("", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=100
    ) as server:
        yield server.getsockname()[1]


@pytest.fixture
def outside() -> Iterator[None]:
    """Another machine, and a cloud's metadata."""
    with machine_outside():
        yield


@pytest.fixture
def neighbour(installation: TestInstallation) -> Iterator[Target]:
    """A server on another Docker network, which publishes its port on this host."""
    name = f"{installation.prefix}-neighbour"
    network = engine().networks.create(name, driver="bridge")
    try:
        server = engine().containers.run(
            "twinhub/workspace:0.1.0", ["-m", "http.server", "8000"], entrypoint=_PYTHON,
            name=name, network=name, ports={"8000/tcp": None}, detach=True,
        )  # fmt: skip
        try:
            server.reload()
            address = server.attrs["NetworkSettings"]["Networks"][name]["IPAddress"]
            wait_for(lambda: _answers(address, 8000), seconds=30, what="a server that answers")
            yield address, 8000
        finally:
            server.remove(force=True)
    finally:
        network.remove()


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def own_addresses() -> list[str]:
    """Every address of this host that somebody else can send to."""
    found = [address for of_one in psutil.net_if_addrs().values() for address in of_one]
    of_internet = [a.address for a in found if a.family in {socket.AF_INET, socket.AF_INET6}]
    return [a for a in of_internet if not a.startswith(("127.", "::1", "fe80:"))]


def own_ports() -> set[int]:
    """Every port of this host where something listens, on whichever address."""
    found = psutil.net_connections("tcp")
    return {c.laddr.port for c in found if c.laddr and c.status == psutil.CONN_LISTEN}


def hub_api(installation: TestInstallation) -> Target:
    """The one place of this host that workspaces may reach."""
    running = json.loads((installation.home / "state" / "running.json").read_text())
    return running["gateway"], running["hub_port"]


def reached_from(
    installation: TestInstallation, user: str, targets: Collection[Target]
) -> set[Target]:
    """Those of some addresses and ports that a user's container can open by TCP."""
    done = run_python(installation, user, _CONNECT, json.dumps(sorted(targets)))
    return {(address, port) for address, port in json.loads(done)}


def run_python(installation: TestInstallation, user: str, *arguments: str) -> bytes:
    """Run a Python program in a user's container as that user; return what it printed."""
    done = installation.container(user).exec_run([_PYTHON, "-c", *arguments])
    assert isinstance(done.output, bytes)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.d4(50)
@pytest.mark.usefixtures("outside")
def test_a_workspace_reaches_the_hubs_api_and_the_outside_and_nothing_else(
    alice: HubClient,
    bob: HubClient,
    listener: int,
    neighbour: Target,
    installation: TestInstallation,
) -> None:
    network = installation.setting("network")
    other = installation.container(bob.user).attrs["NetworkSettings"]["Networks"][network]
    targets = {(address, port) for address in own_addresses() for port in own_ports()}
    assert {port for _, port in targets} > {listener, installation.port}
    targets |= {(other["IPAddress"], 8888), neighbour}
    targets |= {(address, port) for address in (OUTSIDE, *METADATA) for port in PORTS}
    name_servers = {("169.254.169.254", 53), ("168.63.129.16", 53)}
    allowed = {hub_api(installation), *((OUTSIDE, port) for port in PORTS)} | name_servers
    assert reached_from(installation, alice.user, targets) == allowed
    assert alice.lab_answers()


@pytest.mark.d4(50)
def test_no_datagram_of_a_workspace_arrives_at_this_host(
    alice: HubClient, installation: TestInstallation
) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("", 0))
        server.settimeout(10)
        port = server.getsockname()[1]
        targets = json.dumps([(address, port) for address in own_addresses()])
        run_python(installation, alice.user, _SEND, targets)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.sendto(b"from this host", ("127.0.0.1", port))
        assert server.recv(100) == b"from this host"


@pytest.mark.d4(50)
@pytest.mark.usefixtures("outside")
def test_up_repairs_walls_that_another_program_removed(
    alice: HubClient, listener: int, installation: TestInstallation
) -> None:
    gateway, _ = hub_api(installation)
    targets = {(gateway, listener), (METADATA[0], 80)}
    for chain in ("input", "forward"):
        command = ["iptables", "-w", "-F", f"{installation.prefix}-{chain}"]
        subprocess.run(command, check=True)
    assert reached_from(installation, alice.user, targets) == targets  # the probe does find holes
    assert "\nwalls: MISSING (14 of 22 rules" in installation.run("check").stdout

    before = installation.pids()
    assert "Walls: put up" in installation.run("up").stdout
    assert installation.pids() == before
    assert reached_from(installation, alice.user, targets) == set()
    assert "\nwalls: in place (22 rules)" in installation.run("check").stdout
    assert "Walls: in place" in installation.run("up").stdout


@pytest.mark.d4(50)
def test_up_by_a_user_who_may_not_change_the_firewall_says_what_root_has_to_run(
    installation: TestInstallation,
) -> None:
    done = subprocess.run(
        ["unshare", "--user", "--", str(TWINHUB), "up"],  # root's files, without root's rights
        env=installation.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "Walls: " in line]
    assert "Walls: NOT PUT UP: this user may not change the host's firewall." in line
    assert line.endswith(f"env TWINHUB_HOME={installation.home} {TWINHUB} walls")
