"""A twin as a person names it: a folder or a file, with or without a ``twin.yaml``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.files import FileRefusedError, read_regular_file
from twinhub_dtconfig.formats import other_format
from twinhub_dtconfig.loading import TwinError
from twinhub_dtconfig.opening import open_twin

from twinhub_api.cli.command import CommandError, FaultyTwinError
from twinhub_api.cli.reporting import render_faults
from twinhub_api.cli.terminal import safe, terminal_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_dtconfig.documents import Document
    from twinhub_dtconfig.faults import Fault
    from twinhub_dtconfig.opening import OpenedTwin

_LARGEST_SHOWN = 2**20


def existing(path: str) -> Path:
    """Return the path of a file or folder that can be read.

    Raises:
        CommandError: it is neither, or may not be read.
    """
    place = Path(path)
    try:
        is_folder, is_file = place.is_dir(), place.is_file()
    except (OSError, ValueError) as error:
        raise CommandError(f"{safe(path)} cannot be read: {error}") from error
    if not is_folder and not is_file:
        raise CommandError(f"{safe(path)} is no file or folder; give a twin's folder or twin.yaml")
    if not os.access(place, os.R_OK | (os.X_OK if is_folder else 0)):
        raise CommandError(f"{safe(path)} may not be read by you; see its mode with: ls -ld")
    return place


def open_any(path: str) -> OpenedTwin:
    """Return a twin; of a file in another format, that is the one fault.

    Raises:
        CommandError: it cannot be read.
        TwinError: it has errors.
    """
    try:
        return open_twin(existing(path))
    except TwinError as error:
        fault = other_format(error.document) if error.document is not None else None
        if fault is None:
            raise
        raise TwinError([fault], error.document) from error


def open_sound(path: str) -> OpenedTwin:
    """Return a twin without errors.

    Raises:
        CommandError: it cannot be read.
        FaultyTwinError: it has errors, which the text of the error reports.
    """
    try:
        return open_any(path)
    except TwinError as error:
        report = render_faults(error.faults, lines_of(error.document), terminal_of(sys.stderr))
        raise FaultyTwinError(report) from error


def lines_of(document: Document | None, folder: Path | None = None) -> Callable[[Fault], str]:
    """Return what gives the line of a fault, in a document or in another file of a folder."""

    def line_of(fault: Fault) -> str:
        if document is not None and fault.file == document.file:
            return document.line_of(fault.line)
        if folder is None or not Path(fault.file).is_relative_to(folder):
            return ""
        return _line_in(Path(fault.file), fault.line)

    return line_of


def _line_in(file: Path, number: int) -> str:
    """Return a line of a file; no text where it cannot be read or has no such line."""
    try:
        text = read_regular_file(file, _LARGEST_SHOWN).content.decode("utf-8")
    except (FileRefusedError, UnicodeDecodeError):
        return ""
    lines = text.splitlines()
    return lines[number - 1] if 1 <= number <= len(lines) else ""
