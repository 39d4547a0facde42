"""Numbers that a twin prints: lines such as ``@twin progress=0.4 level=1.25``."""

from __future__ import annotations

import os
import time

MOST_BYTES = 32 << 20
_LONGEST = 4096
_MOST_IN_A_LINE = 64


class Metrics:
    r"""The numbers of a run: lines ``<milliseconds since 1970>\t<name>\t<value>``."""

    def __init__(self, path: str) -> None:
        """Go on with a file, or begin it; at `MOST_BYTES` no more is added."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size

    def see(self, line: bytes) -> None:
        """Take the numbers of a line; what is no ``name=number`` in it is left out."""
        now = time.time_ns() // 1_000_000
        records = b""
        for word in line[:_LONGEST].split()[1 : _MOST_IN_A_LINE + 1]:
            name, _, text = word.partition(b"=")
            try:
                value = float(text)
            except ValueError:
                continue
            if name.replace(b".", b"").replace(b"-", b"").replace(b"_", b"").isalnum():
                records += b"%d\t%s\t%s\n" % (now, name, repr(value).encode())
        if records and self._size < MOST_BYTES:
            try:
                self._size += os.write(self._file, records)
            except OSError:
                self._size = MOST_BYTES  # a full disk: what is in the log is still there
