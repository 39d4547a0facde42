"""The twin's own files, copied without what leads out of its folder."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_dtconfig.export.errors import ExportError
from twinhub_dtconfig.files import FileRefusedError, open_inside

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_SKIPPED = frozenset({"__pycache__", "node_modules", "venv"})
_MOST_FILES = 20_000
_MOST_BYTES = 4 * 2**30


@dataclass(slots=True)
class OwnFiles:
    """Files of a twin by their paths in its folder, and what is left out."""

    files: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def find_own_files(folder: Path, without: Collection[str]) -> OwnFiles:
    """Return the files of a twin that an export takes along: no hidden ones, no links out of it.

    Raises:
        ExportError: there are too many, or they are too large.
    """
    own = OwnFiles()
    real = f"{os.path.realpath(folder)}{os.sep}"
    size = 0
    for path in _walk(folder, ""):
        if path in without:
            continue
        target = os.path.realpath(folder / path)
        if not target.startswith(real) or not os.path.isfile(target):  # noqa: PTH113  # of a str
            own.skipped.append(path)
            continue
        own.files.append(path)
        size += os.path.getsize(target)  # noqa: PTH202  # of a str
        if len(own.files) > _MOST_FILES or size > _MOST_BYTES:
            what = f"the twin's folder has more than {_MOST_FILES:,} files or {_MOST_BYTES:,} bytes"
            raise ExportError(what, "move results and large data out of it")
    return own


def copy_file(folder: Path, path: str, target: Path) -> None:
    """Copy a file of a folder; one that begins with ``#!`` can be executed.

    Raises:
        ExportError: it cannot be read or written, or it has come to lead out of the folder.
    """
    source = folder / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(open_inside(folder, path), "rb") as stream, target.open("xb") as copy:
            is_program = stream.read(2) == b"#!"
            stream.seek(0)
            shutil.copyfileobj(stream, copy, 2**20)
            mode = os.fstat(stream.fileno()).st_mode
        target.chmod(0o755 if is_program else mode & 0o755 | 0o600)
    except FileRefusedError as error:
        raise ExportError(f"{source} {error}", "see to it") from error
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise ExportError(f"{source} cannot be copied: {reason.lower()}", "see to it") from error


def _walk(folder: Path, inside: str) -> Iterator[str]:
    try:
        entries = sorted((folder / inside).iterdir())
    except OSError as error:
        raise ExportError(f"{folder / inside} cannot be read", "see who may read it") from error
    for entry in entries:
        path = f"{inside}/{entry.name}" if inside else entry.name
        if entry.name.startswith(".") or entry.name in _SKIPPED:
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _walk(folder, path)
        else:
            yield path
