"""Reading what describes a twin from its open folder: nothing outside of it is ever read.

Whoever owns the folder may change it meanwhile. So a description is read through a descriptor, and
where there is none, what a twin is inferred from is first copied to where nobody else writes.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import DEFAULT_LIMITS
from twinhub_dtconfig.inference.reading import ReadingLimits
from twinhub_dtconfig.loading import FILE_NAME, TwinError, parse_twin
from twinhub_kit.files.beneath import open_beneath
from twinhub_kit.files.errors import RefusedFileError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.walking import walk

from twinhub_runner.errors import BadTwinError

if TYPE_CHECKING:
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_kit.files.paths import RelativePath
    from twinhub_kit.files.walking import Found

READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
_LIMITS = ReadingLimits()
_MOST_COPIED = 16 << 20


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
        return _infer(folder, path)
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


def _infer(folder: int, path: RelativePath) -> Description:
    # imported here, since most twins are described and need none of it
    from twinhub_dtconfig.inference import infer_twin  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="twinhub-twin-") as made:
        copy = Path(made).joinpath(*path.names)
        copy.mkdir(parents=True)
        _copy_what_is_read(folder, copy)
        try:
            inferred = infer_twin(copy)
        except TwinError as error:
            raise BadTwinError(str(error).replace(f"{made}/", "")) from error
    return Description(inferred.twin, inferred.text, is_written=False)


def _copy_what_is_read(folder: int, copy: Path) -> None:
    left = _MOST_COPIED
    for found in islice(walk(folder, _is_looked_into), _LIMITS.entries + 1):
        target = copy / found.path
        if found.is_folder:
            target.mkdir()
        elif stat.S_ISLNK(found.status.st_mode):
            _copy_link(found, target)
        elif (descriptor := found.open_file()) is not None:
            with open(descriptor, "rb", buffering=0) as file, target.open("wb") as new:  # noqa: PTH123
                if found.status.st_size <= min(_LIMITS.file_bytes, left):
                    left -= new.write(file.read(_LIMITS.file_bytes + 1))
                else:
                    new.truncate(found.status.st_size)  # that it is there is all that counts


def _copy_link(found: Found, target: Path) -> None:
    try:
        goal = os.readlink(found.names[-1], dir_fd=found.folder)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EINVAL}:
            return  # gone, or no link any more
        raise
    target.symlink_to(goal)


def _is_looked_into(found: Found) -> bool:
    return len(found.names) <= _LIMITS.depth and not found.names[-1].startswith(".")
