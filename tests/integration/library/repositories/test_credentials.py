"""What lets git in: HTTPS with the site's authority, the token of a login, keys that change."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import httpx
import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.sealing import Sealer
from twinhub_library.repositories.connections import Connections, Wanted
from twinhub_library.repositories.credentials import (
    BadCredentialError,
    Credential,
    CredentialKind,
    LoginToken,
    LoginTokenError,
    NoLogins,
)
from twinhub_library.repositories.errors import BadAddressError, RemoteError, RemoteRefusedError
from twinhub_library.repositories.logins import HubLogins
from twinhub_library.repositories.looking import Looking
from twinhub_library.settings import GitSettings
from twinhub_library.sync import Around, Syncing

from tests.fixtures.git_servers import PASSWORD
from tests.integration.library.repositories.conftest import ALICE, TOKEN

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_library.repositories.addresses import Address
    from twinhub_library.repositories.credentials import CredentialSource

    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench

KEYS = ("1" * 64, "2" * 64)
PLACE = RelativePath.parse("alice/models/tank")


class Listening:
    """A port of another host, with what arrives there."""

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.heard = self._socket.getsockname()[1], b""
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        return self

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._socket.accept()
            with connection:
                self.heard = connection.recv(65536) or b"nothing"

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


class Logins:
    """Logins of one GitLab, whose tokens end; bob has none there."""

    def __init__(self, origin: str) -> None:
        self.origin, self.token, self.asked = origin, PASSWORD, 0
        self.may_write = True

    def serves(self, address: Address) -> bool:
        return address.origin == self.origin

    def get_login_token(self, caller: Caller, address: Address) -> LoginToken:
        self.asked += 1
        if not (self.serves(address) and caller.name == "alice"):
            raise LoginTokenError("Sign in again.")
        return LoginToken(self.token, self.may_write)


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
    ours = connections(bench, GitSettings(), logins=logins)
    row = ours.connect(ALICE, Wanted(PLACE, remote.url))
    assert (row.credential_kind, row.sealed) == (CredentialKind.LOGIN, None)
    syncing = Syncing(bench.tree, ours, Around(lambda *_: (), lambda _: None), email_domain="x.org")
    syncing.pull(ALICE, row.id)
    assert logins.asked == 2

    logins.token = "has-ended"
    with pytest.raises(RemoteRefusedError, match="sign out of TwinHub and in again"):
        syncing.pull(ALICE, row.id)
    with pytest.raises(LoginTokenError, match="Sign in again"):
        syncing.pull(replace(ALICE, name="bob"), row.id)


def test_a_login_that_only_reads_is_told_so_before_anything_is_sent(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("reads", {"a.txt": "a\n"})
    logins = Logins(f"http://127.0.0.1:{git_servers.http_port}")
    logins.may_write = False
    ours = connections(bench, GitSettings(), logins=logins)
    row = ours.connect(ALICE, Wanted(PLACE, remote.url))
    syncing = Syncing(bench.tree, ours, Around(lambda *_: (), lambda _: None), email_domain="x.org")
    assert syncing.sync(ALICE, row.id).pushed
    bench.write("alice/models/tank/a.txt", "mine\n")
    with pytest.raises(LoginTokenError, match=r"auth\.gitlab\.git_access"):
        syncing.sync(ALICE, row.id)
    assert remote.files() == {"a.txt": "a"}


def test_where_logins_open_nothing_it_is_said_and_none_is_taken_by_itself(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("public/own", {"a.txt": "a\n"})
    login = Credential(CredentialKind.LOGIN)
    with pytest.raises(LoginTokenError, match="Logins open no repositories here"):
        bench.connect(remote.url, credential=login)
    ours = connections(bench, GitSettings(allow_loopback=True))
    assert ours.connect(ALICE, Wanted(PLACE, remote.url)).credential_kind == CredentialKind.NONE


@pytest.mark.d4(35)
def test_the_token_of_a_login_goes_to_no_other_port_protocol_or_path(
    bench: Bench, git_servers: GitServers
) -> None:
    git_servers.make("elsewhere", {"a.txt": "a\n"})
    asked: list[httpx.Request] = []

    def hub(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"token": PASSWORD, "expires_at": None, "may_write": True})

    client = httpx.Client(transport=httpx.MockTransport(hub))
    site = f"http://localhost:{git_servers.http_port}/gitlab"
    with HubLogins("http://hub/hub/api", "service", site, client=client) as logins:
        ours = connections(bench, GitSettings(allow_loopback=True), logins=logins)
        login = Credential(CredentialKind.LOGIN)
        for url in (
            f"http://127.0.0.1:{git_servers.http_port}/gitlab/elsewhere.git",
            f"http://localhost:{git_servers.https_port}/gitlab/elsewhere.git",
            f"https://localhost:{git_servers.http_port}/gitlab/elsewhere.git",
            f"http://localhost:{git_servers.http_port}/elsewhere.git",
        ):
            with pytest.raises(LoginTokenError, match="Your login is from"):
                ours.connect(ALICE, Wanted(PLACE, url, credential=login))
    assert asked == []


@pytest.mark.d4(35)
def test_a_redirect_takes_the_token_of_a_login_nowhere(
    bench: Bench, git_servers: GitServers
) -> None:
    logins = Logins(f"http://127.0.0.1:{git_servers.http_port}")
    ours = connections(bench, GitSettings(), logins=logins)
    with Listening() as other:
        url = f"{logins.origin}/away/{other.port}/tank.git"
        with pytest.raises(RemoteRefusedError, match="sends git to another address"):
            ours.connect(ALICE, Wanted(PLACE, url))
    assert logins.asked == 1
    assert other.heard == b""


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
