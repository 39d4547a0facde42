"""`twinhub walls`, `check` and `purge` on a firewall of their own: a network namespace each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.operate.programs import find_program

from tests.fixtures.installation import TWINHUB, require_engine
from tests.fixtures.requirements import missing, need_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

_NAMESPACE = ("unshare", "--net", "sh", "-c", "echo; read -r _")
_PROGRAMS = ("iptables-save", "iptables-restore", "ip6tables-save", "ip6tables-restore")


@dataclass(frozen=True)
class Host:
    """A network namespace, where installations find their bridges, and which iptables they find."""

    pid: int
    home: Path
    programs: Path

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the namespace and return what it said."""
        return subprocess.run(
            ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *command],
            env=os.environ | {"PATH": f"{self.programs}:{os.environ['PATH']}"} | environment,
            capture_output=True, text=True, timeout=60, check=False, input="purge\n",
        )  # fmt: skip

    def twinhub(self, prefix: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `twinhub` on the installation with a prefix."""
        return self.run(str(TWINHUB), *arguments, TWINHUB_HOME=str(self.home / prefix))

    def install(self, prefix: str) -> None:
        """Make what an installation that was started leaves: settings, and what it decided."""
        bridge = f"br-{prefix[-1] * 12}"
        running = {
            "engine": "docker", "port": 1, "proxy_port": 2, "proxy_api_port": 3, "hub_port": 4,
            "gateway": "172.30.0.1", "prefix": prefix, "network": prefix, "bridge": bridge,
        }  # fmt: skip
        (self.home / prefix / "state").mkdir(parents=True)
        (self.home / prefix / "state" / "running.json").write_text(json.dumps(running))
        (self.home / prefix / "twinhub.yaml").write_text("version: 1\n")
        self.run("ip", "link", "add", bridge, "type", "bridge").check_returncode()

    def walls(self, prefix: str) -> Mapping[str, object]:
        """What `twinhub check` says of the walls."""
        report: Mapping[str, Mapping[str, object]] = json.loads(
            self.twinhub(prefix, "check", "--json").stdout
        )
        return report["walls"]

    def rules(self) -> list[str]:
        """Every rule and chain that is there, by IPv4 and IPv6."""
        tables = [self.run(name, "-t", "filter").stdout for name in _PROGRAMS[::2]]
        lines = [line for text in tables for line in text.splitlines()]
        return [line.split(" [")[0] for line in lines if line.startswith((":", "-A"))]

    def restore(self, *rules: str) -> None:
        """Change the rules as another program would."""
        for rule in rules:
            self.run("iptables", *rule.split()).check_returncode()


@pytest.fixture(params=["nft", "legacy"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host without rules whose `iptables` is of one variant."""
    need_root("network namespaces need root")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("iptables", *_PROGRAMS):
        family, _, action = name.partition("-")
        program = find_program("-".join(filter(None, (family, request.param, action))))
        if program is None:
            missing(f"{request.param} iptables is absent", "apt-get install iptables")
        (programs / name).symlink_to(program)
    with subprocess.Popen(
        _NAMESPACE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as namespace:
        assert namespace.stdout
        assert namespace.stdin
        namespace.stdout.readline()
        yield Host(namespace.pid, tmp_path, programs)
        namespace.stdin.close()


@pytest.mark.d4(50)
def test_walls_are_put_up_listed_and_repaired(host: Host) -> None:
    host.install("twinhub-a")
    assert host.walls("twinhub-a")["in_place"] is False
    assert host.twinhub("twinhub-a", "walls").stdout == "Walls: put up\n"
    there = host.rules()
    assert "-A INPUT -i br-aaaaaaaaaaaa -j twinhub-a-input" in there
    assert host.twinhub("twinhub-a", "walls").stdout == "Walls: in place\n"
    assert host.rules() == there

    for change in (
        "-F twinhub-a-input", "-D twinhub-a-input -j DROP", "-I twinhub-a-forward -j ACCEPT",
        "-F INPUT", "-I INPUT -j ACCEPT",
    ):  # fmt: skip
        host.restore(change)
        report = host.walls("twinhub-a")
        assert report["in_place"] is False, change
        assert "MISSING" in str(report["summary"])
        assert host.twinhub("twinhub-a", "walls").stdout == "Walls: put up\n"
    assert host.walls("twinhub-a")["in_place"] is True
    assert [rule for rule in host.rules() if rule != "-A INPUT -j ACCEPT"] == there


@pytest.mark.d4(50)
def test_dockers_own_chain_is_taken_as_soon_as_it_is_there(host: Host) -> None:
    host.install("twinhub-a")
    host.twinhub("twinhub-a", "walls").check_returncode()
    assert "-A FORWARD -i br-aaaaaaaaaaaa -j twinhub-a-forward" in host.rules()
    host.restore(
        "-N DOCKER-USER", "-A DOCKER-USER -j RETURN", "-I FORWARD -j DOCKER-USER",
        "-I FORWARD 2 -i br-aaaaaaaaaaaa -j ACCEPT",
    )  # fmt: skip
    assert host.walls("twinhub-a")["in_place"] is False
    host.twinhub("twinhub-a", "walls").check_returncode()
    jumps = [rule for rule in host.rules() if rule.endswith("-j twinhub-a-forward")]
    assert jumps[0] == "-A DOCKER-USER -i br-aaaaaaaaaaaa -j twinhub-a-forward"
    assert host.walls("twinhub-a")["in_place"] is True


@pytest.mark.docker
@pytest.mark.d4(50)
def test_down_leaves_the_walls_and_purge_removes_them_alone(host: Host) -> None:
    require_engine()
    host.restore("-N mine", "-A INPUT -p tcp -m tcp --dport 22 -j mine")
    before = host.rules()
    host.install("twinhub-b")
    host.twinhub("twinhub-b", "walls").check_returncode()
    with_other = host.rules()
    host.install("twinhub-a")
    host.twinhub("twinhub-a", "walls").check_returncode()
    assert host.walls("twinhub-b")["in_place"] is True

    assert host.twinhub("twinhub-a", "down").returncode == 0
    assert host.walls("twinhub-a")["in_place"] is True
    purged = host.twinhub("twinhub-a", "purge")
    assert purged.returncode == 0, purged.stderr
    assert "Removed iptables chain twinhub-a-input" in purged.stdout
    assert host.rules() == with_other
    removed = host.twinhub("twinhub-b", "walls", "--remove=twinhub-b")
    assert removed.stdout.count("Removed ") == 4
    assert host.rules() == before


@pytest.mark.parametrize("with_sudo", [False, True])
def test_who_may_not_change_the_firewall_is_told_what_root_has_to_run(
    host: Host, *, with_sudo: bool
) -> None:
    host.install("twinhub-a")
    if with_sudo:  # one that asks for a password, and may not
        sudo = host.programs / "sudo"
        sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
        sudo.chmod(0o755)
    command = f"env TWINHUB_HOME={host.home}/twinhub-a {TWINHUB} walls"
    nobody = (sys.executable, "-m", "twinhub_hub.cli.main")
    checked = host.run(
        "unshare", "--user", "--", *nobody, "check", TWINHUB_HOME=str(host.home / "twinhub-a")
    )
    assert checked.returncode == 0, checked.stderr
    (line,) = [line for line in checked.stdout.splitlines() if line.startswith("walls: ")]
    assert line.startswith("walls: NOT FOUND: this user may not change the host's firewall.")
    assert line.endswith(command)
    assert host.run(*command.split()).stdout == "Walls: put up\n"


def test_a_bridge_of_another_machine_gets_no_walls_that_mean_nothing(host: Host) -> None:
    host.install("twinhub-a")
    host.run("ip", "link", "delete", "br-aaaaaaaaaaaa").check_returncode()
    done = host.twinhub("twinhub-a", "walls")
    assert done.returncode == 1
    assert "is not on this machine" in done.stderr
    assert not [rule for rule in host.rules() if "twinhub" in rule]
