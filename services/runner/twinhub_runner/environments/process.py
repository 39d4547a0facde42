"""Environments without an engine: Python packages in a folder, Debian's as the machine has them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import select
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_runner.backends.base import BackendError, Limits, Mount
from twinhub_runner.environments.base import PLACE, NotMadeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from threading import Event

    from twinhub_runner.backends.process import ProcessBackend
    from twinhub_runner.environments.base import Wanted

_ADDRESS = re.compile(r"[0-9a-f]{64}")
_LIST = f"{PLACE}/python.txt"
_INSTALL = f"""\
set -eu
[ -s {_LIST} ] || exit 0
if [ -d /opt/twinhub/environment ]; then
    cp -R /opt/twinhub/environment/. {PLACE}/
else
    /usr/bin/python3 -m venv --system-site-packages {PLACE}
fi
exec {PLACE}/bin/python -m pip install --no-cache-dir --no-input --disable-pip-version-check \\
    --progress-bar=off --requirement {_LIST} "$@"
"""
_POLL_SECONDS, _CHUNK = 0.2, 1 << 16
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class ProcessEnvironments:
    """Makes folders that sandboxes of bubblewrap see at `PLACE`."""

    backend: ProcessBackend
    variables: Mapping[str, str] = field(default_factory=dict)
    """What an installation of packages has in its environment."""
    may_compile: bool = False
    seconds: float = 1800
    """How long it may take."""

    @property
    def _folder(self) -> Path:
        return self.backend.environments

    def base(self) -> str:
        """Return what stands for the programs that sandboxes see: where each comes from."""
        version = os.path.realpath("/usr/bin/python3")
        sources = sorted(f"{one.source}:{one.target}" for one in self.backend.system)
        return hashlib.sha256("\n".join([version, *sources]).encode()).hexdigest()

    def has(self, address: str) -> bool:
        """Return whether there is one."""
        return (self._folder / address).is_dir()

    def make(
        self, address: str, wanted: Wanted, say: Callable[[str], None], stopping: Event
    ) -> None:
        """Install packages in a sandbox that sees nothing of anybody.

        Raises:
            NotMadeError: the machine lacks a package, or the installation fails.
            BackendError: it cannot be begun now.
        """
        if missing := [one for one in wanted.system if not _is_installed(one)]:
            names = " ".join(missing)
            raise NotMadeError(
                f"this machine has no {', '.join(missing)}, and without an engine nothing is added:"
                f" whoever runs it can by `apt-get install {names}`"
            )
        new = self._folder / f"{address}.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        (new / "python.txt").write_text("".join(f"{one}\n" for one in wanted.python))
        options = [] if self.may_compile else ["--only-binary=:all:"]
        if any("--hash=" in one for one in wanted.python):
            options.append("--require-hashes")
        try:
            status = self._run(new, ["sh", "-c", _INSTALL, "install", *options], say, stopping)
            if status:
                raise NotMadeError(f"the installation ended with status {status}")
            new.rename(self._folder / address)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def list_made(self) -> frozenset[str]:
        """Return those that there are."""
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return frozenset(one.name for one in found if _ADDRESS.fullmatch(one.name))

    def remove(self, address: str) -> None:
        """Remove one: it is none any more before the first of its files goes."""
        old = self._folder / f"{address}.old"
        with contextlib.suppress(FileNotFoundError):
            (self._folder / address).rename(old)
        shutil.rmtree(old, ignore_errors=True)

    def _run(
        self, folder: Path, command: list[str], say: Callable[[str], None], stopping: Event
    ) -> int:
        words = self.backend.command_of(
            Limits(), (Mount(folder, PLACE, writable=True),), ["--die-with-parent"], command
        )
        own = {name: os.environ[name] for name in _PROXIES if name in os.environ}
        try:
            process = subprocess.Popen(
                words, env={**own, **self.variables}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, bufsize=0,
            )  # fmt: skip
        except OSError as error:
            raise BackendError(f"{words[0]}: {error.strerror}") from error
        with process:
            try:
                for line in _lines(process, time.monotonic() + self.seconds, stopping):
                    say(line)
                return process.wait()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _lines(process: subprocess.Popen[bytes], deadline: float, stopping: Event) -> Iterator[str]:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    rest = b""
    while True:
        if stopping.is_set():
            raise NotMadeError("nobody waits for it any more")
        if time.monotonic() > deadline:
            raise NotMadeError("it took too long")
        if not select.select([process.stdout], [], [], _POLL_SECONDS)[0]:
            continue
        chunk = os.read(process.stdout.fileno(), _CHUNK)
        *complete, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in complete)
        if not chunk:
            if rest:
                yield rest.decode("utf-8", "replace")
            return


def _is_installed(package: str) -> bool:
    """Return whether this machine has a Debian package, of a version if it names one."""
    name, _, version = package.partition("=")
    command = ["dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}=${Version}", "--", name]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return False
    status, _, has = found.stdout.partition("=")
    return status.strip() == "ii" and version in {"", has}
