"""What goes into one build: files as a reproducible archive, and a digest of all inputs."""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from images.builder.errors import ContextError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

IGNORED = frozenset({".dockerignore", "README.md", "__pycache__"})
"""Names that never go into an image; they stand in each .dockerignore as well."""

_MADE = frozenset({"__pycache__", "node_modules", ".venv", "dist", "build"})
_LEFT = frozenset({".crt", ".fmu", ".pyc"})

_PINNED_HUB = re.compile(r"^jupyterhub==([^ ;\\]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a context."""

    content: bytes
    is_executable: bool = False


Context = dict[str, Entry]
"""Files by their path in the context."""


def collect_context(
    folder: Path,
    *,
    requirements: Iterable[Path],
    certificates: Iterable[Path],
    members: Iterable[Path] = (),
) -> Context:
    """Return the files of a folder, and others below a folder for each kind.

    Locks are under ``requirements/``, certificates in ``extra-ca/``, members of the checkout where
    they are in it, such as ``extensions/lab/``.

    Raises:
        ContextError: a file is missing, or a certificate file holds more than certificates.
    """
    if not (folder / "Dockerfile").is_file():
        raise ContextError(f"{folder} has no Dockerfile")
    context = {path.relative_to(folder).as_posix(): _read(path) for path in _files(folder)}
    context |= {f"requirements/{path.name}": _read(path) for path in requirements}
    for member in members:
        top = member.parent.parent
        context |= {p.relative_to(top).as_posix(): _read(p) for p in _files(member)}
    for path in certificates:
        context[f"extra-ca/{path.name}"] = Entry(_certificate(path))
    # The Dockerfile copies the folder, which therefore has to be there without certificates too.
    context.setdefault("extra-ca/.gitkeep", Entry(b""))
    return context


def collect_sources(checkout: Path, folders: Iterable[str]) -> Context:
    """Return folders of a checkout below ``sources/``, as git has them, without certificates.

    Raises:
        ContextError: a folder is missing, as in an installed TwinHub.
    """
    context: Context = {}
    for folder in folders:
        if not (checkout / folder).is_dir():
            raise ContextError(f"{checkout / folder} is missing: build this image in a checkout")
        for path in (checkout / folder).rglob("*"):
            name = path.relative_to(checkout)
            if path.is_file() and not _MADE.intersection(name.parts) and name.suffix not in _LEFT:
                context[f"sources/{name.as_posix()}"] = _read(path)
    return context


def find_certificates(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Return the ``*.crt`` files of folders that may be absent; of equal names the first counts."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.crt")):
            found.setdefault(path.name, path)
    return tuple(found.values())


def pack(context: Context) -> bytes:
    """Return the context as a tar archive; equal contexts give equal bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(context):
            entry = context[name]
            member = tarfile.TarInfo(name)
            member.size = len(entry.content)
            member.mode = 0o755 if entry.is_executable else 0o644
            archive.addfile(member, io.BytesIO(entry.content))
    return buffer.getvalue()


def pinned_jupyterhub(locks: Sequence[Path]) -> str | None:
    """Return the version of JupyterHub that the locks install, if they install one."""
    for lock in locks:
        if match := _PINNED_HUB.search(_read(lock).content.decode()):
            return match.group(1)
    return None


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        # Certificates are added one by one, after a look at what they are.
        if path.is_file() and parts[0] != "extra-ca" and not IGNORED.intersection(parts):
            yield path


def _read(path: Path) -> Entry:
    try:
        return Entry(path.read_bytes(), is_executable=bool(path.stat().st_mode & 0o100))
    except OSError as error:
        raise ContextError(f"{path} is needed for the build: {error.strerror}") from error


def _certificate(path: Path) -> bytes:
    content = _read(path).content
    if b"PRIVATE KEY-----" in content:
        raise ContextError(
            f"{path} holds a private key, which must not go into an image: remove it"
        )
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise ContextError(f"{path} holds no certificate in PEM form: convert or remove it")
    return content
