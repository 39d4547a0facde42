"""What git is told in every run: nothing of its users or of repositories decides what it does."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from twinhub_library.repositories.addresses import Protocol
from twinhub_library.repositories.sandbox import GIT_DIR, WORK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_library.repositories.addresses import Address

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - the sandbox's own, and empty
    "XDG_CONFIG_HOME": "/tmp",  # noqa: S108 - as above
    "LC_ALL": "C",
    "TZ": "UTC",
    "GIT_DIR": GIT_DIR,
    "GIT_WORK_TREE": WORK,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "GIT_LFS_SKIP_SMUDGE": "1",
}

_OPTIONS = {
    "advice.detachedHead": "false",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.symlinks": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.autocrlf": "false",
    "core.quotePath": "false",
    "core.pager": "cat",
    "core.bigFileThreshold": "32m",
    "core.packedGitWindowSize": "64m",
    "core.packedGitLimit": "1g",
    "pack.windowMemory": "256m",
    "pack.compression": "1",
    "credential.helper": "",
    "protocol.allow": "never",
    "transfer.fsckObjects": "true",
    "fetch.fsckObjects": "true",
    "fetch.fsck.zeroPaddedFilemode": "warn",
    "fetch.fsck.missingSpaceBeforeDate": "warn",
    "fetch.fsck.badTimezone": "warn",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",
    "fetch.writeCommitGraph": "false",
    "submodule.recurse": "false",
    "push.recurseSubmodules": "no",
    "safe.bareRepository": "explicit",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fastimport.unpackLimit": "20",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "100",
    "http.lowSpeedTime": "60",
    "init.templateDir": "",
    "lfs.basictransfersonly": "true",
    "lfs.concurrenttransfers": "4",
    "lfs.locksverify": "false",
    "lfs.setlockablereadonly": "false",
    "lfs.transfer.maxretries": "3",
    "lfs.transfer.maxretrydelay": "3",
}

ATTRIBUTES = "* -text -ident !working-tree-encoding -export-subst\n"
"""``info/attributes``, before which no attribute of a repository counts: bytes stay as they are."""


_OF_PUSH = {"http.lowSpeedTime": "1800"}
"""A server is silent as long as it unpacks few objects, however large (git-unpack-objects(1))."""


def options(command: str) -> list[str]:
    """Return the settings of a run of a command of git's."""
    made = _OPTIONS | (_OF_PUSH if command == "push" else {})
    return [word for name, value in made.items() for word in ("-c", f"{name}={value}")]


def options_for(address: Address, at: Sequence[str]) -> list[str]:
    """Return those for speaking to an address, which leave its protocol alone open.

    ``at`` are the addresses of its host that were checked (git-config(1), ``http.curloptResolve``).
    """
    return [
        *_pinned(address, at),
        "-c", f"protocol.{address.protocol}.allow=always",
        "-c", f"remote.origin.url={address}",
        "-c", f"lfs.url={_lfs_url(address)}",
        *(_WITHOUT_PLAIN_HTTP if address.protocol is not Protocol.HTTP else ()),
    ]  # fmt: skip


def _pinned(address: Address, at: Sequence[str]) -> list[str]:
    if address.protocol is Protocol.SSH or not at:
        return []
    port = address.port or _PORTS[address.protocol]
    known = ",".join(f"[{one}]" if ":" in one else one for one in at)
    return ["-c", f"http.curloptResolve={address.host}:{port}:{known}"]


_PORTS = {Protocol.HTTPS: 443, Protocol.HTTP: 80}
_NOWHERE = "https://plain-http.invalid/"
_ANYHOW = ("".join(letters) for letters in product("Hh", "Tt", "Tt", "Pp"))
_WITHOUT_PLAIN_HTTP = (
    "-c", "lfs.transfer.enablehrefrewrite=true",
    *(word for http in _ANYHOW for word in ("-c", f"url.{_NOWHERE}.insteadOf={http}://")),
)  # fmt: skip
"""A server of large files says where each is, and git-lfs asks there with headers of the server's
choice: services of the inside, which speak plain HTTP, are not to be asked (git-lfs-config(5))."""


def _lfs_url(address: Address) -> str:
    """Return where large files are kept (git-lfs/docs/api/server-discovery.md).

    It is named so that no ``.lfsconfig`` of a repository leads elsewhere.
    """
    if not address.user:
        path = address.path if address.path.endswith(".git") else f"{address.path}.git"
        return f"{address.origin}{path}/info/lfs"
    return str(address)
