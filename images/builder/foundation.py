"""The image that all others stand on: there already, pulled, or made with debootstrap."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from images.builder.errors import EngineError, FoundationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from images.builder.engine import Engine

SUITE = "bookworm"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_PACKAGES = ("debootstrap", "debian-archive-keyring")
_SHOWN_LINES = 10

# What a minimal system has that no image needs; directories stay, packages expect them.
_EMPTIED = (
    "run", "tmp", "usr/share/info", "usr/share/lintian", "usr/share/locale", "usr/share/man",
    "var/cache/apt", "var/lib/apt/lists", "var/log",
)  # fmt: skip
_REMOVED = ("etc/apt/sources.list", "etc/hostname", "etc/resolv.conf")
_SOURCES = """\
Types: deb
URIs: {mirror}
Suites: {suite} {suite}-updates
Components: main
Signed-By: {keyring}

Types: deb
URIs: {mirror}-security
Suites: {suite}-security
Components: main
Signed-By: {keyring}
"""
_BACKUPS = ("var/lib/dpkg", "var/cache/debconf")
_NOT_PACKED = ("./dev/*", "./proc/*", "./sys/*")


def ensure_foundation(engine: Engine, tag: str, *, overlay: Path, seconds: float) -> str:
    """Make sure that the image is there, and return in words how it came.

    Raises:
        FoundationError: it can neither be pulled within the time nor made; the text has the remedy.
    """
    if engine.find_id(tag):
        return "present"
    try:
        engine.pull(tag, seconds=seconds)
    except EngineError as error:
        not_pulled = str(error)
    else:
        return "pulled"
    try:
        _make_foundation(engine, tag, overlay)
    except FoundationError as error:
        raise FoundationError(
            f"the image {tag} can neither be pulled ({not_pulled}) nor made here: {error}\n"
            "Where another machine has it, `docker save` and `docker load` bring it here"
        ) from error
    return "made by debootstrap"


def clean_rootfs(root: Path, overlay: Path) -> None:
    """Take out of a root file system what no image needs, and lay our settings of apt over it.

    Packages come from the mirror that debootstrap used, security updates from the one beside it.

    Raises:
        FoundationError: debootstrap named no mirror.
    """
    mirror = _mirror_of(root)
    for folder in _EMPTIED:
        _remove_files(root / folder)
    _remove_files(root / "usr/share/doc", spare="copyright")
    for folder in _BACKUPS:
        for path in (root / folder).glob("*-old"):
            path.unlink()
    for file in _REMOVED:
        (root / file).unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("")
    shutil.copytree(overlay, root, dirs_exist_ok=True)
    sources = root / "etc/apt/sources.list.d/debian.sources"
    sources.parent.mkdir(parents=True, exist_ok=True)
    sources.write_text(_SOURCES.format(mirror=mirror, suite=SUITE, keyring=_KEYRING))


def _mirror_of(root: Path) -> str:
    lines = (root / "etc/apt/sources.list").read_text().splitlines()
    for line in lines:
        words = line.split()
        if words[:1] == ["deb"] and words[2:3] == [SUITE]:
            return words[1].rstrip("/")
    raise FoundationError("debootstrap left no line `deb MIRROR bookworm` in etc/apt/sources.list")


def _make_foundation(engine: Engine, tag: str, overlay: Path) -> None:
    if os.geteuid() != 0:
        _make_as_root()
        return
    _ensure_debootstrap()
    # Not /tmp: where that is mounted `nodev`, debootstrap refuses it.
    with tempfile.TemporaryDirectory(prefix="twinhub-", dir="/var/tmp") as folder:
        root = Path(folder) / "rootfs"
        _run(
            "debootstrap", "--variant=minbase", "--force-check-gpg", f"--keyring={_KEYRING}",
            SUITE, str(root),  # from its own mirror, over plain http: it checks signatures
        )  # fmt: skip
        clean_rootfs(root, overlay)
        _import(engine, root, tag)


def _import(engine: Engine, root: Path, tag: str) -> None:
    excluded = (f"--exclude={pattern}" for pattern in _NOT_PACKED)
    command = ["tar", "--create", "--numeric-owner", "--directory", str(root), *excluded, "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tar:
        if tar.stdout is not None:
            engine.import_rootfs(tar.stdout, tag)
    if tar.returncode != 0:
        raise FoundationError(f"packing the new root file system failed with {tar.returncode}")


def _make_as_root() -> None:
    script = Path(__file__).resolve().parents[1] / "build.py"
    command = [sys.executable, str(script), "foundation"]
    if not _may_become_root():
        raise FoundationError(f"debootstrap takes root, once: run `sudo {' '.join(command)}`")
    _run("sudo", "-n", "--preserve-env=DOCKER_HOST", *command)


def _may_become_root() -> bool:
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def _ensure_debootstrap() -> None:
    if shutil.which("debootstrap") and _KEYRING.exists():
        return
    if not shutil.which("apt-get"):
        raise FoundationError(
            f"debootstrap and the keys of Debian are missing: install {' and '.join(_PACKAGES)}"
        )
    _run("apt-get", "update")
    _run("apt-get", "install", "--yes", "--no-install-recommends", *_PACKAGES)


def _run(*command: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise FoundationError(f"`{' '.join(command)}` failed:\n{_end(done.stdout.splitlines())}")


def _end(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for line in lines[-_SHOWN_LINES:])


def _remove_files(folder: Path, *, spare: str | None = None) -> None:
    for path in sorted(folder.rglob("*")):
        if (path.is_symlink() or not path.is_dir()) and path.name != spare:
            path.unlink()
