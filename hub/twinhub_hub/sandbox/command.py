"""The bubblewrap command of a workspace: what the sandbox shows, and nothing besides."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

PARTS = "/opt/twinhub"
HOME = "/home/twin"
WORKSPACE = "/workspace"

_FOLDERS = ("/etc", "/etc/ssl", "/home", "/opt", "/run", "/var")
_HOST_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_HOST_FILES = (
    "alternatives", "bash.bashrc", "bash_completion.d", "debian_version", "fonts", "gai.conf",
    "host.conf", "hosts", "inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias",
    "localtime", "magic", "mime.types", "nsswitch.conf", "os-release", "profile", "protocols",
    "resolv.conf", "services", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone",
)  # fmt: skip
"""What programs look up below ``/etc``; nothing in it is private on any Debian or Ubuntu."""

_PACKAGES = Path("/var/lib/dpkg/status")
"""Which Debian packages there are, for what stands in for ``apt-get`` in runs."""

_OUT_OF_MEMORY_FIRST = "500"
"""When the host runs out of memory the kernel ends the workspace, not the hub (0 of 1000)."""

_DROP_PRIVILEGES = (
    "/usr/bin/setpriv", "--clear-groups", "--no-new-privs", "--bounding-set=-all",
    "--inh-caps=-all",
)  # fmt: skip


@dataclass(frozen=True)
class Sandbox:
    """What one workspace is given."""

    edition: Path
    """Folder with ``opt``, the image's ``/opt/twinhub``, and ``etc``."""
    home: Path
    private: Path
    common: Path
    uid: int
    """Who the workspace runs as, and who owns what it writes."""
    shared_memory: int
    """Size of ``/dev/shm`` in bytes."""
    teams: Mapping[str, Path] = field(default_factory=dict)
    """Folders of the user's teams by their labels, which have their places in ``private``."""


def sandbox_command(
    sandbox: Sandbox, command: Sequence[str], *, operator_uid: int, info_fd: int | None = None
) -> list[str]:
    """Return the command that runs another in a sandbox, for an operator that is root or is not.

    The network is the host's. The process that the operator starts becomes bubblewrap; it takes its
    environment, which the sandbox inherits, so that no token appears in an argument.
    """
    return [
        _program("choom"), "--adjust", _OUT_OF_MEMORY_FIRST, "--",
        _program("prlimit"), "--core=0", "--",
        _program("bwrap"),
        *_namespaces(sandbox.uid, is_root=operator_uid == 0),
        # bubblewrap makes parents of mounts for root alone, unless they are named
        *(word for folder in _FOLDERS for word in ("--dir", folder)),
        *_system(),
        *_shown(_etc(sandbox.edition / "etc")),
        "--perms", "1777", "--tmpfs", "/tmp",  # noqa: S108 - the sandbox's own
        "--symlink", "/tmp", "/var/tmp",  # noqa: S108 - as above
        "--dev", "/dev",
        "--perms", "1777", "--size", str(sandbox.shared_memory), "--tmpfs", "/dev/shm",  # noqa: S108
        "--proc", "/proc",
        "--ro-bind", str(sandbox.edition / "opt"), PARTS,
        "--bind", str(sandbox.home), HOME,
        "--bind", str(sandbox.private), WORKSPACE,
        "--ro-bind", str(sandbox.common), f"{WORKSPACE}/common",
        *_teams(sandbox.teams),
        "--remount-ro", "/",
        "--chdir", "/",
        *([] if info_fd is None else ["--info-fd", str(info_fd)]),
        "--",
        *_as_user(sandbox.uid, is_root=operator_uid == 0),
        # as the user: nobody else, not even root without its capabilities, may enter the folder
        "/usr/bin/env", f"--chdir={WORKSPACE}", *command,
    ]  # fmt: skip


def _teams(teams: Mapping[str, Path]) -> Iterator[str]:
    for label, folder in sorted(teams.items()):
        yield from ("--bind", str(folder), f"{WORKSPACE}/teams/{label}")


def _program(name: str) -> str:
    """Return a program of the host; the sandbox's ``PATH`` does not count for it."""
    return shutil.which(name) or f"/usr/bin/{name}"


def _namespaces(uid: int, *, is_root: bool) -> list[str]:
    own = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    own += ["--hostname", "workspace", "--new-session"]
    if is_root:
        # what `setpriv` needs to become the user; it gives up these too
        caps = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
        return [*own, "--cap-drop", "ALL", *(w for cap in caps for w in ("--cap-add", cap))]
    return [*own, "--unshare-user", "--disable-userns", "--uid", str(uid), "--gid", str(uid)]


def _as_user(uid: int, *, is_root: bool) -> list[str]:
    """Return what becomes the user; in a user namespace the sandbox is the user from the start."""
    if not is_root:
        return []
    return [*_DROP_PRIVILEGES, f"--reuid={uid}", f"--regid={uid}", "--"]


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in _HOST_LINKS:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)


def system_mounts(edition: Path) -> Iterator[tuple[Path, str]]:
    """Yield what a run sees of the host and of an edition, as a workspace does: source and place.

    All of it is to be read-only, and comes in this order.
    """
    for name in ("/usr", *_HOST_LINKS):
        if Path(name).is_dir():
            yield Path(name), name
    yield from _etc(edition / "etc")
    if _PACKAGES.is_file():
        yield _PACKAGES, str(_PACKAGES)
    yield edition / "opt", PARTS


def _shown(mounts: Iterable[tuple[Path, str]]) -> Iterator[str]:
    for source, target in mounts:
        yield from ("--ro-bind", str(source), target)


def _etc(made: Path) -> Iterator[tuple[Path, str]]:
    """Show the host's public files, and in their place those that were made for the sandbox."""
    names = [*_HOST_FILES, *(path.name for path in sorted(Path("/etc").glob("python3.*")))]
    for name in names:
        if Path("/etc", name).exists() and not (made / name).exists():
            yield Path("/etc", name), f"/etc/{name}"
    for path in sorted(made.iterdir()):
        yield path, f"/etc/{path.name}"
