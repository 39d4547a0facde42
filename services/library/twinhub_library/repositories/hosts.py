"""Whom we speak to: hosts that a user may reach through us, and SSH servers by their keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import socket
import subprocess
from typing import TYPE_CHECKING

from twinhub_library.repositories.errors import (
    BadAddressError,
    RemoteError,
    UnknownHostKeyError,
)
from twinhub_library.repositories.sandbox import Job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_library.repositories.addresses import Address
    from twinhub_library.repository import Walls

_SECONDS = 15
_OF_CLOUDS = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192"))
)
"""Where clouds answer with credentials and that are not of the link: AWS, Alibaba, Oracle."""
_SSH_PORT = 22
_PREFERRED = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "ssh-rsa")


def check_host(
    address: Address, *, allowed: tuple[str, ...], allow_loopback: bool
) -> tuple[str, ...]:
    """Return the addresses of a host that users may reach through the library.

    Whoever connects does so to one of them: asked again, the name may be another address.
    ``allowed`` are the only hosts of this site, if any are named.

    Raises:
        BadAddressError: it is not one to speak to.
        RemoteError: its name is unknown.
    """
    host = address.host.strip("[]")
    if allowed and host not in allowed:
        raise BadAddressError(
            f"This installation syncs with {', '.join(allowed)} alone: ask an administrator to "
            f"add {host} to library.git.hosts."
        )
    return find_addresses(host, address.port, allow_loopback=allow_loopback)


def find_addresses(host: str, port: int | None, *, allow_loopback: bool) -> tuple[str, ...]:
    """Return the addresses of a host, the best first.

    This machine itself and the addresses of its link, where clouds answer with credentials, are
    never spoken to.

    Raises:
        BadAddressError: one of them is not one to speak to.
        RemoteError: its name is unknown.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RemoteError(
            f"{host} is not known here: look whether the address is right, and try again later."
        ) from error
    addresses = tuple(dict.fromkeys(str(where[0]) for *_, where in found))
    for one in map(_plain, addresses):
        if one.is_loopback and allow_loopback:
            continue
        if one.is_loopback or one.is_link_local or one.is_multicast or one.is_unspecified or (
            one in _OF_CLOUDS
        ):  # fmt: skip
            raise BadAddressError(f"{host} is this machine or its own network: name another host.")
    return addresses


def is_loopback(address: str) -> bool:
    """Return whether an address is this machine's own."""
    return _plain(address).is_loopback


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    one = ipaddress.ip_address(address.partition("%")[0])
    is_mapped = isinstance(one, ipaddress.IPv6Address) and one.ipv4_mapped
    return is_mapped or one


def known_name(address: Address) -> str:
    """Return the name that ssh looks for in ``known_hosts``."""
    host = address.host.strip("[]")
    return f"[{host}]:{address.port}" if address.port not in {None, _SSH_PORT} else host


def find_known(address: Address, known_hosts: str) -> str:
    """Return the lines of a ``known_hosts`` that name a host in the clear."""
    name = known_name(address)
    lines = [line for line in known_hosts.splitlines() if name in line.split(" ", 1)[0].split(",")]
    return "".join(f"{line}\n" for line in lines)


def confirm_host(walls: Walls, folder: Path, address: Address, fingerprint: str, *, at: str) -> str:
    """Return the line for ``known_hosts`` of the key with a fingerprint that a person confirmed.

    The host is asked ``at`` an address that was checked.

    Raises:
        UnknownHostKeyError: none was confirmed, or the host has another; the text names its own.
        RemoteError: it does not answer.
    """
    keys = {_fingerprint(key): line for key, line in _scan(walls, folder, address, at)}
    if not keys:
        raise RemoteError(f"{address.host} does not answer to SSH: look at its address and port.")
    if line := keys.get(fingerprint.strip()):
        return f"{line}\n"
    shown = next(iter(keys))
    if fingerprint:
        raise UnknownHostKeyError(
            f"{address.host} has the key {shown}, which is not the one that you confirmed: ask who "
            "runs it."
        )
    raise UnknownHostKeyError(
        f"{address.host} is new here, and its key has the fingerprint {shown}: compare it with "
        "what the host publishes, then connect again with host_key set to it."
    )


def _scan(walls: Walls, folder: Path, address: Address, at: str) -> Iterator[tuple[str, str]]:
    """Yield the keys that a host shows, each with its line, the best first."""
    command = ["ssh-keyscan", "-T", "10", "-p", str(address.port or _SSH_PORT), "--", at]
    job = Job(
        command, folder / "git", folder / "work", {"PATH": "/usr/bin:/bin"}, has_network=True,
        limits=walls.limits,
    )  # fmt: skip
    with walls.sandbox.prepared(job) as (words, descriptors):
        try:
            done = subprocess.run(
                words, pass_fds=descriptors, capture_output=True, timeout=_SECONDS, check=False,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return
    lines = [line.split() for line in done.stdout.decode("ascii", "replace").splitlines()]
    keys = {words[1]: words[2] for words in lines if len(words) == 3}  # noqa: PLR2004 - host kind key
    for kind in sorted(keys, key=lambda one: _PREFERRED.index(one) if one in _PREFERRED else 9):
        yield keys[kind], f"{known_name(address)} {kind} {keys[kind]}"


def _fingerprint(key: str) -> str:
    """Return what ``ssh-keygen -l`` shows of a key."""
    try:
        digest = hashlib.sha256(base64.b64decode(key, validate=True)).digest()
    except binascii.Error:
        return ""
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
