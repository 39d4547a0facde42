"""What lets git in: HTTPS with the site's authority, the token of a login, keys that change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twinhub_library.paths import RelativePath
from twinhub_library.repositories.connections import Connections, Wanted
from twinhub_library.repositories.credentials import (
    BadCredentialError,
    Credential,
    CredentialKind,
    NoLogins,
    Sealer,
)
from twinhub_library.repositories.errors import BadAddressError, RemoteError, RemoteRefusedError
from twinhub_library.repositories.looking import Looking
from twinhub_library.settings import GitSettings
from twinhub_library.sync import Around, Syncing

from tests.fixtures.git_servers import PASSWORD
from tests.integration.library.repositories.conftest import ALICE, TOKEN

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_library.repositories.credentials import CredentialSource

    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench

KEYS = ("1" * 64, "2" * 64)


class Logins:
    """Logins of one GitLab, whose tokens end."""

    def __init__(self, origin: str) -> None:
        self.origin, self.token, self.asked = origin, PASSWORD, 0

    def find_login_token(self, caller: Caller, origin: str) -> str | None:
        self.asked += 1
        return self.token if (caller.name, origin) == ("alice", self.origin) else None


def connections(
    bench: Bench, settings: GitSettings, *, keys: tuple[str, ...] = KEYS,
    logins: CredentialSource | None = None,
) -> Connections:  # fmt: skip
    """Return another way to the same repositories."""
    return Connections(
        bench.root, bench.database, settings, sealer=Sealer(keys), logins=logins or NoLogins()
    )


def test_https_takes_the_certificates_of_the_site(bench: Bench, git_servers: GitServers) -> None:
    git_servers.make("tls", {"a.txt": "a\n"})
    url = f"https://localhost:{git_servers.https_port}/tls.git"
    plain = GitSettings(allow_loopback=True)
    wanted = Wanted(RelativePath.parse("alice/models/tank"), url, credential=TOKEN)

    with pytest.raises(RemoteError):
        connections(bench, plain).connect(ALICE, wanted)
    trusted = connections(bench, replace(plain, ca_file=git_servers.authority))
    row = trusted.connect(ALICE, wanted)

    Syncing(
        bench.tree, trusted, Around(lambda *_: (), lambda _: None), email_domain="x.org"
    ).pull(ALICE, row.id)  # fmt: skip
    assert bench.files() == {"a.txt": "a\n"}


@pytest.mark.d4(35)
def test_the_token_of_a_login_is_asked_for_at_each_use_and_kept_nowhere(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("login", {"a.txt": "a\n"})
    logins = Logins(f"http://127.0.0.1:{git_servers.http_port}")
    ours = connections(bench, GitSettings(allow_loopback=True), logins=logins)
    login = Credential(CredentialKind.LOGIN)
    row = ours.connect(
        ALICE, Wanted(RelativePath.parse("alice/models/tank"), remote.url, credential=login)
    )
    assert row.sealed is None
    syncing = Syncing(bench.tree, ours, Around(lambda *_: (), lambda _: None), email_domain="x.org")
    syncing.pull(ALICE, row.id)
    assert logins.asked == 2

    logins.token = "has-ended"
    with pytest.raises(RemoteRefusedError, match="does not let you in"):
        syncing.pull(ALICE, row.id)
    with pytest.raises(BadCredentialError, match="login is not from"):
        syncing.pull(replace(ALICE, name="bob"), row.id)


@pytest.mark.d4(35)
def test_credentials_outlive_a_change_of_keys_and_not_the_loss_of_all(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("keys", {"a.txt": "a\n"})
    settings = GitSettings(allow_loopback=True)
    old = connections(bench, settings, keys=KEYS[:1])
    place = RelativePath.parse("alice/models/tank")
    row = old.connect(ALICE, Wanted(place, remote.url, credential=TOKEN))
    assert PASSWORD.encode() not in (row.sealed or b"")

    changed = connections(bench, settings, keys=(KEYS[1], KEYS[0]))
    assert changed.remote(ALICE, row).delivery.secrets
    lost = connections(bench, settings, keys=KEYS[1:])
    with pytest.raises(BadCredentialError, match="give it anew"):
        lost.remote(ALICE, row)
    assert Looking(bench.tree, lost).status(ALICE, row.id).base is None


def test_a_site_names_the_hosts_that_are_spoken_to(bench: Bench) -> None:
    settings = GitSettings(hosts=("gitlab.example.org",), allow_loopback=True)
    wanted = Wanted(RelativePath.parse("alice/models/tank"), "https://github.com/x/y.git")
    with pytest.raises(BadAddressError, match=r"gitlab\.example\.org alone"):
        connections(bench, settings).connect(ALICE, wanted)
