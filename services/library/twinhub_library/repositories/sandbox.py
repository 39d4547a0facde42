"""Walls around git: what it sees is a git directory and a work folder, and nothing besides.

git runs as the library's own user, or, where that is root, as one without rights; with limits on
time, memory, processor and the size of files; with the network for the transports alone; with an
environment made from nothing. bubblewrap builds the walls (bwrap(1)). What is secret comes as files
in the memory of the sandbox, never as an argument or a variable.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from twinhub_library.repositories.errors import GitUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_log = logging.getLogger(__name__)

GIT_DIR, WORK, SECRETS = "/git", "/work", "/run/twinhub"
CA_FILE = "/etc/twinhub-ca.pem"
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a fresh folder in it
NOBODY = 65534
_PROBE_SECONDS = 20
_HOST_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_HOST_FILES = (
    "alternatives", "gai.conf", "host.conf", "hosts", "ld.so.cache", "localtime", "nsswitch.conf",
    "protocols", "resolv.conf", "services", "ssl/certs", "ssl/openssl.cnf",
)  # fmt: skip
_DROP = ("setpriv", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")


@dataclass(frozen=True)
class Limits:
    """How much one run of git may use."""

    seconds: float = 3600
    cpu_seconds: int = 1800
    memory_bytes: int = 8 << 30
    """Of address space; git maps its packs."""
    file_bytes: int = 10 << 30
    """Of any file that it writes, so of what one fetch brings."""

    def command(self) -> list[str]:
        """Return what starts a program with them (prlimit(1)); a file too large is an error."""
        return [
            "env", "--ignore-signal=XFSZ", "prlimit", "--core=0", "--nofile=1024",
            f"--cpu={self.cpu_seconds}", f"--as={self.memory_bytes}",
            f"--fsize={self.file_bytes}", "--",
        ]  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One run of git."""

    command: Sequence[str]
    git_dir: Path
    work: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Files in the folder `SECRETS`; those whose name ends in ``.sh`` are programs."""
    has_network: bool = False
    limits: Limits = field(default_factory=Limits)
    ca_file: Path | None = None


class Sandbox(Protocol):
    """A way to run git that keeps it in."""

    @property
    def uid(self) -> int:
        """Who git runs as, on the host."""

    def prepared(
        self, job: Job
    ) -> contextlib.AbstractContextManager[tuple[list[str], tuple[int, ...]]]:
        """Give the command for a job, and the descriptors that it inherits.

        The block lasts as long as the job does.
        """


@dataclass(frozen=True)
class Bubblewrap:
    """Walls by bubblewrap."""

    uid: int

    @contextlib.contextmanager
    def prepared(self, job: Job) -> Iterator[tuple[list[str], tuple[int, ...]]]:
        """Give the command for a job; its secrets live in anonymous memory."""
        files = {
            "passwd": f"git:x:{self.uid}:{self.uid}:git:{WORK}:/bin/false\n".encode(),
            "group": f"git:x:{self.uid}:\n".encode(),
        }
        with contextlib.ExitStack() as opened:
            words, descriptors = [], []
            shown = {f"/etc/{name}": content for name, content in files.items()}
            shown |= {f"{SECRETS}/{name}": content for name, content in job.secrets.items()}
            for path, content in shown.items():
                descriptor = _in_memory(content)
                opened.callback(os.close, descriptor)
                descriptors.append(descriptor)
                words += ["--perms", self._mode(path), "--file", str(descriptor), path]
            yield self._command(job, words), tuple(descriptors)

    def _mode(self, path: str) -> str:
        """Return the permissions of a made file; root's are read by git's own user."""
        is_public = os.geteuid() != self.uid or not path.startswith(SECRETS)
        return ("0555" if is_public else "0700") if path.endswith(".sh") else (
            "0444" if is_public else "0600"
        )  # fmt: skip

    def _command(self, job: Job, files: list[str]) -> list[str]:
        environment = [
            word for name, value in job.environment.items() for word in ("--setenv", name, value)
        ]
        ca = ["--ro-bind", str(job.ca_file), CA_FILE] if job.ca_file else []
        return [
            *job.limits.command(),
            "bwrap", "--die-with-parent", "--new-session", *self._namespaces(),
            *([] if job.has_network else ["--unshare-net"]),
            *(word for folder in ("/etc", "/etc/ssl", "/run") for word in ("--dir", folder)),
            "--ro-bind", "/usr", "/usr", *_system(), *ca,
            "--perms", "1777", "--tmpfs", "/tmp",  # noqa: S108 - the sandbox's own
            "--dev", "/dev", "--proc", "/proc", "--perms", "0755", "--dir", SECRETS,
            "--bind", str(job.git_dir), GIT_DIR, "--bind", str(job.work), WORK, *files,
            "--remount-ro", "/", "--clearenv", *environment, "--chdir", WORK, "--",
            *self._as_user(), *job.command,
        ]  # fmt: skip

    def _namespaces(self) -> list[str]:
        own = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        own += ["--hostname", "git"]
        if os.geteuid() == 0:
            # what `setpriv` needs to become the user; it gives up these too
            caps = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
            return [*own, "--cap-drop", "ALL", *(w for cap in caps for w in ("--cap-add", cap))]
        identity = ["--uid", str(self.uid), "--gid", str(self.uid)]
        return [*own, "--unshare-user", "--disable-userns", *identity]

    def _as_user(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        return [*_DROP, f"--reuid={self.uid}", f"--regid={self.uid}", "--"]


@dataclass(frozen=True)
class LimitedUser:
    """Limits and an environment made from nothing, as the library's own user who is not root.

    For where bubblewrap cannot be had, such as in a container that may make no namespaces: git sees
    what the library sees there, and the network.
    """

    uid: int

    @contextlib.contextmanager
    def prepared(self, job: Job) -> Iterator[tuple[list[str], tuple[int, ...]]]:
        """Give the command for a job; its secrets are files of mode 0600 until the block ends."""
        places = {GIT_DIR: str(job.git_dir), WORK: str(job.work)}
        with tempfile.TemporaryDirectory(prefix="twinhub-git-", dir=_MEMORY) as folder:

            def shown(word: str) -> str:
                word = word.replace(CA_FILE, str(job.ca_file)).replace(SECRETS, folder)
                return places.get(word, word)

            for name, content in job.secrets.items():
                path = Path(folder, name)
                path.touch(0o700 if name.endswith(".sh") else 0o600, exist_ok=False)
                path.write_bytes(content.replace(SECRETS.encode(), folder.encode()))
            variables = [f"{name}={shown(value)}" for name, value in job.environment.items()]
            ended = ["setpriv", "--pdeathsig", "KILL", "--no-new-privs", "--"]
            clean = ["env", "-i", f"--chdir={job.work}", *variables, f"HOME={folder}"]
            command = [shown(word) for word in job.command]
            yield [*job.limits.command(), *ended, *clean, *command], ()


def _system() -> Iterator[str]:
    for name in _HOST_LINKS:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)
    for name in _HOST_FILES:
        if Path("/etc", name).exists():
            yield from ("--ro-bind", f"/etc/{name}", f"/etc/{name}")


def _in_memory(content: bytes) -> int:
    descriptor = os.memfd_create("twinhub", 0)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def open_sandbox(root_uid: int) -> Sandbox:
    """Return the walls of this machine; ``root_uid`` is whom git runs as where we are root.

    Raises:
        GitUnavailableError: git or bubblewrap is missing, or the kernel lets us build no walls.
    """
    uid = os.geteuid() or root_uid or NOBODY
    if missing := _missing("git", "prlimit", "setpriv"):
        raise GitUnavailableError(
            f"Syncing needs {missing}: an administrator installs it (apt-get install {missing})."
        )
    if _can_build_walls(uid):
        return Bubblewrap(uid)
    if os.geteuid() == 0:
        raise GitUnavailableError(
            "Syncing needs bubblewrap where the library runs as root: an administrator installs it "
            "(apt-get install bubblewrap)."
        )
    return LimitedUser(uid)


def _missing(*names: str) -> str:
    return next((name for name in names if not shutil.which(name)), "")


@cache
def _can_build_walls(uid: int) -> bool:
    """Return whether bubblewrap is there and the kernel lets it make namespaces."""
    if _missing("bwrap"):
        return False
    with Bubblewrap(uid).prepared(Job(["git", "--version"], Path("/usr"), Path("/usr"))) as made:
        command, descriptors = made
        done = subprocess.run(
            command, pass_fds=descriptors, capture_output=True, timeout=_PROBE_SECONDS, check=False
        )
    if done.returncode != 0:
        _log.warning("git runs without bubblewrap: it can build no walls here")
    return done.returncode == 0
