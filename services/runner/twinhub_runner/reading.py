"""Reading what describes a twin from its open folder: nothing outside of it is ever read.

Whoever owns the folder may change it meanwhile, so a description is read through a descriptor.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import DEFAULT_LIMITS
from twinhub_dtconfig.loading import FILE_NAME, TwinError, parse_twin
from twinhub_kit.files.beneath import open_beneath
from twinhub_kit.files.errors import RefusedFileError
from twinhub_kit.files.kernel import translated

from twinhub_runner.errors import BadTwinError

if TYPE_CHECKING:
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_kit.files.paths import RelativePath

READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class Description:
    """What a twin says of itself."""

    twin: Twin
    text: str
    """Its ``twin.yaml``, or the one that says what its folder looks like."""
    is_written: bool
    """Whether it has a ``twin.yaml``."""


def read_description(folder: int, path: RelativePath) -> Description:
    """Return what an open folder says of the twin in it; ``path`` is for messages.

    Raises:
        BadTwinError: the description cannot be used.
        FileError: it cannot be read, or is a link that leads out of the folder.
    """
    try:
        os.stat(FILE_NAME, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        # imported here, since most twins are described and need none of it
        from twinhub_runner.inferring import infer  # noqa: PLC0415

        twin, text = infer(folder, path)
        return Description(twin, text, is_written=False)
    content = _read(folder, path / FILE_NAME)
    twin = parse_description(content, str(path / FILE_NAME))
    return Description(twin, content.decode("utf-8"), is_written=True)


def parse_description(content: bytes, file: str) -> Twin:
    """Return the twin in a description, which messages call by a name.

    Raises:
        BadTwinError: it cannot be used.
    """
    try:
        return parse_twin(content, file).twin
    except TwinError as error:
        raise BadTwinError(str(error)) from error


def _read(folder: int, path: RelativePath) -> bytes:
    with translated(path):
        descriptor = open_beneath(folder, path.name, READ)
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise RefusedFileError(f"{path} is no file with content: write the twin into one.")
        return file.read(DEFAULT_LIMITS.size_bytes + 1)
