"""A program that runs beside us: fed, listened to, within its time, ended when it is cancelled."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
import time
from typing import IO, TYPE_CHECKING, Protocol

from twinhub_library.repositories.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TAIL = 8 << 10
_CHUNK = 1 << 16
_LOOK_SECONDS = 0.2
_COUNTED = re.compile(r"([A-Z][\w ]+?): +\d+% \((\d+)/(\d+)\)")
_MOST_OUTPUT = 512 << 20


class Listener(Protocol):
    """What work tells of itself to; `twinhub_kit.operations.Progress` is one."""

    def say(self, text: str, done: int = 0, total: int | None = None) -> None:
        """Tell what is being done."""

    def check(self) -> None:
        """Return if the work is to go on; raise if it is to end."""


class Silent:
    """Listens to nothing, and never ends anything."""

    def say(self, text: str, done: int = 0, total: int | None = None) -> None:
        """Do nothing."""

    def check(self) -> None:
        """Return."""


class Run:
    """One process from its start to its end."""

    def __init__(self, process: subprocess.Popen[bytes], listener: Listener) -> None:
        """Take over a process whose three streams are pipes, standard input perhaps not."""
        self._process = process
        self._listener = listener
        self._said = bytearray()
        self._output = bytearray()
        self._error: BaseException | None = None

    def finish(self, feed: Iterable[bytes] = (), *, seconds: float) -> tuple[int, bytes, str]:
        """Feed it and wait for its end; return its status, its output and the end of what it said.

        Raises:
            TooLargeError: it took too long.
            BaseException: what the feed or the listener raises; the process has ended then.
        """
        threads = [
            threading.Thread(target=self._feed, args=(feed,), daemon=True),
            threading.Thread(target=self._listen, daemon=True),
            threading.Thread(target=self._collect, daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            self._wait(threads, time.monotonic() + seconds)
        finally:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
            for thread in threads:
                thread.join()
            self._close()
        if self._error:
            raise self._error
        return self._process.returncode, bytes(self._output), self._said.decode("utf-8", "replace")

    def _wait(self, threads: list[threading.Thread], deadline: float) -> None:
        """Wait until the streams have ended, which they do with the process."""
        for thread in threads:
            while thread.is_alive():
                thread.join(_LOOK_SECONDS)
                self._tell()
                if self._error:
                    return
                if time.monotonic() > deadline:
                    raise TooLargeError("git took longer than this installation allows.")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(deadline - time.monotonic(), 1))

    def _tell(self) -> None:
        self._listener.check()
        found = _COUNTED.findall(bytes(self._said[-400:]).decode("ascii", "replace"))
        if found:
            text, done, total = found[-1]
            self._listener.say(text, int(done), int(total))

    def _feed(self, feed: Iterable[bytes]) -> None:
        stream = self._process.stdin
        if stream is None:
            return
        try:
            for chunk in feed:
                stream.write(chunk)
            stream.flush()
        except BrokenPipeError:
            pass  # it has ended: its status says why
        except BaseException as error:  # noqa: BLE001 - raised again by `finish`
            self._error = error
        with contextlib.suppress(BrokenPipeError):
            stream.close()

    def _listen(self) -> None:
        for chunk in _chunks(self._process.stderr):
            self._said += chunk
            del self._said[:-_TAIL]

    def _collect(self) -> None:
        for chunk in _chunks(self._process.stdout):
            self._output += chunk
            if len(self._output) > _MOST_OUTPUT:
                self._error = TooLargeError("git has more to say than fits into memory.")
                return

    def _close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def _chunks(stream: IO[bytes] | None) -> Iterable[bytes]:
    read: Callable[[int], bytes] | None = getattr(stream, "read1", None)
    while read and (chunk := read(_CHUNK)):
        yield chunk
