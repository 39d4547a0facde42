"""No more memory than a sandbox has: where no control group sees to that, its first process does.

What is used is the proportional share that each process has of memory that is in no file of a disk,
``Pss_Anon`` and ``Pss_Shmem`` in ``smaps_rollup`` of proc(5), its page tables, and what is in file
systems that are in memory, tmpfs(5). Files there that are mapped count once. As when a control
group has none left, the process that uses the most is killed; others as well if need be.
"""

from __future__ import annotations

import os
import time

from twinhub_agent.bare import call, signal, suppress
from twinhub_agent.journal import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

NOTE = "out-of-memory.json"
"""File that tells of a process that was killed, with the limit in bytes."""
_IN_MEMORY = frozenset({"/tmp", "/dev/shm"})  # noqa: S108 - those of the sandbox
"""Where files are in memory, if a sandbox has them of its own."""
_SECONDS = 0.25
_MOST_SHARE = 0.05
"""Of a core that looking may take."""
_KILO = 1024
_KCMP, _KCMP_VM = {"x86_64": 312, "aarch64": 272}, 1
"""The number of kcmp(2) in machines, and what it is to compare."""


class Memory:
    """What all processes of a sandbox use together."""

    def __init__(self, most: int, outside: str, say: Callable[[str], None]) -> None:
        """Take how many bytes may be used, and by whom it is said what was killed."""
        self._most, self._note, self._say = most, f"{outside}/{NOTE}", say
        self._in_memory = _find_in_memory()
        self._next = 0.0

    def look(self) -> None:
        """Kill those that use the most, where all use more than they may, until it is enough."""
        if time.monotonic() < self._next:
            return
        begun = time.thread_time()  # others may have the cores meanwhile
        held = sum(map(_held, self._in_memory))
        own, shared = _sums(map(_most_of, _list()))
        if own + max(shared, held) > self._most:
            self._look_closely(held)
        pause = max(_SECONDS, (time.thread_time() - begun) / _MOST_SHARE)
        self._next = time.monotonic() + pause

    def _look_closely(self, held: int) -> None:
        used = {one: _share_of(one) for one in _list() if not _is_within_parent(one)}
        own, shared = _sums(used.values())
        largest = sorted(used, key=lambda one: sum(used[one]))
        while largest and own + max(shared, held) > self._most:
            worst = largest.pop()
            own, shared = own - used[worst][0], shared - used[worst][1]
            self._kill(worst, sum(used[worst]))
        if len(largest) < len(used):
            with suppress(OSError):  # a full disk: the log says it, or nobody does
                write_whole(self._note, {"most": self._most})

    def _kill(self, process: int, used: int) -> None:
        self._say(
            f"All processes together use more than the {self._most >> 20} MiB of memory that they"
            f" have: {_name_of(process)} is killed, which uses {used >> 20} MiB."
        )
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _list() -> Iterator[int]:
    """Yield all processes of the sandbox but this one, its first."""
    own = os.getpid()
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != own:
            yield int(name)


def _sums(used: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Return what all have of their own, and what they share, which are files in memory or not."""
    own = shared = 0
    for one in used:
        own, shared = own + one[0], shared + one[1]
    return own, shared


def _most_of(process: int) -> tuple[int, int]:
    """Return how much memory a process has, of its own and shared, with all that others have too.

    That is told at once, and is more than its part where it has forked others.
    """
    own, tables, shared = _read(process, "status", b"RssAnon:", b"VmPTE:", b"RssShmem:")
    return own + tables, shared


def _share_of(process: int) -> tuple[int, int]:
    """Return its part of that; all of it where a process lets nobody see its part (prctl(2))."""
    found = _read(process, "smaps_rollup", b"Pss_Anon:", b"Pss_Shmem:")
    if not any(found):
        return _most_of(process)
    (tables,) = _read(process, "status", b"VmPTE:")
    return found[0] + tables, found[1]


def _is_within_parent(process: int) -> bool:
    """Return whether a process has the memory of its parent itself, until it is a program.

    So it is after vfork(2) and posix_spawn(3); whoever starts many others would count twice.
    """
    if not _numbers(f"/proc/{process}/status", (b"VmPTE:",)):
        return False  # its first thread has ended, and has the memory of nobody
    with suppress(OSError, ImportError, KeyError):
        with open(f"/proc/{process}/stat", "rb") as file:
            parent = int(file.read().rpartition(b")")[2].split()[1])
        number = _KCMP[os.uname().machine]
        return call("syscall", number, process, parent, _KCMP_VM, 0, 0) == 0
    return False


def _read(process: int, file: str, *names: bytes) -> list[int]:
    """Return what is told of a process, or of a thread that goes on without its first one."""
    found = _numbers(f"/proc/{process}/{file}", names)
    if not found:
        with suppress(OSError):  # it has ended
            for thread in os.listdir(f"/proc/{process}/task"):
                found = found or _numbers(f"/proc/{process}/task/{thread}/{file}", names)
    return [found.get(one, 0) for one in names]


def _numbers(path: str, names: Iterable[bytes]) -> dict[bytes, int]:
    found = {}
    with suppress(OSError), open(path, "rb") as file:  # it may have ended
        for line in file:
            name, _, rest = line.partition(b"\t" if b"\t" in line else b" ")
            if name in names:
                found[name] = int(rest.split()[0]) * _KILO
    return found


def _find_in_memory() -> list[str]:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        found = [line.split() for line in file]
    newest = {one[4]: one for one in found if one[4] in _IN_MEMORY}  # what others are hidden by
    return [
        path for path, one in newest.items()
        if one[one.index("-") + 1] == "tmpfs" and "rw" in one[5].split(",")
    ]  # fmt: skip


def _held(folder: str) -> int:
    with suppress(OSError):
        found = os.statvfs(folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize
    return 0


def _name_of(process: int) -> str:
    with (
        suppress(OSError),
        open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file,
    ):
        return "".join(one if one.isprintable() else "?" for one in file.read().rstrip("\n"))
    return "a process"
