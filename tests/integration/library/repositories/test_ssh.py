"""Repositories over SSH, on a real sshd with a key of the repository's own."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from twinhub_library.repositories.credentials import (
    BadCredentialError,
    Credential,
    CredentialKind,
)
from twinhub_library.repositories.errors import (
    RemoteError,
    RemoteRefusedError,
    UnknownHostKeyError,
)

from tests.fixtures.library import find_free_port
from tests.integration.library.repositories.conftest import ALICE, TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench


def key_of(servers: GitServers) -> Credential:
    """Return the key that the server lets in."""
    return Credential(CredentialKind.SSH_KEY, "", servers.key)


@pytest.mark.d4(35)
def test_a_host_is_spoken_to_once_a_person_has_confirmed_its_key(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("ssh", {"a.txt": "a\n"})
    key, fingerprint = key_of(git_servers), git_servers.fingerprint

    with pytest.raises(UnknownHostKeyError, match="fingerprint SHA256:") as told:
        bench.connect(remote.ssh_url, credential=key)
    assert fingerprint in str(told.value)
    with pytest.raises(UnknownHostKeyError, match="not the one that you confirmed"):
        bench.connect(remote.ssh_url, credential=key, host_key="SHA256:" + "A" * 43)
    row = bench.connect(remote.ssh_url, credential=key, host_key=fingerprint)

    bench.syncing.pull(ALICE, row.id)
    bench.write("alice/models/tank/a.txt", "mine\n")
    bench.syncing.sync(ALICE, row.id)

    assert remote.files() == {"a.txt": "mine"}


@pytest.mark.d4(35)
def test_a_host_that_shows_another_key_than_the_confirmed_is_refused(
    bench: Bench, git_servers: GitServers, tmp_path: Path
) -> None:
    remote = git_servers.make("swapped", {"a.txt": "a\n"})
    row = bench.connect(
        remote.ssh_url, credential=key_of(git_servers), host_key=git_servers.fingerprint
    )
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    kind, key, *_ = other.with_suffix(".pub").read_text().split()
    name = row.known_hosts.split()[0]
    bench.connections.change(row.id, known_hosts=f"{name} {kind} {key}\n")

    with pytest.raises(UnknownHostKeyError, match="another SSH key"):
        bench.syncing.pull(ALICE, row.id)


def test_a_key_that_is_not_let_in_is_said(
    bench: Bench, git_servers: GitServers, tmp_path: Path
) -> None:
    remote = git_servers.make("unknown", {"a.txt": "a\n"})
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    credential = Credential(CredentialKind.SSH_KEY, "", other.read_text())

    with pytest.raises(RemoteRefusedError, match="does not let you in"):
        bench.connect(remote.ssh_url, credential=credential, host_key=git_servers.fingerprint)


def test_what_is_no_key_or_for_another_protocol_is_refused(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("nokey", {"a.txt": "a\n"})
    for address, credential in (
        (remote.ssh_url, TOKEN),
        (remote.url, key_of(git_servers)),
        (remote.ssh_url, Credential(CredentialKind.SSH_KEY, "", "nonsense")),
    ):
        with pytest.raises(BadCredentialError):
            bench.connect(address, credential=credential)
    gone = f"ssh://git@127.0.0.1:{find_free_port()}/x.git"
    with pytest.raises(RemoteError, match="does not answer to SSH"):
        bench.connect(gone, credential=key_of(git_servers))
