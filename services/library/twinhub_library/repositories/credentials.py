"""What lets git in: a token or an SSH key, kept encrypted, and shown to git alone.

Where the remote is the GitLab that people sign in with, the token of the user's own login is asked
of a `CredentialSource` when it is needed, and kept nowhere. Anything else is given by a person and
kept in the database, sealed with the key list of the settings: the first key encrypts, all decrypt.
git gets it in files of its sandbox: by a credential helper that answers for one origin, or as the
identity file of ssh. So it is in no address, argument, variable, configuration, log or error.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from twinhub_library.errors import LibraryError
from twinhub_library.repositories.addresses import Address
from twinhub_library.repositories.addresses import Protocol as Way
from twinhub_library.repositories.hosts import known_name
from twinhub_library.repositories.sandbox import SECRETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twinhub_kit.callers import Caller

_MOST_BYTES = 32 << 10
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
_USER = re.compile(r"[A-Za-z0-9_.@+-]{1,200}")
_LOGIN_USER = "oauth2"
"""The name that GitLab takes with a token of OAuth, and with any other."""


class BadCredentialError(LibraryError):
    """A token or key that cannot be one; the text does not repeat it."""

    code = "bad-credential"
    status = 400


class LoginTokenError(LibraryError):
    """The caller's login does not let git in; the text says what to do."""

    code = "login-refused"
    status = 409


class CredentialKind(StrEnum):
    """How one is let in."""

    NONE = "none"
    LOGIN = "login"
    """By the token of the caller's own login."""
    TOKEN = "token"  # noqa: S105 - a word for a kind
    SSH_KEY = "ssh-key"


@dataclass(frozen=True)
class Credential:
    """What lets git in at one origin."""

    kind: CredentialKind
    user: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class LoginToken:
    """A token that a login came with; it goes to git and is kept nowhere."""

    secret: str = field(repr=False)
    may_write: bool = True


class CredentialSource(Protocol):
    """Knows the tokens that people's logins came with."""

    def serves(self, address: Address) -> bool:
        """Return whether logins may be used for an address, which is at their own GitLab then."""

    def get_login_token(self, caller: Caller, address: Address) -> LoginToken:
        """Return a fresh token of the caller's own login; called at each use.

        Raises:
            LoginTokenError: there is none for this address; the text says what to do.
            UnavailableError: whoever knows does not answer.
        """


class NoLogins:
    """The source of an installation whose logins open no repositories."""

    def serves(self, address: Address) -> bool:
        """Return False."""
        del address
        return False

    def get_login_token(self, caller: Caller, address: Address) -> LoginToken:
        """Refuse.

        Raises:
            LoginTokenError: always.
        """
        del caller
        raise LoginTokenError(
            f"Logins open no repositories here: give a token for this repository at {address.host}."
        )


def check_credential(address: Address, credential: Credential) -> Credential:
    """Return a credential that fits an address.

    Raises:
        BadCredentialError: a token for SSH, a key for HTTPS, or text that is neither.
    """
    is_ssh = address.protocol is Way.SSH
    match credential.kind:
        case CredentialKind.TOKEN if not is_ssh:
            if not (_TOKEN.fullmatch(credential.secret) and _USER.fullmatch(_user(credential))):
                raise BadCredentialError("This is no token: copy it anew, without spaces.")
        case CredentialKind.SSH_KEY if is_ssh:
            _check_key(credential.secret)
        case CredentialKind.LOGIN if not is_ssh:
            pass
        case CredentialKind.NONE if not is_ssh:
            pass
        case _:
            raise BadCredentialError(
                "An ssh:// address needs an SSH key."
                if is_ssh
                else "An SSH key is for addresses such as ssh://git@host/path.git."
            )
    return credential


def _check_key(text: str) -> None:
    if len(text) > _MOST_BYTES:
        raise BadCredentialError(f"An SSH key has at most {_MOST_BYTES:,} bytes.")
    try:
        load_ssh_private_key(text.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise BadCredentialError(
            "This is no SSH private key without a passphrase: make one for this repository alone "
            "(ssh-keygen -t ed25519 -N '')."
        ) from error


def _user(credential: Credential) -> str:
    return credential.user or _LOGIN_USER


@dataclass(frozen=True)
class Delivery:
    """How git gets a credential in its sandbox."""

    options: tuple[str, ...] = ()
    """Settings for ``git -c``; none is secret."""
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def deliver(
    address: Address, credential: Credential, known_hosts: str, *, at: Sequence[str] = ()
) -> Delivery:
    """Return how git at an address gets a credential; other origins are told nothing.

    ``at`` are the addresses of its host that were checked: ssh connects to the first.
    """
    if address.protocol is Way.SSH:
        pinned = {"HostName": at[0], "HostKeyAlias": known_name(address)} if at else {}
        return _deliver_key(credential, known_hosts, pinned)
    if not credential.secret:
        return Delivery()
    answer = f"username={_user(credential)}\npassword={credential.secret}\n"
    helper = f"{SECRETS}/helper.sh"
    script = f'#!/bin/sh\n[ "$1" = get ] && cat {SECRETS}/answer\nexit 0\n'
    return Delivery(
        options=(f"credential.{address.origin}.helper={helper}",),
        secrets={"answer": answer.encode(), "helper.sh": script.encode()},
    )


def _deliver_key(credential: Credential, known_hosts: str, pinned: Mapping[str, str]) -> Delivery:
    options = {
        **pinned,
        "IdentityFile": f"{SECRETS}/key", "IdentitiesOnly": "yes", "IdentityAgent": "none",
        "UserKnownHostsFile": f"{SECRETS}/known_hosts", "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes", "UpdateHostKeys": "no", "BatchMode": "yes",
        "ConnectTimeout": "20", "ServerAliveInterval": "20", "ServerAliveCountMax": "3",
        "ForwardAgent": "no", "ForwardX11": "no", "ClearAllForwardings": "yes",
        "PermitLocalCommand": "no", "ProxyCommand": "none", "ControlPath": "none",
        "PreferredAuthentications": "publickey",
    }  # fmt: skip
    words = ["ssh", "-F", "/dev/null"]
    words += [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    key = credential.secret.strip().encode() + b"\n"
    return Delivery(
        environment={"GIT_SSH_COMMAND": shlex.join(words), "GIT_SSH_VARIANT": "ssh"},
        secrets={"key": key, "known_hosts": known_hosts.encode()},
    )
