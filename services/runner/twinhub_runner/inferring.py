"""What the folder of a twin without a description looks like.

Whoever owns the folder may change it meanwhile, so what is looked at is first copied to where
nobody else writes.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.inference import infer_twin
from twinhub_dtconfig.inference.reading import ReadingLimits
from twinhub_dtconfig.loading import TwinError
from twinhub_kit.files.walking import walk

from twinhub_runner.errors import BadTwinError

if TYPE_CHECKING:
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_kit.files.paths import RelativePath
    from twinhub_kit.files.walking import Found

_LIMITS = ReadingLimits()
_MOST_COPIED = 16 << 20


def infer(folder: int, path: RelativePath) -> tuple[Twin, str]:
    """Return the twin that an open folder looks like, and the ``twin.yaml`` that says so.

    Raises:
        BadTwinError: it looks like none.
        FileError: it cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="twinhub-twin-") as made:
        copy = Path(made).joinpath(*path.names)
        copy.mkdir(parents=True)
        _copy_what_is_read(folder, copy)
        try:
            inferred = infer_twin(copy)
        except TwinError as error:
            raise BadTwinError(str(error).replace(f"{made}/", "")) from error
    return inferred.twin, inferred.text


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
