r"""The log of a run: what its processes print, in the order in which it came, with times.

Each record is a line ``<milliseconds since 1970>\t<process>\t<stream>\t<text>\n``. The stream is
``o`` for standard output, ``e`` for standard error and ``t`` for TwinHub itself; as a capital
letter it says that the line goes on in the next record of that stream, because it is long or not at
its end yet.

A place in the log is the number of bytes before it. The log lies in segments, files that are named
by the place where they begin; of a long log the first and the last ones are kept, so a gap between
them says how much is left out.
"""

from __future__ import annotations

import os
import time

from twinhub_agent.bare import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_agent.masking import Hidden

LONGEST = 16 * 1024
"""Bytes of text in one record."""
_NAME_DIGITS = 16
_QUIET_SECONDS = 0.2


class Log:
    """The segments of a log, to be added to by one process at a time."""

    def __init__(self, folder: str, *, segment: int, head: int, tail: int) -> None:
        """Go on with the log in a folder.

        ``segment`` is the size in bytes from which on a new segment is begun; ``head`` and ``tail``
        say how many are kept at the beginning and at the end.
        """
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._folder, self._segment, self._head, self._tail = folder, segment, head, tail
        self._starts = sorted(int(name) for name in os.listdir(folder) if name.isdigit())
        if not self._starts:
            self._starts.append(0)
        self._file = self._open(self._starts[-1])
        self._size = os.fstat(self._file).st_size
        self.hidden: Hidden | None = None
        """What streams that are begun from now on do not show."""

    def write(self, records: bytes) -> None:
        """Add whole records; what the disk has no room for is lost."""
        if self._size >= self._segment:
            self._begin_segment()
        try:
            while records:
                written = os.write(self._file, records)
                self._size += written
                records = records[written:]
        except OSError:
            self._end_line()

    def close(self) -> None:
        """Have all of it on the disk that there is room for."""
        with suppress(OSError):
            os.fdatasync(self._file)
        os.close(self._file)

    def _begin_segment(self) -> None:
        start = self._starts[-1] + self._size
        try:
            new = self._open(start, os.O_EXCL)
        except OSError:
            return  # a full disk, or something in its place: the last one grows meanwhile
        os.close(self._file)
        self._starts.append(start)
        self._file, self._size = new, 0
        while len(self._starts) > self._head + self._tail:
            os.unlink(self._path(self._starts.pop(self._head)))

    def _end_line(self) -> None:
        """Take away the part of a record that had room, so that the next one is whole again."""
        most = min(self._size, LONGEST + 1024)
        after = os.pread(self._file, most, self._size - most).rpartition(b"\n")[2]
        self._size -= len(after)
        os.ftruncate(self._file, self._size)

    def _open(self, start: int, how: int = 0) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | how
        return os.open(self._path(start), flags, 0o600)

    def _path(self, start: int) -> str:
        return f"{self._folder}/{start:0{_NAME_DIGITS}}"


class Stream:
    """What comes out of one end of a process, cut into records."""

    def __init__(self, log: Log, process: str, letter: str, see: Callable[[bytes], None]) -> None:
        """Write to a log; ``see`` is called with each line that begins with ``@twin`` ."""
        self._log, self._see = log, see
        self._name, self._letter = process.encode(), letter.encode()
        self._masker = log.hidden and log.hidden.new_masker()
        self._rest = b""
        self._is_within = False
        self._fed_at = 0.0
        self.watch: Callable[[bytes], bool] | None = None
        """Is shown each line until it returns true."""

    def feed(self, chunk: bytes) -> None:
        """Take what has come."""
        self._fed_at = time.monotonic()
        self._take(self._masker.feed(chunk) if self._masker else chunk)

    def flush(self) -> None:
        """Write what came a while ago of a line that is not at its end: it may be a question."""
        if self._rest and time.monotonic() - self._fed_at > _QUIET_SECONDS:
            self._write_part(self._rest)
            self._rest = b""

    def end(self) -> None:
        """End the last line, after which nothing comes any more."""
        if self._masker:
            self._take(self._masker.end())
        if self._rest or self._is_within:
            self._take(b"\n")

    def _take(self, chunk: bytes) -> None:
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        if lines:
            self._write_lines(lines)
        while len(self._rest) > LONGEST:
            self._write_part(self._rest[:LONGEST])
            self._rest = self._rest[LONGEST:]

    def _write_lines(self, lines: list[bytes]) -> None:
        if not self._is_within and max(map(len, lines)) <= LONGEST:
            start = self._start(self._letter)
            self._log.write(start + (b"\n" + start).join(lines) + b"\n")
        else:
            for line in lines:
                self._write_line(line)
        self._show(lines)

    def _write_line(self, line: bytes) -> None:
        while len(line) > LONGEST:
            self._write_part(line[:LONGEST])
            line = line[LONGEST:]
        self._log.write(self._start(self._letter) + line + b"\n")
        self._is_within = False

    def _write_part(self, part: bytes) -> None:
        self._log.write(self._start(self._letter.upper()) + part + b"\n")
        self._is_within = True

    def _start(self, letter: bytes) -> bytes:
        now = time.time_ns() // 1_000_000
        return b"%d\t%s\t%s\t" % (now, self._name, letter)

    def _show(self, lines: list[bytes]) -> None:
        for line in lines:
            if self.watch and self.watch(line):
                self.watch = None
            if line.startswith(b"@twin "):
                self._see(line)
