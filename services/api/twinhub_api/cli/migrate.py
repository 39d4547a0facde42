"""``twin migrate``: a ``twin.yaml`` in the newest format, with its comments."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import DEFAULT_LIMITS, DocumentError
from twinhub_dtconfig.files import FileRefusedError, read_regular_file
from twinhub_dtconfig.loading import FILE_NAME
from twinhub_dtconfig.migrations import MIGRATIONS, migrate_text

from twinhub_api.cli.command import FAULTY, GOOD, CommandError, FaultyTwinError
from twinhub_api.cli.reporting import render_fault
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.cli.twins import existing

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from twinhub_dtconfig.migrations import Migration


def run(arguments: argparse.Namespace, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring a file to the newest format, or say with ``--check`` whether that would change it."""
    file = _file(arguments.path)
    try:
        content = read_regular_file(file, DEFAULT_LIMITS.size_bytes).content
        text = content.decode("utf-8")
    except (FileRefusedError, UnicodeDecodeError) as error:
        raise CommandError(f"{safe(str(file))} cannot be read: {error}") from error
    try:
        migrated = migrate_text(text, file=str(file), migrations=migrations)
    except DocumentError as error:
        faults = (render_fault(f, error.line_of(f.line), terminal_of()) for f in error.faults)
        raise FaultyTwinError("\n".join(faults)) from error
    if not migrated.done:
        print(f"{safe(str(file))} has the newest format, {migrated.after}")
        return GOOD
    print("\n".join(migrated.done))
    if arguments.check:
        print(f"{safe(str(file))} is not changed; run the command without --check")
        return FAULTY
    _replace(file.resolve(), migrated.text.encode())
    print(f"{safe(str(file))} has the newest format, {migrated.after}; see: twin validate")
    return GOOD


def _file(path: str) -> Path:
    place = existing(path)
    if not place.is_dir():
        return place
    if not (place / FILE_NAME).is_file():
        raise CommandError(f"{safe(path)} has no {FILE_NAME}; `twin init` writes one")
    return place / FILE_NAME


def _replace(file: Path, content: bytes) -> None:
    """Write a file so that it is the old one or the new one, whatever happens; its mode stays."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        aside.chmod(file.stat().st_mode & 0o7777)
        aside.replace(file)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
