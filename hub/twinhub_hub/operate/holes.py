"""Zeros that take no place on the disk."""

from __future__ import annotations

import os
from typing import IO

_ZEROS = bytes(2**12)


class HoleyFile:
    """Takes what is written to an empty file and leaves out zeros; whoever reads it finds them."""

    def __init__(self, file: IO[bytes]) -> None:
        """Write to a file that can be sought in."""
        self._file = file

    def write(self, data: bytes) -> int:
        """Write, or go on without, piece by piece."""
        if data.startswith(_ZEROS) or data.endswith(_ZEROS):
            for at in range(0, len(data), len(_ZEROS)):
                self._write_piece(data[at : at + len(_ZEROS)])
        else:
            self._file.write(data)
        return len(data)

    def finish(self) -> None:
        """Give the file its length, which holes at its end do not."""
        self._file.truncate()

    def _write_piece(self, piece: bytes) -> None:
        if _ZEROS.startswith(piece):
            self._file.seek(len(piece), os.SEEK_CUR)
        else:
            self._file.write(piece)
