"""Addresses, branches and commits as people write them; what git could take otherwise is refused.

git reads more into an address than one thinks: ``ext::`` runs a program, ``file://`` and plain
paths read this machine, a leading ``-`` is an option (gitfaq(7), git-remote-ext(1)).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from twinhub_library.repositories.errors import BadAddressError

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_CHARACTERS = 1000
_SHOWN = 80
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_PATH = re.compile(r"/[A-Za-z0-9_.~/%+@=,-]*")
_SCP = re.compile(r"(?P<user>[^@/:]+)@(?P<host>[^@/:]+):(?P<path>[^:].*)")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_BRANCH_CHARACTERS = re.compile(r"[^\x00-\x20~^:?*\[\\\x7f]+")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Protocol(StrEnum):
    """The ways to a repository."""

    HTTPS = "https"
    HTTP = "http"
    SSH = "ssh"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a repository is; no credential is in it."""

    protocol: Protocol
    host: str
    port: int | None
    path: str
    user: str = ""
    """Who one is for SSH, such as ``git``; empty otherwise."""

    @property
    def origin(self) -> str:
        """Return protocol, host and port: what a credential is for."""
        return f"{self.protocol}://{self.host}{f':{self.port}' if self.port else ''}"

    def __str__(self) -> str:
        """Return the address as git takes it."""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.protocol}://{user}{self.host}{port}{self.path}"


def parse_address(
    text: str, *, allow_loopback_http: bool = False,
    is_trusted: Callable[[Address], bool] = lambda _: False,
) -> Address:  # fmt: skip
    """Return the address that text stands for; a trusted one may be plain HTTP.

    Raises:
        BadAddressError: it is none that the library speaks to; the text says which it does.
    """
    if not text or len(text) > _MOST_CHARACTERS:
        raise BadAddressError(f"An address has 1 to {_MOST_CHARACTERS} characters.")
    if text.startswith("-") or "::" in text.split("[", 1)[0] or not text.isprintable():
        raise _refusal(text)
    if "://" not in text and (scp := _SCP.fullmatch(text)):
        text = f"ssh://{scp['user']}@{scp['host']}/{scp['path'].removeprefix('/')}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refusal(text) from error
    if parts.password is not None or (parts.username and parts.scheme != Protocol.SSH):
        raise BadAddressError(
            "The address holds a name or password: leave out what is before the @ and give the "
            "token by itself."
        )
    address = _address(text, parts.scheme, f"[{host}]" if ":" in host else host, port)
    may_be_plain = (allow_loopback_http and _is_loopback(host)) or is_trusted(address)
    if address.protocol is Protocol.HTTP and not may_be_plain:
        raise BadAddressError("http:// sends tokens in the clear: write https://.")
    return address


def _address(text: str, scheme: str, host: str, port: int | None) -> Address:
    parts = urlsplit(text)
    user = parts.username or ""
    path = parts.path.rstrip("/")
    is_fit = (
        scheme in set(Protocol)
        and _HOST.fullmatch(host)
        and _PATH.fullmatch(path)
        and not {"..", "."} & set(path.split("/"))
        and not (parts.query or parts.fragment)
        and (_USER.fullmatch(user) if scheme == Protocol.SSH else not user)
    )
    if not is_fit:
        raise _refusal(text)
    return Address(Protocol(scheme), host, port, path, user)


def _is_loopback(host: str) -> bool:
    return host in _LOOPBACK or f"[{host}]" in _LOOPBACK


def _refusal(text: str) -> BadAddressError:
    shown = text.encode("unicode_escape").decode("ascii")
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    return BadAddressError(
        f"{shown.rpartition('@')[2]!r} is no address of a repository that is synced with: write "
        "https://host/path.git or ssh://user@host/path.git."
    )


def check_branch(name: str) -> str:
    """Return a name that a branch can have (git-check-ref-format(1)).

    Raises:
        BadAddressError: git has no such branches.
    """
    parts = name.split("/")
    is_fit = (
        len(name.encode()) <= 200  # noqa: PLR2004 - with the names before it a file's name
        and _BRANCH_CHARACTERS.fullmatch(name)
        and not name.startswith("-")
        and not {"..", "@{"} & {name[i : i + 2] for i in range(len(name))}
        and name not in {"@", "HEAD"}
        and not name.endswith(".")
        and all(part and not part.startswith(".") and not part.endswith(".lock") for part in parts)
    )
    if not is_fit:
        raise BadAddressError(f"{name[:_SHOWN]!r} is no name of a branch: write one such as main.")
    return name


def check_commit(name: str) -> str:
    """Return what names a commit by its digits.

    Raises:
        BadAddressError: it is none.
    """
    if not _COMMIT.fullmatch(name):
        raise BadAddressError(f"{name[:_SHOWN]!r} is no commit: write its 7 to 40 digits.")
    return name
